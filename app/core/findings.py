"""What an examination finds out, in words: how things are, and what a person has to do."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"
    """Worth knowing; it mends itself, or nobody need act now."""
    PROBLEM = "problem"
    """It needs a person."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `details` are further lines, for those who want to know."""

    subject: str
    level: Level
    what: str
    fix: str = ""
    details: tuple[str, ...] = ()


def ago(seconds: float) -> str:
    """A duration as people say it."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size or (unit != "minute" and seconds >= size):
            return counted(round(seconds / size), unit)
    return counted(round(max(seconds, 0)), "second")


def counted(count: int, thing: str, things: str = "") -> str:
    """A number of things, such as `1 mail` and `1,200 mails`."""
    return f"{count:,} {thing if count == 1 else things or f'{thing}s'}"
