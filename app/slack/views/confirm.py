"""Asking before mails are put where people rarely look."""

from typing import Any

from app.core.ids import ConversationId
from app.feed.mrkdwn import bold, escape_line, verbatim
from app.slack.ids import Memory, ViewId


def delete(conversation_id: ConversationId, subject: str, address: str) -> dict[str, Any]:
    text = (
        f"All mails of {_named(subject)} go to the Trash of {escape_line(address, 120)}. "
        "Until the mail server empties it, Undo brings them back."
    )
    return _view(ViewId.DELETE, conversation_id, "Delete", "Delete", text)


def spam(conversation_id: ConversationId, subject: str, address: str) -> dict[str, Any]:
    text = (
        f"All mails of {_named(subject)} go to the spam folder of {escape_line(address, 120)}, "
        "from which most mail servers learn what to keep out. Undo brings them back."
    )
    return _view(ViewId.SPAM, conversation_id, "Mark as spam", "Mark as spam", text)


def _named(subject: str) -> str:
    return bold(escape_line(subject, 200) or "(no subject)")


def _view(
    id_: ViewId, conversation_id: ConversationId, title: str, submit: str, text: str
) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": id_,
        "private_metadata": Memory(conversation_id=conversation_id).model_dump_json(),
        "title": {"type": "plain_text", "text": title},
        "submit": {"type": "plain_text", "text": submit},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [{"type": "section", "text": verbatim(text)}],
    }
