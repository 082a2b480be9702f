"""What the window for writing offers where somebody looks for a person to write to. Pure.

A select of Slack's holds nothing but what it was offered, so an address that is typed whole is
offered itself, above the people who are known.
"""

from collections.abc import Sequence
from typing import Any, Final

from app.core.errors import InvalidInput
from app.feed.mrkdwn import cut, plain
from app.mail.address import Address
from app.mail.typed import as_typed, typed_addresses
from app.slack.writing import MOST_TEXT, Field

MOST_PEOPLE: Final = 20
_OPTION_TEXT: Final = 75
_OPTION_VALUE: Final = 150
"""(docs.slack.dev/reference/block-kit/composition-objects/option-object)"""
_PLACES: Final = {"to": "To", "cc": "Cc"}


def suggestions(known: Sequence[Address], typed: str) -> dict[str, Any]:
    """Each person twice: as one to write to, and as one who gets a copy."""
    whole = _whole(typed)
    others = [one for one in known if whole is None or one.address != whole.address.lower()]
    found = [*([whole] if whole else []), *others]
    groups = []
    for place, label in _PLACES.items():
        options = [_option(place, one) for one in found]
        fitting = [one for one in options if len(one["value"]) <= _OPTION_VALUE]
        if fitting:
            groups.append({"label": _plain(label), "options": fitting})
    return {"option_groups": groups} if groups else {"options": []}


def added(value: str, words: str, to: str, cc: str) -> tuple[str, str]:
    """What To and Cc hold once the option of this value and these words was chosen.

    The value names the address alone: what strangers call themselves is no part of any. Raises
    `InvalidInput`.
    """
    place, _, written = value.partition(":")
    people = _read(written)
    if place not in _PLACES or len(people) != 1:
        raise InvalidInput("This choice is not one of ours.")
    address = people[0].address
    is_name = words != plain(address) and not words.endswith("…")
    person = Address(words if is_name else "", address)
    return (_with(to, person), cc) if place == "to" else (to, _with(cc, person))


def _with(field: str, person: Address) -> str:
    if any(one.address.lower() == person.address.lower() for one in _read(field)):
        return field
    before = field.strip().rstrip(",;")
    text = ", ".join(one for one in (before, as_typed([person], room=MOST_TEXT).text) if one)
    if len(text) > MOST_TEXT:
        raise InvalidInput("There is no room for more people in this field.")
    return text


def _whole(typed: str) -> Address | None:
    """The one address that is typed whole."""
    people = _read(typed)
    is_one = len(people) == 1 and "." in people[0].address.rpartition("@")[2]
    return people[0] if is_one else None


def _read(text: str) -> tuple[Address, ...]:
    """Nobody, where the text is no addresses yet."""
    try:
        return typed_addresses(Field.TO, text)
    except InvalidInput:
        return ()


def _option(place: str, person: Address) -> dict[str, Any]:
    named = person.name if person.name.lower() != person.address.lower() else ""
    option = {
        "text": _plain(cut(plain(named or person.address), _OPTION_TEXT)),
        "value": f"{place}:{person.address}",
    }
    if named:
        option["description"] = _plain(cut(plain(person.address), _OPTION_TEXT))
    return option


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
