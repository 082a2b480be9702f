"""What LIST says, line by line, made into folders.

Servers repeat themselves, send lines that cannot be read, and give every name space a delimiter of
its own. What is left out here is only missing; it takes the rest of the list nothing.
"""

import imaplib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.logging import get_logger
from app.mailbox import roles
from app.mailbox.folder_names import LONGEST, MOST, FolderNames
from app.mailbox.port import Folder

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of LIST (RFC 3501 §7.2.2). The delimiter of a flat name space is None."""

    attributes: tuple[bytes, ...]
    delimiter: str | None
    name: bytes


def lines(items: Iterable[Any], parse: Callable[[list[Any]], Sequence[Any]]) -> Iterator[Line]:
    """The lines that can be read; `parse` is IMAPClient's parser."""
    for item in items:
        if not item:
            continue
        try:
            attributes, delimiter, name, *_ = parse([item])
            yield Line(_attributes(attributes), _mark(delimiter), _bytes(name))
        except (imaplib.IMAP4.error, ValueError, TypeError) as error:
            log.warning("list.unreadable", error=str(error))


def tells_roles(listed: Iterable[Line]) -> bool:
    """Whether some line says what its folder is for."""
    return any(roles.by_attribute(line.attributes, {}) for line in listed)


def folders(listed: Iterable[Line], names: FolderNames, also: Mapping[str, str]) -> list[Folder]:
    """The folders, each once. `also` are the provider's own attributes and names for roles."""
    attributes: dict[str, set[bytes]] = {}
    delimiters: dict[str, str | None] = {}
    for line in listed:
        name = names.shown(line.name)
        if name.upper() == "INBOX":
            name = "INBOX"
        if not name or len(name) > LONGEST or len(attributes) == MOST:
            log.warning("list.left_out", length=len(name))
            continue
        attributes.setdefault(name, set()).update(line.attributes)
        delimiters.setdefault(name, line.delimiter)
    found = [
        roles.folder(name, marks, delimiters[name], also) for name, marks in attributes.items()
    ]
    return roles.with_roles_by_name(found, also)


def _attributes(value: object) -> tuple[bytes, ...]:
    if not isinstance(value, tuple):
        raise TypeError("no list of attributes")
    return tuple(one for one in value if isinstance(one, bytes))


def _mark(delimiter: object) -> str | None:
    return _bytes(delimiter).decode("ascii", "replace") if delimiter is not None else None


def _bytes(value: object) -> bytes:
    """The parser makes numbers of names that are numbers."""
    return value if isinstance(value, bytes) else str(value).encode()
