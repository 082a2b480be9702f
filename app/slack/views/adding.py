"""The window in which a message becomes a note of a conversation."""

from typing import Any, Final

from app.slack.ids import FieldId, ViewId
from app.slack.submitted import typed

LONGEST: Final = 3000
"""What a field of typed text takes (docs.slack.dev/reference/block-kit/block-elements)."""


def view(text: str) -> dict[str, Any]:
    """`text`: what the note is to say, to begin with."""
    element: dict[str, Any] = {
        "type": "plain_text_input",
        "action_id": FieldId.ADD_TEXT,
        "multiline": True,
        "max_length": LONGEST,
    }
    if text := typed(text)[:LONGEST]:
        element["initial_value"] = text
    return {
        "type": "modal",
        "callback_id": ViewId.ADD_TO,
        "title": {"type": "plain_text", "text": "Add to conversation"},
        "submit": {"type": "plain_text", "text": "Add"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [
            {
                "type": "input",
                "block_id": FieldId.ADD_TO,
                "label": {"type": "plain_text", "text": "To which conversation?"},
                "element": {
                    "type": "external_select",
                    "action_id": FieldId.ADD_TO,
                    "min_query_length": 0,
                    "focus_on_load": True,
                    "placeholder": {"type": "plain_text", "text": "Type a subject or a person"},
                },
            },
            {
                "type": "input",
                "block_id": FieldId.ADD_TEXT,
                "label": {"type": "plain_text", "text": "Internal note"},
                "hint": {
                    "type": "plain_text",
                    "text": "It stands in the thread of the card, and is never mailed.",
                },
                "element": element,
            },
        ],
    }
