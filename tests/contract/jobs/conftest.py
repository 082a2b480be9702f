"""What the tests of a served account share."""

import pytest

from app.mailbox.hearing import Hearing


@pytest.fixture
def nothing_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """No NOTIFY: Dovecot tells of a folder, too, when it has just been looked at first."""
    monkeypatch.setattr(Hearing, "is_to_ask", lambda *_: False)
