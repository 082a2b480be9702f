"""What comes back from a modal."""

import pytest

from app.slack.submitted import typed


class TestTyped:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [(None, ""), ("", ""), ("a\x00b", "ab"), ("\ud83da\udd25", "a"), ("Zoë 🔥\n", "Zoë 🔥\n")],
    )
    def test_is_what_a_database_takes(self, given: object, kept: str) -> None:
        assert typed(given) == kept
