"""Some header fields of a mail, by their names, without reading the rest of it. Pure."""

from collections.abc import Iterable
from typing import Final

from app.mail.headers import decoded, plain
from app.mail.scan import MailUnreadable, scan

MOST_HEADER: Final = 256 * 1024
"""So much of the beginning of a mail is enough to have its header."""
_MOST_VALUES: Final = 100


def header_values(raw: bytes, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By each of these names, in lower case, the decoded values; without those it has not."""
    head = raw[:MOST_HEADER]
    ends = [at for end in (b"\r\n\r\n", b"\n\n") if (at := head.find(end)) >= 0]
    try:
        top = scan(head[: min(ends)] + b"\r\n\r\n" if ends else head).root.headers
    except MailUnreadable:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        values = list(top.all_raw(name.encode("ascii", "replace")))[:_MOST_VALUES]
        if values:
            found[name] = tuple(decoded(plain(value)) for value in values)
    return found
