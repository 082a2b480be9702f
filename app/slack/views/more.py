"""The rarer things one can do with a conversation."""

from enum import StrEnum
from typing import Any, Final

from app.core.ids import ConversationId
from app.feed.mrkdwn import bold, escape_line, verbatim
from app.slack.ids import FieldId, Memory, ViewId


class MoreAction(StrEnum):
    FORWARD = "forward"
    ASSIGN = "assign"
    ASSIGN_ME = "assign_me"
    UNASSIGN = "unassign"
    FLAG = "flag"
    UNFLAG = "unflag"
    MARK_READ = "mark_read"
    MARK_UNREAD = "mark_unread"
    SNOOZE = "snooze"
    FOLLOW_UP = "follow_up"
    TAGS = "tags"
    MERGE = "merge"
    SPLIT = "split"
    FULL_MAIL = "full_mail"
    FILES = "files"
    MUTE = "mute"
    UNSUBSCRIBE = "unsubscribe"
    WHY = "why"
    HEADERS = "headers"
    ORIGINAL = "original"
    RULE = "rule"
    LINK = "link"


_LABELS: Final = {
    MoreAction.FORWARD: ("Forward…", "To somebody else, with its files"),
    MoreAction.ASSIGN: ("Assign to…", "A teammate, with a note"),
    MoreAction.ASSIGN_ME: ("Assign to me", "Also when somebody else has it"),
    MoreAction.UNASSIGN: ("Assign to nobody", "Leave it to whoever takes it next"),
    MoreAction.SNOOZE: ("Snooze…", "Until a time, or until they reply"),
    MoreAction.FOLLOW_UP: ("If no answer comes…", "Be reminded after some days"),
    MoreAction.TAGS: ("Tags…", "Those it has, and new ones"),
    MoreAction.FLAG: ("Flag", "The newest mail, on the mail server"),
    MoreAction.UNFLAG: ("Remove flag", "From every mail, on the mail server"),
    MoreAction.MARK_READ: ("Mark as read", "Every mail, on the mail server"),
    MoreAction.MARK_UNREAD: ("Mark as unread", "The newest mail, on the mail server"),
    MoreAction.MERGE: ("Merge into…", "Another conversation, which gets these mails"),
    MoreAction.SPLIT: ("Split off a mail…", "Into a conversation of its own"),
    MoreAction.FULL_MAIL: ("Show full mail", "The newest, with all it quotes"),
    MoreAction.FILES: ("Show files", "Into the thread of the card"),
    MoreAction.MUTE: ("Mute sender", "No more cards for what they write to this inbox"),
    MoreAction.UNSUBSCRIBE: ("Unsubscribe…", "Leave the list it came by"),
    MoreAction.WHY: ("Why am I seeing this", "Where it lies, and what proves its sender"),
    MoreAction.HEADERS: ("Show headers", "Of the newest mail"),
    MoreAction.ORIGINAL: ("Download .eml", "The newest mail as it came, into the thread"),
    MoreAction.LINK: ("Copy link", "To its page in the admin"),
    MoreAction.RULE: ("Make a rule from this mail…", "What is to happen to mail like it (admins)"),
}


def view(conversation_id: ConversationId, subject: str) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": ViewId.MORE,
        "private_metadata": Memory(conversation_id=conversation_id).model_dump_json(),
        "title": {"type": "plain_text", "text": "More actions"},
        "submit": {"type": "plain_text", "text": "Do it"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [
            {
                "type": "section",
                "text": verbatim(bold(escape_line(subject, 200) or "(no subject)")),
            },
            {
                "type": "input",
                "block_id": FieldId.ACTION,
                "label": {"type": "plain_text", "text": "What should happen?"},
                "element": {
                    "type": "static_select",
                    "action_id": FieldId.ACTION,
                    "options": [_option(action) for action in _LABELS],
                },
            },
        ],
    }


def _option(action: MoreAction) -> dict[str, Any]:
    label, description = _LABELS[action]
    return {
        "text": {"type": "plain_text", "text": label},
        "description": {"type": "plain_text", "text": description},
        "value": action,
    }
