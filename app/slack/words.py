"""What people type to us, read: the plain words of a message, and what a mention asks for. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from app.core.ids import SlackUserId
from app.slack.submitted import typed
from app.slack.views import snooze

_TOKEN: Final = re.compile(r"<([^<>]*)>")
_PERSON: Final = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_SHORTEST: Final = 3


class Verb(StrEnum):
    ASSIGN = "assign"
    DONE = "done"
    REOPEN = "reopen"
    SNOOZE = "snooze"
    WAKE = "wake"


@dataclass(frozen=True, slots=True)
class Asked:
    """`@SharedBox assign @Ben`."""

    verb: Verb
    who: SlackUserId | None = None
    """Of an assignment; None is whoever asks."""
    words: str = ""
    """What follows the verb."""


def mentioned_in(text: str) -> frozenset[str]:
    """The people a message mentions."""
    return frozenset(_PERSON.findall(text))


def spoken(text: str, names: Mapping[str, str]) -> str:
    """A message as a person reads it, for a mail: no mentions, no markup, addresses in full."""

    def read(found: re.Match[str]) -> str:
        target, _, label = found[1].partition("|")
        if target.startswith("@"):
            return names.get(target[1:], label or "a colleague")
        if target.startswith("#"):
            return f"#{label}" if label else "a channel"
        if target.startswith("!"):
            return label
        address = target.removeprefix("mailto:")
        return f"{label} ({address})" if label and label != address else address

    said = _TOKEN.sub(read, text)
    for entity, character in _ENTITIES:
        said = said.replace(entity, character)
    return typed(said).strip()


def asked(text: str, bot: str) -> Asked | None:
    """None where it is no command of ours."""
    _, found, after = text.partition(f"<@{bot}>")
    verb, _, words = (after if found else "").strip().partition(" ")
    verb, words = verb.lower().strip(".,:!"), " ".join(words.split())
    if verb not in set(Verb):
        return None
    people = _PERSON.findall(words)
    return Asked(Verb(verb), SlackUserId(people[0]) if people else None, words)


def until(words: str, now: datetime, zone: ZoneInfo) -> tuple[datetime | None, bool] | None:
    """A time that the window offers as well, by its first words; None where it is none of them."""
    wanted = words.casefold().strip(" .!")
    for label, value in snooze.presets(now, zone):
        is_named = len(wanted) >= _SHORTEST and label.casefold().startswith(wanted)
        if is_named and value != snooze.PICK:
            return snooze.chosen(value, None, now)
    return None
