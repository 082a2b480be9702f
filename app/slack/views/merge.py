"""Choosing the conversation that another one is merged into, and the mail that is split off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.core.ids import ConversationId, MessageId
from app.feed.mrkdwn import bold, cut, escape_line, plain, verbatim
from app.slack.ids import FieldId, Memory, ViewId

MOST_CHOICES: Final = 50
_OPTION_TEXT: Final = 75
"""Slack's limit (docs.slack.dev/reference/block-kit/composition-objects/option-object)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A conversation that may be chosen. Its words are other people's."""

    id: ConversationId
    subject: str
    person: str
    address: str


@dataclass(frozen=True, slots=True)
class MailChoice:
    id: MessageId
    sender: str
    received_at: datetime
    excerpt: str


def view(conversation_id: ConversationId, subject: str) -> dict[str, Any]:
    named = bold(escape_line(subject, 200) or "(no subject)")
    text = (
        f"All mails of {named} join the conversation you choose, and so do later ones. The card of "
        "this one stays with its thread, and says where they went. The other keeps its inbox and "
        "its channel. Undo takes them apart again."
    )
    return {
        "type": "modal",
        "callback_id": ViewId.MERGE,
        "private_metadata": Memory(conversation_id=conversation_id).model_dump_json(),
        "title": {"type": "plain_text", "text": "Merge into…"},
        "submit": {"type": "plain_text", "text": "Merge"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [
            {"type": "section", "text": verbatim(text)},
            {
                "type": "input",
                "block_id": FieldId.MERGE_INTO,
                "label": {"type": "plain_text", "text": "Into which conversation?"},
                "element": {
                    "type": "external_select",
                    "action_id": FieldId.MERGE_INTO,
                    "min_query_length": 0,
                    "focus_on_load": True,
                    "placeholder": {"type": "plain_text", "text": "Type a subject or a person"},
                },
            },
        ],
    }


def suggestions(candidates: Sequence[Candidate]) -> dict[str, Any]:
    return {
        "options": [
            {
                "text": {
                    "type": "plain_text",
                    "text": _label(one.subject, one.person),
                    "emoji": False,
                },
                "description": {
                    "type": "plain_text",
                    "text": cut(plain(one.address), _OPTION_TEXT),
                    "emoji": False,
                },
                "value": str(one.id),
            }
            for one in candidates[:MOST_CHOICES]
        ]
    }


def split(conversation_id: ConversationId, mails: Sequence[MailChoice]) -> dict[str, Any]:
    """`mails`: the newest first, at least one."""
    text = (
        "The mail gets a conversation and a card of its own, and answers to it go there. "
        "Undo puts it back."
    )
    return {
        "type": "modal",
        "callback_id": ViewId.SPLIT,
        "private_metadata": Memory(conversation_id=conversation_id).model_dump_json(),
        "title": {"type": "plain_text", "text": "Split off a mail"},
        "submit": {"type": "plain_text", "text": "Split off"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [
            {"type": "section", "text": verbatim(text)},
            {
                "type": "input",
                "block_id": FieldId.SPLIT_MAIL,
                "label": {"type": "plain_text", "text": "Which mail?"},
                "element": {
                    "type": "static_select",
                    "action_id": FieldId.SPLIT_MAIL,
                    "options": [_mail(one) for one in mails[:MOST_CHOICES]],
                },
            },
        ],
    }


def _mail(one: MailChoice) -> dict[str, Any]:
    return {
        "text": {"type": "plain_text", "text": _label(one.sender, one.excerpt), "emoji": False},
        "description": {"type": "plain_text", "text": f"{one.received_at:%d %b %Y %H:%M} UTC"},
        "value": str(one.id),
    }


def _label(first: str, second: str) -> str:
    return cut(f"{cut(plain(first), 48)} · {plain(second)}", _OPTION_TEXT)
