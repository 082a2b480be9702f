"""Writes mails out of hostile words and counts the header fields that come out.

Runs by itself, on the standard library alone: `test_other_pythons.py` hands it to whatever Python
stands on the machine, because what the library lets through differs from release to release.
"""

import email
import email.policy
import platform
import sys
from datetime import UTC, datetime

from app.core.errors import InvalidInput
from app.mail.address import Address
from app.mail.compose import File, NewMail, compose

BREAKS = ("\r\n", "\n", "\r", "\0", "\u2028", "\u0085")
ENCODED = ("=0A", "=0D=0A", "=00", "=E2=80=A8", "=C2=85", "=0D")
WORDS = (
    *(f"A{one}Bcc: thief@evil.example" for one in BREAKS),
    *(f"A=?utf-8?q?{one}Bcc:_thief@evil.example?=" for one in ENCODED),
    "=?utf-8?b?QQpCY2M6IHRoaWVmQGV2aWwuZXhhbXBsZQ==?=",
)
PLACES = ("subject", "from", "to", "file", "reference")
ANA = Address("Ana", "ana@acme.example")


def mail_with(place: str, words: str) -> bytes:
    """Raises `InvalidInput` where it is refused, which is as good."""
    name = Address(words, "ana@acme.example")
    mail = NewMail(
        message_id="1@example.com",
        sent_at=datetime(2026, 3, 2, tzinfo=UTC),
        sender=name if place == "from" else ANA,
        subject=words if place == "subject" else "Hello",
        text="Hello",
        html=None,
        to=(name if place == "to" else ANA,),
        cc=(),
        in_reply_to=words if place == "reference" else None,
        references=(words,) if place == "reference" else (),
        files=(File(words, "text/plain", b"x"),) if place == "file" else (),
    )
    return compose(mail, boundary="b").raw


def smuggled() -> list[str]:
    """Where, and by what, a field came to stand in a mail that nobody put there."""
    found = []
    for place in PLACES:
        for words in WORDS:
            try:
                raw = mail_with(place, words)
            except InvalidInput:
                continue
            read = email.message_from_bytes(raw, policy=email.policy.compat32)
            names = {name.lower() for part in read.walk() for name in part.keys()}  # noqa: SIM118
            lone = raw.replace(b"\r\n", b"")
            if "bcc" in names or b"\n" in lone or b"\r" in lone or b"\0" in raw:
                found.append(f"{place}: {words!a}")
    return found


if __name__ == "__main__":
    got_in = smuggled()
    counted = f"{len(PLACES) * len(WORDS)} mails, {len(got_in)} smuggled"
    sys.stdout.write(f"{platform.python_version()}: {counted}\n")
    sys.exit("\n".join(got_in) if got_in else 0)
