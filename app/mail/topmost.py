"""Some header fields of a mail, by their names, without reading the rest of it. Pure."""

from collections.abc import Iterable
from typing import Final

from app.mail.headers import decoded, plain
from app.mail.scan import MailUnreadable, scan

MOST_HEADER: Final = 256 * 1024
"""So much of the beginning of a mail is enough to have its header."""
_MOST_VALUES: Final = 100


def head_of(raw: bytes) -> bytes:
    """The mail without what comes after its header: all that `header_values` asks for."""
    both = (raw.find(end, 0, MOST_HEADER) for end in (b"\r\n\r\n", b"\n\n"))
    ends = [at for at in both if at >= 0]
    return raw[: min(ends)] + b"\r\n\r\n" if ends else raw[:MOST_HEADER]


def header_values(raw: bytes, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By each of these names, in lower case, the decoded values; without those it has not."""
    try:
        top = scan(head_of(raw)).root.headers
    except MailUnreadable:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        values = list(top.all_raw(name.encode("ascii", "replace")))[:_MOST_VALUES]
        if values:
            found[name] = tuple(decoded(plain(value)) for value in values)
    return found
