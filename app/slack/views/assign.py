"""Giving a conversation to a teammate."""

from collections.abc import Sequence
from typing import Any, Final

from app.core.ids import ConversationId
from app.feed.mrkdwn import cut, plain
from app.slack.ids import FieldId, Memory, ViewId

_MOST_TEXT: Final = 2000
_MOST_GROUPS: Final = 100


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
                "optional": True,
                "label": {"type": "plain_text", "text": "To whom?"},
                "element": {
                    "type": "users_select",
                    "action_id": FieldId.ASSIGN_WHO,
                    "placeholder": {"type": "plain_text", "text": "Choose a teammate"},
                },
            },
            {
                "type": "input",
                "block_id": FieldId.ASSIGN_GROUP,
                "optional": True,
                "label": {"type": "plain_text", "text": "Or by turns, to a group"},
                "hint": {"type": "plain_text", "text": "Whoever is away is passed over."},
                "element": {
                    "type": "external_select",
                    "action_id": FieldId.ASSIGN_GROUP,
                    "min_query_length": 0,
                    "placeholder": {"type": "plain_text", "text": "Choose a user group"},
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


def groups(found: Sequence[tuple[str, str]], typed: str) -> dict[str, Any]:
    """The user groups, by id and handle, whose handle contains what was typed."""
    wanted = typed.strip().lstrip("@").casefold()
    return {
        "options": [
            {
                "text": {
                    "type": "plain_text",
                    "text": cut(f"@{plain(handle)}", 75),
                    "emoji": False,
                },
                "value": id_,
            }
            for id_, handle in sorted(found, key=lambda one: one[1])
            if wanted in handle.casefold()
        ][:_MOST_GROUPS]
    }
