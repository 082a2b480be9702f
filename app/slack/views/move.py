"""Choosing a folder to move a conversation to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.core.ids import ConversationId, MailboxId
from app.feed.mrkdwn import plain
from app.mailbox.port import Role
from app.slack.ids import FieldId, Memory, ViewId

_MOST_OPTIONS: Final = 100
_OPTION_TEXT: Final = 75
_SPECIAL: Final = (Role.INBOX, Role.ARCHIVE, Role.JUNK, Role.TRASH)
_NEVER: Final = frozenset({Role.SENT, Role.DRAFTS})


@dataclass(frozen=True, slots=True)
class FolderChoice:
    mailbox_id: MailboxId
    name: str
    role: Role | None


def view(conversation_id: ConversationId) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": ViewId.MOVE,
        "private_metadata": Memory(conversation_id=conversation_id).model_dump_json(),
        "title": {"type": "plain_text", "text": "Move to…"},
        "submit": {"type": "plain_text", "text": "Move"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [
            {
                "type": "input",
                "block_id": FieldId.FOLDER,
                "label": {"type": "plain_text", "text": "Folder"},
                "element": {
                    "type": "external_select",
                    "action_id": FieldId.FOLDER,
                    "min_query_length": 0,
                    "focus_on_load": True,
                    "placeholder": {"type": "plain_text", "text": "Choose or type a name"},
                },
            }
        ],
    }


def suggestions(folders: Sequence[FolderChoice], typed: str) -> dict[str, Any]:
    """The account's folders whose name contains what was typed, the special ones first."""
    fitting = [
        one
        for one in folders
        if one.role not in _NEVER and typed.strip().casefold() in one.name.casefold()
    ]
    special = sorted(
        (one for one in fitting if one.role in _SPECIAL), key=lambda one: _SPECIAL.index(one.role)
    )
    others = sorted(
        (one for one in fitting if one.role not in _SPECIAL), key=lambda one: one.name.casefold()
    )
    groups = [("Mailbox", special[:_MOST_OPTIONS]), ("Folders", others[:_MOST_OPTIONS])]
    shown = [
        {"label": {"type": "plain_text", "text": label}, "options": [_option(one) for one in ones]}
        for label, ones in groups
        if ones
    ]
    return {"option_groups": shown} if shown else {"options": []}


def _option(folder: FolderChoice) -> dict[str, Any]:
    name = plain(folder.name)
    if len(name) > _OPTION_TEXT:
        name = "…" + name[1 - _OPTION_TEXT :]
    return {
        "text": {"type": "plain_text", "text": name, "emoji": False},
        "value": str(folder.mailbox_id),
    }
