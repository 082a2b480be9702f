"""What one can wish for. Frozen values; pure.

A mail intent changes the mailbox on the server, so a worker carries it out. A conversation intent
changes only what the team keeps about a conversation, so it is done where it is asked for.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from app.core.ids import NoteId, OutgoingId, TeammateId
from app.mailbox.port import Role
from app.store.models import Command, CommandType


@dataclass(frozen=True, slots=True)
class MailIntent:
    """A change to mails on the server."""

    type: ClassVar[CommandType]

    def params(self) -> dict[str, Any]:
        """What the command's row keeps beside the type."""
        return {}


@dataclass(frozen=True, slots=True)
class MoveIntent(MailIntent):
    """A change of folder."""


@dataclass(frozen=True, slots=True)
class MoveToRole(MoveIntent):
    """To whichever folder of the account is for this."""

    role: ClassVar[Role]


@dataclass(frozen=True, slots=True)
class Archive(MoveToRole):
    type: ClassVar = CommandType.ARCHIVE
    role: ClassVar = Role.ARCHIVE


@dataclass(frozen=True, slots=True)
class Delete(MoveToRole):
    """To Trash. Nothing here ever deletes for good."""

    type: ClassVar = CommandType.DELETE
    role: ClassVar = Role.TRASH


@dataclass(frozen=True, slots=True)
class Spam(MoveToRole):
    """To Junk, where most servers learn from it."""

    type: ClassVar = CommandType.SPAM
    role: ClassVar = Role.JUNK


@dataclass(frozen=True, slots=True)
class Move(MoveIntent):
    type: ClassVar = CommandType.MOVE
    folder: str

    def params(self) -> dict[str, Any]:
        return {"folder": self.folder}


@dataclass(frozen=True, slots=True)
class FlagIntent(MailIntent):
    """A change of one flag (RFC 3501 §2.3.2)."""

    flag: ClassVar[str]
    add: ClassVar[bool]
    newest_only: ClassVar[bool]
    """Whether it is about the newest mail of a conversation alone."""


@dataclass(frozen=True, slots=True)
class Flag(FlagIntent):
    type: ClassVar = CommandType.FLAG
    flag: ClassVar = "\\Flagged"
    add: ClassVar = True
    newest_only: ClassVar = True


@dataclass(frozen=True, slots=True)
class Unflag(FlagIntent):
    type: ClassVar = CommandType.UNFLAG
    flag: ClassVar = "\\Flagged"
    add: ClassVar = False
    newest_only: ClassVar = False


@dataclass(frozen=True, slots=True)
class MarkRead(FlagIntent):
    type: ClassVar = CommandType.MARK_READ
    flag: ClassVar = "\\Seen"
    add: ClassVar = True
    newest_only: ClassVar = False


@dataclass(frozen=True, slots=True)
class MarkUnread(FlagIntent):
    type: ClassVar = CommandType.MARK_UNREAD
    flag: ClassVar = "\\Seen"
    add: ClassVar = False
    newest_only: ClassVar = True


@dataclass(frozen=True, slots=True)
class Restore(MailIntent):
    """Put mails back to where another command took them from, with the flags they had."""

    type: ClassVar = CommandType.RESTORE


@dataclass(frozen=True, slots=True)
class SentIntent(MailIntent):
    """About a mail of ours, not about mails that came in."""

    outgoing_id: OutgoingId

    def params(self) -> dict[str, Any]:
        return {"outgoing_id": str(self.outgoing_id)}


@dataclass(frozen=True, slots=True)
class FileSent(SentIntent):
    """See that a copy lies in Sent, and mark the mail that was answered."""

    type: ClassVar = CommandType.FILE_SENT


@dataclass(frozen=True, slots=True)
class FindSent(SentIntent):
    """Look whether a copy lies in Sent."""

    type: ClassVar = CommandType.FIND_SENT


@dataclass(frozen=True, slots=True)
class ConversationIntent:
    """A change to what the team keeps about a conversation."""

    type: ClassVar[CommandType]

    def params(self) -> dict[str, Any]:
        """What the command's row keeps beside the type."""
        return {}


@dataclass(frozen=True, slots=True)
class Assign(ConversationIntent):
    """To a teammate, or to nobody."""

    type: ClassVar = CommandType.ASSIGN
    assignee_id: TeammateId | None
    note_id: NoteId | None = None
    """What was said about it."""

    def params(self) -> dict[str, Any]:
        return {
            "assignee_id": str(self.assignee_id) if self.assignee_id else None,
            "note_id": str(self.note_id) if self.note_id else None,
        }


@dataclass(frozen=True, slots=True)
class Done(ConversationIntent):
    type: ClassVar = CommandType.DONE


@dataclass(frozen=True, slots=True)
class Reopen(ConversationIntent):
    type: ClassVar = CommandType.REOPEN


@dataclass(frozen=True, slots=True)
class Tag(ConversationIntent):
    """With these tags and no others."""

    type: ClassVar = CommandType.TAG
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snooze(ConversationIntent):
    """Until a moment, until they reply, or until whichever comes first. See `snooze.snooze`."""

    type: ClassVar = CommandType.SNOOZE
    until: datetime | None
    until_reply: bool


@dataclass(frozen=True, slots=True)
class FollowUp(ConversationIntent):
    """Tell me if they have not answered by then; None: do not. See `follow_up.follow_up`."""

    type: ClassVar = CommandType.FOLLOW_UP
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Wake(ConversationIntent):
    type: ClassVar = CommandType.WAKE


_SIMPLE: Final[dict[CommandType, MailIntent]] = {
    intent.type: intent
    for intent in (
        Archive(),
        Delete(),
        Spam(),
        Flag(),
        Unflag(),
        MarkRead(),
        MarkUnread(),
        Restore(),
    )
}


_ABOUT_SENT: Final[dict[CommandType, type[SentIntent]]] = {
    FileSent.type: FileSent,
    FindSent.type: FindSent,
}


def mail_intent(type_: CommandType, folder: str | None = None) -> MailIntent:
    """The intent behind a name, as the doors receive it. Raises `ValueError`."""
    if type_ is CommandType.MOVE:
        if not folder:
            raise ValueError("a move needs a folder")
        return Move(folder)
    if type_ not in _SIMPLE:
        raise ValueError(f"{type_} does not change mail")
    return _SIMPLE[type_]


def of(command: Command) -> MailIntent:
    """The intent that a command's row keeps."""
    if (kind := _ABOUT_SENT.get(command.type)) is not None:
        return kind(OutgoingId(UUID(command.params["outgoing_id"])))
    return mail_intent(command.type, command.params.get("folder"))
