"""What some mails carry beside their text: an invitation, a way to unsubscribe, whom it was for."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from app.mail import charset, transfer
from app.mail.address import addresses
from app.mail.headers import Headers, one_line
from app.mail.parsed import Invitation, Unsubscribe
from app.mail.scan import Part

MAX_URL: Final = 2_000
MAX_TEXT: Final = 300
_MOST_ENVELOPES: Final = 10
_ENVELOPE: Final = (
    b"x-original-to", b"delivered-to", b"envelope-to", b"x-envelope-to", b"x-forwarded-to",
)  # fmt: skip
_IN_BRACKETS: Final = re.compile(r"<([^<>]{1,2000})>")
_READ: Final = 128 * 1024
_UNFOLD: Final = re.compile(r"\r?\n[ \t]")
_LINE: Final = re.compile(r"(?m)^([A-Z-]{3,20})((?:;[^:\r\n]{0,300}?)?):([^\r\n]*)")
_TZID: Final = re.compile(r";TZID=\"?([^\";:]{1,80})", re.IGNORECASE)
_MOMENT: Final = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")


def delivered_to(top: Headers) -> tuple[str, ...]:
    """The addresses that servers on the way noted, in lower case, the most telling first."""
    found: dict[str, None] = {}
    for name in _ENVELOPE:
        for value in top.all_raw(name):
            for one in addresses(one_line(value.decode("utf-8", "replace")))[:_MOST_ENVELOPES]:
                if one.address:
                    found[one.address.lower()] = None
    return tuple(found)[:_MOST_ENVELOPES]


def unsubscribe(top: Headers) -> Unsubscribe | None:
    """How to leave a list (RFC 2369), and whether one request is enough (RFC 8058)."""
    url = mailto = ""
    for each in _IN_BRACKETS.findall(top.plain(b"list-unsubscribe")):
        target = "".join(each.split())[:MAX_URL]
        if target.lower().startswith("https://") and not url:
            url = target
        elif target.lower().startswith("mailto:") and not mailto:
            mailto = target[len("mailto:") :]
    if not (url or mailto):
        return None
    said = "".join(top.plain(b"list-unsubscribe-post").lower().split())
    return Unsubscribe(url, mailto, one_click=bool(url) and said == "list-unsubscribe=one-click")


def invitation(raw: bytes, root: Part) -> Invitation | None:
    """The first event of the first calendar part (RFC 5545, RFC 5546)."""
    for part in root.leaves():
        if part.content_type.value == "text/calendar":
            data = transfer.decode(raw[part.body : min(part.end, part.body + _READ)], part.encoding)
            label = part.content_type.parameters.get("charset", "utf-8")
            method = part.content_type.parameters.get("method", "")
            found = _event(charset.decode(data, label), method)
            if found is not None:
                return found
    return None


def _event(text: str, method: str) -> Invitation | None:
    calendar, begin, event = _UNFOLD.sub("", text).partition("BEGIN:VEVENT")
    if not begin:
        return None
    event = event.partition("END:VEVENT")[0]
    before = {name: value for name, _, value in _lines(calendar)}
    said: dict[str, tuple[str, str]] = {}
    for name, parameters, value in _lines(event):
        said.setdefault(name, (parameters, value))
    return Invitation(
        method=(before.get("METHOD") or method or "PUBLISH").strip().upper()[:20],
        summary=_text(said.get("SUMMARY", ("", ""))[1]),
        location=_text(said.get("LOCATION", ("", ""))[1]),
        organizer=_organizer(said.get("ORGANIZER", ("", ""))[1]),
        starts_at=_moment(*said.get("DTSTART", ("", ""))),
        ends_at=_moment(*said.get("DTEND", ("", ""))),
        time_zone=_zone(*said.get("DTSTART", ("", ""))),
    )


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    for match in _LINE.finditer(text):
        yield match[1], match[2], match[3]


def _text(value: str) -> str:
    plain = value.replace("\\n", " ").replace("\\N", " ").replace("\\", "")
    return one_line(plain)[:MAX_TEXT]


def _organizer(value: str) -> str:
    address = one_line(value)
    return address[len("mailto:") :][:320] if address.lower().startswith("mailto:") else ""


def _moment(_parameters: str, value: str) -> str:
    """As ISO 8601: with an offset only where the time is given in UTC."""
    found = _MOMENT.match(value.strip())
    if found is None:
        return ""
    try:
        if found[2] is None:
            return datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=UTC).date().isoformat()
        at = datetime.strptime(found[1] + found[2], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return ""
    return at.isoformat() if found[3] else at.replace(tzinfo=None).isoformat()


def _zone(parameters: str, value: str) -> str:
    if value.strip().endswith("Z"):
        return "UTC"
    found = _TZID.search(parameters)
    return one_line(found[1]) if found else ""
