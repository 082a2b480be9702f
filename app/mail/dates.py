"""The Date header, as it was meant."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from typing import Final

_LONGEST: Final = 128
_WIDEST_OFFSET: Final = timedelta(hours=16)
_CANNOT: Final = (ValueError, OverflowError, IndexError, TypeError)


def sent_at(text: str) -> datetime | None:
    """The moment, in UTC; None where no date can be made of the text.

    A time zone that cannot be is read as UTC: the day is worth more than nothing.
    """
    try:
        parsed = parsedate_tz(text[:_LONGEST])
        if parsed is None:
            return None
        offset = timedelta(seconds=parsed[9] or 0)
        zone = timezone(offset) if abs(offset) <= _WIDEST_OFFSET else UTC
        year, month, day, hour, minute, second = parsed[:6]
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
        return moment.astimezone(UTC)
    except _CANNOT:
        return None
