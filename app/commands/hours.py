"""When people work. Pure."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.core.zones import zone_named
from app.store.models import ReminderSettings


def are_at_work(settings: ReminderSettings, now: datetime, zone: ZoneInfo | None = None) -> bool:
    """By the clock on their wall; a day that closes before it opens goes on past midnight.

    `zone`: where they are, if that is known of one person.
    """
    local = now.astimezone(zone or ZoneInfo(settings.time_zone))
    minute, day = local.hour * 60 + local.minute, local.weekday()
    if settings.opens_at < settings.closes_at:
        return day in settings.days and settings.opens_at <= minute < settings.closes_at
    began_yesterday = (day - 1) % 7 in settings.days and minute < settings.closes_at
    return began_yesterday or (day in settings.days and minute >= settings.opens_at)


def next_opening(settings: ReminderSettings, after: datetime, zone: ZoneInfo) -> datetime:
    """When their next working day begins; a day later, where they never work."""
    today = datetime.combine(after.astimezone(zone).date(), time.min, zone)
    for days in range(8):
        day = today + timedelta(days=days)
        opens = (day + timedelta(minutes=settings.opens_at)).astimezone(UTC)
        if day.weekday() in settings.days and opens > after:
            return opens
    return after + timedelta(days=1)


def zone_of(name: str | None, settings: ReminderSettings) -> ZoneInfo:
    """A person's time zone; the team's, where theirs is not known."""
    return zone_named(name) or ZoneInfo(settings.time_zone)
