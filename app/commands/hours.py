"""When people work. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

from app.store.models import ReminderSettings


def are_at_work(settings: ReminderSettings, now: datetime) -> bool:
    """By the clock on their wall; a day that closes before it opens goes on past midnight."""
    local = now.astimezone(ZoneInfo(settings.time_zone))
    minute, day = local.hour * 60 + local.minute, local.weekday()
    if settings.opens_at < settings.closes_at:
        return day in settings.days and settings.opens_at <= minute < settings.closes_at
    began_yesterday = (day - 1) % 7 in settings.days and minute < settings.closes_at
    return began_yesterday or (day in settings.days and minute >= settings.opens_at)
