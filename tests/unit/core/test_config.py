"""Settings that are refused before anything starts."""

import pytest
from pydantic import ValidationError

from app.core.config import Settings


class TestSettings:
    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("log_level", "CHATTY", "'CHATTY' is no level: write DEBUG, INFO, WARNING, ERROR"),
            ("retry_ladder", "60", "is no retry ladder"),
            ("port", "70000", "less than or equal to 65535"),
            ("poll_seconds", "1", "greater than or equal to 5"),
        ],
    )
    def test_that_cannot_be_used_are_refused(self, name: str, value: str, words: str) -> None:
        with pytest.raises(ValidationError, match=words):
            Settings(_env_file=None, **{name: value})  # type: ignore[arg-type]

    def test_takes_a_level_in_any_letter_case(self) -> None:
        assert Settings(_env_file=None, log_level="debug").log_level == "DEBUG"
