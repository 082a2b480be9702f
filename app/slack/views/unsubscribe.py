"""Asking before a list is left, and showing the page where only a person can. Pure."""

from typing import Any

from app.core.ids import ConversationId
from app.feed.mrkdwn import bold, escape_line, verbatim
from app.mail.lists import Way, WayOut
from app.slack.ids import Memory, ViewId

_NOTHING = "The last mail of this conversation does not say how to leave a list."


def skeleton(conversation_id: ConversationId) -> dict[str, Any]:
    return _view(conversation_id, "⏳ One moment…", submit=None)


def view(conversation_id: ConversationId, way: WayOut | None, sender: str) -> dict[str, Any]:
    if way is None:
        return _view(conversation_id, _NOTHING, submit=None)
    ours, whom = bold(escape_line(sender, 120)), bold(escape_line(way.whom, 255))
    why = (
        f" One request is not enough here: {escape_line(way.why_not, 200)}." if way.why_not else ""
    )
    match way.way:
        case Way.ONE_CLICK:
            text = (
                f"SharedBox asks {whom} once to take {ours} off its list. The card says what came "
                "of it. This cannot be undone from here."
            )
            return _view(conversation_id, text, submit="Unsubscribe")
        case Way.MAIL:
            text = (
                f"A mail from {ours} to {whom} asks to be taken off the list. It stands in the "
                f"thread of the card, with Undo.{why}"
            )
            return _view(conversation_id, text, submit="Send the mail")
        case Way.LINK:
            text = f"This list can only be left on its own page, which you have to open.{why}"
            page = f"It says it is at: `{escape_line(way.url, 2000).replace('`', '')}`"
            return _view(conversation_id, f"{text}\n{page}", submit=None)


def _view(conversation_id: ConversationId, text: str, *, submit: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "modal",
        "callback_id": ViewId.UNSUBSCRIBE,
        "private_metadata": Memory(conversation_id=conversation_id).model_dump_json(),
        "title": {"type": "plain_text", "text": "Unsubscribe"},
        "close": {"type": "plain_text", "text": "Cancel" if submit else "Close"},
        "blocks": [{"type": "section", "text": verbatim(text)}],
    }
    return {**found, "submit": {"type": "plain_text", "text": submit}} if submit else found
