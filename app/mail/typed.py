"""Addresses as people type them, for mail that is to leave. Pure.

A reader of mail makes the best of what it is given. Here that would send a mail to somebody else:
`ana ruiz@acme.example` is no wish to write to ruiz@acme.example. And what stands in a field before
anybody types comes from strangers' mails: a name with a comma in it must stay one name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from app.core.errors import InvalidInput
from app.mail.address import Address, addresses, is_plain

_SHOWN: Final = 80
_FIX: Final = "Write it like name@example.com or Ana <name@example.com>."
_SPECIAL: Final = re.compile(r"[^\w .\'-]")
_NEVER: Final = re.compile(r'["\\]|\s+')
_ASIDE: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|\([^()]*+\)')
_PARTING: Final = re.compile(r"[,;]")


def typed_addresses(field: str, text: str) -> tuple[Address, ...]:
    """Everybody on one line, parted by commas or semicolons. Raises `InvalidInput`."""
    found = addresses(text)
    for piece in _PARTING.split(_ASIDE.sub("", text)):
        if not _is_one(piece):
            raise InvalidInput(
                f"“{piece.strip()[:_SHOWN]}” is not clearly one address.",
                field=field,
                fix="Put a comma between people.",
            )
    for one in found:
        if "@" not in one.address:
            shown = one.name or one.address
            raise InvalidInput(f"“{shown[:_SHOWN]}” is no address.", field=field, fix=_FIX)
        if one.name and not _is_named(one, text):
            shown = f"{one.name} {one.address}"
            raise InvalidInput(
                f"“{shown[:_SHOWN]}” is not clearly one address.", field=field, fix=_FIX
            )
    return found


def _is_one(piece: str) -> bool:
    """Whether it names one person: of two without a comma between them, one would get nothing."""
    name, bracket, rest = piece.partition("<")
    inside, _, after = rest.partition(">")
    if "<" in rest or after.strip():
        return False
    is_another = is_plain(name.strip()) and name.strip().lower() != inside.strip().lower()
    return not (bracket and is_another)


def _is_named(person: Address, text: str) -> bool:
    """Whether the name stands beside the address as it should: before brackets, or as a comment."""
    return f"<{person.address}>" in "".join(text.split()) or f"({person.name})" in text


@dataclass(frozen=True, slots=True)
class FieldText:
    """What a field of one line holds, and how many people are not in it."""

    text: str
    left_out: int


def as_typed(people: Iterable[Address], *, room: int) -> FieldText:
    """People as they could have been typed: read again, it is the same addresses and no others.

    Where they do not fit, their names go first, then whole addresses from the end. What a stranger
    gave for an address, and would be read as another one or as several, is left out.
    """
    found = list(people)
    whole = [_readable(one, _with_name(one), one.address) for one in found]
    text = ", ".join(filter(None, whole))
    if len(text) <= room:
        return FieldText(text, whole.count(""))
    kept: list[str] = []
    size = 0
    for one in filter(None, (_readable(one, one.address) for one in found)):
        size += len(one) + 2
        if size > room:
            break
        kept.append(one)
    return FieldText(", ".join(kept), len(found) - len(kept))


def _readable(person: Address, *ways: str) -> str:
    """The first way of writing that is read as this person's address alone; empty if none is."""
    for way in ways:
        try:
            read = typed_addresses("to", ",".join(way.splitlines()))
        except InvalidInput:
            continue
        if [one.address for one in read] == [person.address]:
            return way
    return ""


def _with_name(person: Address) -> str:
    name = _NEVER.sub(" ", person.name).strip()
    if not name:
        return person.address
    return f'"{name}" <{person.address}>' if _SPECIAL.search(name) else f"{name} <{person.address}>"
