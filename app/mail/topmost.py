"""Some header fields of a mail, by their names, without reading the rest of it. Pure."""

from collections.abc import Iterable
from typing import Final

from app.mail.headers import decoded, plain
from app.mail.scan import MailUnreadable, header_of, scan

_MOST_VALUES: Final = 100


def header_values(raw: bytes, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By each of these names, in lower case, the decoded values; without those it has not."""
    try:
        top = scan(header_of(raw) + b"\r\n\r\n").root.headers
    except MailUnreadable:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        values = list(top.all_raw(name.encode("ascii", "replace")))[:_MOST_VALUES]
        if values:
            found[name] = tuple(decoded(plain(value)) for value in values)
    return found
