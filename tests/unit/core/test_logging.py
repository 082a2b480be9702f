"""What must never stand in a log."""

from app.core.logging import redact


class TestRedact:
    def test_blanks_fields_that_speak_of_secrets(self) -> None:
        event = redact(None, "info", {"imap_password": "x", "api_token": "y", "account": "z"})

        assert event == {
            "imap_password": "[redacted]",
            "api_token": "[redacted]",
            "account": "z",
        }

    def test_keeps_a_value_from_forging_a_line(self) -> None:
        event = redact(None, "info", {"subject": "a\nINFO all is well\x1b[2J"})

        assert event["subject"] == "a\\nINFO all is well\\x1b[2J"
