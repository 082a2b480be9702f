"""A mail with an attachment of about a megabyte, built here so that the repository stays small."""

import email.policy
import math
from email.message import EmailMessage
from typing import Final

_TEXT: Final = """\
Hello,

attached are the readings of all meters since January, as you asked. Meter 7
counts backwards at night; that is the one the complaint is about.

Best regards
Samir Okafor
Lakeside Housing
"""
_READINGS: Final = 36_000


def large_mail() -> bytes:
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"] = "Samir Okafor <samir@lakeside.example.org>"
    mail["To"] = "support@example.com"
    mail["Subject"] = "Meter readings since January"
    mail["Date"] = "Mon, 9 Mar 2026 08:44:00 +0000"
    mail["Message-ID"] = "<readings-2026-q1@lakeside.example.org>"
    mail.set_content(_TEXT)
    mail.add_attachment(
        _readings().encode(), maintype="text", subtype="csv", filename="readings.csv"
    )
    mail.set_boundary("=_readings")
    return mail.as_bytes()


def _readings() -> str:
    """A line per meter and quarter of an hour, always the same."""
    rows = ["meter;slot;kwh"]
    rows += [f"{n % 12 + 1:02d};{n // 12:06d};{_reading(n):013.4f}" for n in range(_READINGS)]
    return "\r\n".join(rows) + "\r\n"


def _reading(number: int) -> float:
    return 1000 + number / 12 * 0.25 + 3 * math.sin(number / 48)
