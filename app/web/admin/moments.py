"""Moments that people choose in their own time zone. Pure."""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from app.core.errors import InvalidInput

_MORNING: Final = time(9)
_MONDAY: Final = 0
REPLY: Final = "reply"
PICK: Final = "pick"
CHOICES: Final = (
    ("1h", "for an hour"),
    ("4h", "for four hours"),
    ("tomorrow", "until tomorrow, 9:00"),
    ("monday", "until Monday, 9:00"),
    (REPLY, "until they reply"),
    (PICK, "until a moment of your choice"),
)
_HOURS: Final = {"1h": 1, "4h": 4}


def until(choice: str, picked: str, zone: ZoneInfo | None, now: datetime) -> datetime | None:
    """The moment that was chosen; None where it is a reply. Raises `InvalidInput`."""
    local = now.astimezone(zone or UTC)
    if choice == REPLY:
        return None
    if choice in _HOURS:
        return now + timedelta(hours=_HOURS[choice])
    if choice in {"tomorrow", "monday"}:
        days = 1 if choice == "tomorrow" else (_MONDAY - local.weekday() - 1) % 7 + 1
        return datetime.combine(local.date() + timedelta(days=days), _MORNING, local.tzinfo)
    if choice == PICK:
        return _read(picked, zone)
    raise InvalidInput("Choose one of these.", field="until")


def _read(picked: str, zone: ZoneInfo | None) -> datetime:
    try:
        found = datetime.fromisoformat(picked)
    except ValueError:
        raise InvalidInput("Choose a date and a time.", field="at") from None
    return found if found.tzinfo else found.replace(tzinfo=zone or UTC)
