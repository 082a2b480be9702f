"""Giving a conversation to a teammate."""

from typing import Any, Final

from app.core.ids import ConversationId
from app.slack.ids import FieldId, Memory, ViewId

_MOST_TEXT: Final = 2000


def view(conversation_id: ConversationId) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": ViewId.ASSIGN,
        "private_metadata": Memory(conversation_id=conversation_id).model_dump_json(),
        "title": {"type": "plain_text", "text": "Assign to…"},
        "submit": {"type": "plain_text", "text": "Assign"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [
            {
                "type": "input",
                "block_id": FieldId.ASSIGN_WHO,
                "label": {"type": "plain_text", "text": "To whom?"},
                "element": {
                    "type": "users_select",
                    "action_id": FieldId.ASSIGN_WHO,
                    "placeholder": {"type": "plain_text", "text": "Choose a teammate"},
                },
            },
            {
                "type": "input",
                "block_id": FieldId.ASSIGN_NOTE,
                "optional": True,
                "label": {"type": "plain_text", "text": "Note"},
                "hint": {"type": "plain_text", "text": "They get it with the card. Never mailed."},
                "element": {
                    "type": "plain_text_input",
                    "action_id": FieldId.ASSIGN_NOTE,
                    "multiline": True,
                    "max_length": _MOST_TEXT,
                },
            },
        ],
    }
