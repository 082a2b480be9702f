"""Choosing after how many days without an answer somebody wants to be told."""

from datetime import datetime
from typing import Any, Final

from app.core.errors import InvalidInput
from app.core.ids import ConversationId
from app.feed.mrkdwn import moment, verbatim
from app.slack.ids import FieldId, Memory, ViewId

_DAYS: Final = (1, 2, 3, 5, 7, 14, 30)
_NEVER: Final = 0


def view(conversation_id: ConversationId, follow_up_at: datetime | None) -> dict[str, Any]:
    """`follow_up_at`: what was chosen before, if anything."""
    text = "A person’s answer ends it; an automatic one does not. You are told directly."
    options = [_option(days) for days in _DAYS]
    if follow_up_at is not None:
        text = f"You or a colleague wanted to be told {moment(follow_up_at)}. {text}"
        options.append(_option(_NEVER))
    return {
        "type": "modal",
        "callback_id": ViewId.FOLLOW_UP,
        "private_metadata": Memory(conversation_id=conversation_id).model_dump_json(),
        "title": {"type": "plain_text", "text": "If no answer comes"},
        "submit": {"type": "plain_text", "text": "Save"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [
            {
                "type": "input",
                "block_id": FieldId.FOLLOW_UP,
                "label": {"type": "plain_text", "text": "Remind me if they have not answered in"},
                "element": {
                    "type": "radio_buttons",
                    "action_id": FieldId.FOLLOW_UP,
                    "options": options,
                },
            },
            {"type": "context", "elements": [verbatim(text)]},
        ],
    }


def chosen_days(value: str) -> int | None:
    """None: no reminder. Raises `InvalidInput`."""
    if value not in {str(one) for one in (*_DAYS, _NEVER)}:
        raise InvalidInput("This choice is not one of ours.", field=FieldId.FOLLOW_UP)
    return int(value) or None


def _option(days: int) -> dict[str, Any]:
    label = f"{days} days"
    if days == 1:
        label = "1 day"
    if days == _NEVER:
        label = "Do not remind me"
    return {"text": {"type": "plain_text", "text": label}, "value": str(days)}
