"""A Python that does not check mail headers is spoken of at the start."""

from email.policy import Policy

import pytest
from structlog.testing import capture_logs

from app.core.python import check_python


class TestCheckPython:
    def test_warns_of_one_that_writes_any_header(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr(Policy, "verify_generated_headers", raising=False)

        with capture_logs() as logs:
            check_python()

        assert [(one["event"], one["log_level"]) for one in logs] == [
            ("python.outdated", "warning")
        ]

    def test_is_silent_about_one_that_checks_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Policy, "verify_generated_headers", True, raising=False)

        with capture_logs() as logs:
            check_python()

        assert logs == []
