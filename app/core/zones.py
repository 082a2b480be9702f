"""Time zones by their names in the IANA database, which come from people and from Slack. Pure."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_named(*names: str | None) -> ZoneInfo | None:
    """The first of these that there is; None where there is none of them."""
    for name in names:
        try:
            if name:
                return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return None


def zone_or_utc(name: str | None) -> ZoneInfo:
    """A person's time zone, as Slack names it; UTC where we do not know it."""
    return zone_named(name) or ZoneInfo("UTC")
