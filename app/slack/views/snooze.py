"""Choosing until when a conversation sleeps, in the time zone of whoever chooses."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.core.errors import InvalidInput
from app.core.ids import ConversationId
from app.core.zones import zone_or_utc
from app.feed.mrkdwn import verbatim
from app.slack.ids import FieldId, Memory, ViewId

_MORNING: Final = 9
_AFTERNOON: Final = 14
_MONDAY: Final = 0
_HOUR: Final = "1h"
_REPLY: Final = "reply"
PICK: Final = "pick"
EARLIER: Final = "earlier"


def skeleton(conversation_id: ConversationId) -> dict[str, Any]:
    """What stands there until we know the person's time zone: the trigger does not wait for it."""
    return {
        "type": "modal",
        "callback_id": ViewId.SNOOZE,
        "private_metadata": Memory(conversation_id=conversation_id).model_dump_json(),
        "title": {"type": "plain_text", "text": "Snooze"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [{"type": "section", "text": verbatim("⏳ One moment…")}],
    }


def view(conversation_id: ConversationId, now: datetime, time_zone: str | None) -> dict[str, Any]:
    """`time_zone`: by its IANA name; None where Slack did not tell it."""
    zone = zone_or_utc(time_zone)
    blocks: list[dict[str, Any]] = [_until(now, zone), _moment(), _reply()]
    if time_zone is None:
        words = "Slack did not tell where you are, so these times are in UTC."
        blocks.append({"type": "context", "elements": [verbatim(words)]})
    return {
        **skeleton(conversation_id),
        "submit": {"type": "plain_text", "text": "Snooze"},
        "blocks": blocks,
    }


def presets(now: datetime, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """What may be chosen: a label, and the value that `chosen` reads."""
    local = now.astimezone(zone)
    yield "1 hour", _HOUR
    afternoon = _at(local, 0, _AFTERNOON)
    if local < afternoon:
        yield f"This afternoon, {afternoon:%H:%M}", _value(afternoon)
    tomorrow = _at(local, 1, _MORNING)
    yield f"Tomorrow, {tomorrow:%a} 9:00", _value(tomorrow)
    monday = _at(local, (_MONDAY - local.weekday() - 1) % 7 + 1, _MORNING)
    if monday != tomorrow:
        yield f"Monday, {monday.day} {monday:%b} 9:00", _value(monday)
    yield "Until they reply", _REPLY
    yield "Pick a date and time", PICK


def chosen(value: str, picked: int | None, now: datetime) -> tuple[datetime | None, bool]:
    """The moment to sleep until, and whether only a reply was chosen. Raises `InvalidInput`."""
    if value == _HOUR:
        return now + timedelta(hours=1), False
    if value == _REPLY:
        return None, True
    if value == PICK:
        if picked is None:
            raise InvalidInput("Choose a date and time.", field=FieldId.SNOOZE_MOMENT)
        return datetime.fromtimestamp(picked, UTC), False
    try:
        return datetime.fromtimestamp(int(value), UTC), False
    except (ValueError, OverflowError, OSError):
        raise InvalidInput("This choice is not one of ours.", field=FieldId.SNOOZE_UNTIL) from None


def _until(now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    options = [
        {"text": {"type": "plain_text", "text": label}, "value": value}
        for label, value in presets(now, zone)
    ]
    return {
        "type": "input",
        "block_id": FieldId.SNOOZE_UNTIL,
        "label": {"type": "plain_text", "text": "Until when?"},
        "element": {
            "type": "radio_buttons",
            "action_id": FieldId.SNOOZE_UNTIL,
            "options": options,
        },
    }


def _moment() -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": FieldId.SNOOZE_MOMENT,
        "optional": True,
        "label": {"type": "plain_text", "text": "Date and time"},
        "hint": {"type": "plain_text", "text": "For “Pick a date and time”."},
        "element": {"type": "datetimepicker", "action_id": FieldId.SNOOZE_MOMENT},
    }


def _reply() -> dict[str, Any]:
    text = {"type": "plain_text", "text": "Wake earlier if they reply"}
    return {
        "type": "input",
        "block_id": FieldId.SNOOZE_REPLY,
        "optional": True,
        "label": {"type": "plain_text", "text": "And"},
        "element": {
            "type": "checkboxes",
            "action_id": FieldId.SNOOZE_REPLY,
            "options": [{"text": text, "value": EARLIER}],
        },
    }


def _at(local: datetime, days: int, hour: int) -> datetime:
    """That hour of the clock on the wall, so many days from now, whatever summer time does."""
    day = local.date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, tzinfo=local.tzinfo)


def _value(at: datetime) -> str:
    return str(int(at.timestamp()))
