"""Choosing the tags of a conversation, and making new ones."""

from collections.abc import Sequence
from typing import Any, Final

from app.core.errors import InvalidInput
from app.core.ids import ConversationId
from app.feed.mrkdwn import plain
from app.slack import submitted
from app.slack.ids import FieldId, Memory, ViewId

MOST_TAGS: Final = 50
LONGEST_TAG: Final = 60
_MOST_OPTIONS: Final = 100


def view(
    conversation_id: ConversationId, tags: Sequence[str], known: Sequence[str]
) -> dict[str, Any]:
    """`known`: what other conversations are tagged with, the most wanted first."""
    offered = list(dict.fromkeys([*tags, *known]))[:_MOST_OPTIONS]
    blocks = [_choose(tags, offered)] if offered else []
    return {
        "type": "modal",
        "callback_id": ViewId.TAGS,
        "private_metadata": Memory(conversation_id=conversation_id).model_dump_json(),
        "title": {"type": "plain_text", "text": "Tags"},
        "submit": {"type": "plain_text", "text": "Save"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [*blocks, _new()],
    }


def typed(text: str) -> list[str]:
    """Tags as somebody typed them, parted by commas. Raises `InvalidInput`."""
    tags = [" ".join(one.split()) for one in submitted.typed(text).split(",")]
    if any(len(tag) > LONGEST_TAG for tag in tags):
        raise InvalidInput(
            f"A tag has {LONGEST_TAG} characters at the most.", field=FieldId.TAGS_NEW
        )
    return [tag for tag in tags if tag]


def merged(chosen: Sequence[str], new: Sequence[str]) -> list[str]:
    """Each once, however it is spelt. Raises `InvalidInput`."""
    found: dict[str, str] = {}
    for tag in (*chosen, *new):
        found.setdefault(tag.casefold(), tag)
    if len(found) > MOST_TAGS:
        raise InvalidInput(f"{MOST_TAGS} tags are the most.", field=FieldId.TAGS_NEW)
    return list(found.values())


def _choose(tags: Sequence[str], offered: Sequence[str]) -> dict[str, Any]:
    element: dict[str, Any] = {
        "type": "multi_static_select",
        "action_id": FieldId.TAGS,
        "placeholder": {"type": "plain_text", "text": "Choose tags"},
        "options": [_option(tag) for tag in offered],
    }
    if tags:
        element["initial_options"] = [_option(tag) for tag in tags]
    return {
        "type": "input",
        "block_id": FieldId.TAGS,
        "optional": True,
        "label": {"type": "plain_text", "text": "Tags"},
        "element": element,
    }


def _new() -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": FieldId.TAGS_NEW,
        "optional": True,
        "label": {"type": "plain_text", "text": "New tags"},
        "hint": {"type": "plain_text", "text": "Separated by commas."},
        "element": {
            "type": "plain_text_input",
            "action_id": FieldId.TAGS_NEW,
            "max_length": 500,
        },
    }


def _option(tag: str) -> dict[str, Any]:
    text = {"type": "plain_text", "text": plain(tag), "emoji": False}
    return {"text": text, "value": tag}
