"""The mails a demo starts with: a week of a support inbox, newest two minutes ago.

Each file is a whole mail as it was received in March 2026. Loading moves the week to the present
and gives every Message-ID a mark of this run, so that two demos never share one, while threads and
the dates people quote stay in step.
"""

import email.policy
import math
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import format_datetime, parseaddr, parsedate_to_datetime
from pathlib import Path
from typing import Final

from app.sandbox.samples.large import large_mail

INBOX: Final = "support@example.com"
"""Whom the files are addressed to."""

_FOLDER: Final = Path(__file__).parent
_AGE_OF_THE_NEWEST: Final = timedelta(minutes=2)
_DATE: Final = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
)
_QUOTED_DATE: Final = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [A-Z][a-z]{2} \d{1,2}, \d{4} at \d{1,2}:\d\d [AP]M"
)
_CALENDAR_DATE: Final = re.compile(rb"\b\d{8}T\d{6}Z\b")
_QUOTED: Final = "%a, %b %d, %Y at %I:%M %p"
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_MESSAGE_ID: Final = re.compile(rb"(?im)^Message-ID: <([^<>@\s]+)@")


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail, with CRLF line ends, and the envelope it came in."""

    name: str
    raw: bytes
    sender: str
    """The envelope's sender: empty for bounces and automatic replies."""
    sent_at: datetime


def load_samples(now: datetime, *, address: str = INBOX, run: str | None = None) -> list[Sample]:
    """All sample mails, oldest first, addressed to `address`. `run` marks their Message-IDs."""
    texts = _texts()
    shift = now - _AGE_OF_THE_NEWEST - max(_sent_at(text) for text in texts.values())
    mark = _marking(texts, run or secrets.token_hex(4))
    return [_sample(name, mark(_moved(text, shift)), address) for name, text in texts.items()]


def _texts() -> dict[str, bytes]:
    """The mails as they are kept, by name, in the order of their numbers."""
    texts = {path.stem: path.read_bytes() for path in _FOLDER.glob("*.eml")}
    texts["15-large-attachment"] = large_mail()
    return {name: re.sub(rb"\r?\n", b"\r\n", texts[name]) for name in sorted(texts)}


def _sent_at(raw: bytes) -> datetime:
    return parsedate_to_datetime(_headers(raw)["Date"])


def _headers(raw: bytes) -> Message:
    return BytesHeaderParser(policy=email.policy.compat32).parsebytes(raw)


def _moved(raw: bytes, shift: timedelta) -> bytes:
    """The mail with every date in it moved; appointments by whole days, and never into the past."""
    days = timedelta(days=math.ceil(shift / timedelta(days=1)))

    def date(match: re.Match[bytes]) -> bytes:
        return format_datetime(parsedate_to_datetime(match[0].decode()) + shift).encode()

    def quoted_date(match: re.Match[bytes]) -> bytes:
        moment = datetime.strptime(match[0].decode(), _QUOTED) + shift  # noqa: DTZ007 -- it has none
        time = f"{moment:%I:%M %p}".removeprefix("0")
        return f"{moment:%a, %b} {moment.day}, {moment.year} at {time}".encode()

    def calendar_date(match: re.Match[bytes]) -> bytes:
        moment = datetime.strptime(match[0].decode(), _STAMP) + days  # noqa: DTZ007 -- UTC, by its Z
        return f"{moment:{_STAMP}}".encode()

    moved = _DATE.sub(date, raw)
    return _CALENDAR_DATE.sub(calendar_date, _QUOTED_DATE.sub(quoted_date, moved))


def _marking(texts: dict[str, bytes], run: str) -> Callable[[bytes], bytes]:
    """Put this run's mark into each of our Message-IDs, wherever one stands."""
    names = {found[1] for text in texts.values() if (found := _MESSAGE_ID.search(text))}
    ours = re.compile(b"<(" + b"|".join(map(re.escape, sorted(names))) + b")@")
    return lambda raw: ours.sub(rb"<\1." + run.encode() + b"@", raw)


def _sample(name: str, raw: bytes, address: str) -> Sample:
    raw = raw.replace(INBOX.encode(), address.encode())
    headers = _headers(raw)
    sender = "" if "Auto-Submitted" in headers else parseaddr(headers["From"])[1]
    return Sample(name, raw, sender, _sent_at(raw))
