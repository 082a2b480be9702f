"""A wish to change something, whoever asked for it, and what became of it.

queued ──claim──▶ running ──▶ done ──undo──▶ undone
  │  ▲               │
  │  └── try again ──┤
  └──▶ cancelled     └──▶ failed (a dead letter, until somebody says Retry)
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, Identity, Index, String, UniqueConstraint, Uuid
from sqlmodel import Field

from app.core.access import Origin
from app.core.ids import (
    AccountId,
    CommandId,
    ConversationId,
    MailboxId,
    MessageId,
    TeammateId,
    new_id,
)
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, json_object, timestamp


class CommandType(StrEnum):
    ARCHIVE = "archive"
    MOVE = "move"
    DELETE = "delete"
    SPAM = "spam"
    FLAG = "flag"
    UNFLAG = "unflag"
    MARK_READ = "mark_read"
    MARK_UNREAD = "mark_unread"
    RESTORE = "restore"
    """Put mails back where they were, with the flags they had: the Undo of the ones above."""
    FILE_SENT = "file_sent"
    """See that one copy of a mail of ours lies in Sent, and mark the mail it answers."""
    FIND_SENT = "find_sent"
    """Look whether a mail of ours lies in Sent."""
    ASSIGN = "assign"
    DONE = "done"
    REOPEN = "reopen"
    TAG = "tag"
    SNOOZE = "snooze"
    WAKE = "wake"
    FOLLOW_UP = "follow_up"
    """Have somebody told if they have not answered by then."""
    MERGE = "merge"
    SPLIT = "split"


ABOUT_CONVERSATION = frozenset({
    CommandType.ASSIGN, CommandType.DONE, CommandType.REOPEN, CommandType.TAG,
    CommandType.SNOOZE, CommandType.WAKE, CommandType.FOLLOW_UP,
    CommandType.MERGE, CommandType.SPLIT,
})  # fmt: skip
"""What changes only what the team keeps about a conversation."""
REARRANGING = frozenset({CommandType.MERGE, CommandType.SPLIT})
"""What takes mails from one conversation to another."""
ABOUT_SENT = frozenset({CommandType.FILE_SENT, CommandType.FIND_SENT})
"""What SharedBox wishes for itself about a mail of ours."""


class CommandState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDONE = "undone"


class TargetState(StrEnum):
    PENDING = "pending"
    DONE = "done"
    GONE = "gone"
    """The mail was no longer there when its turn came."""


class Command(Tenanted, table=True):
    __tablename__ = "commands"
    __table_args__ = (
        within_workspace("account_id", "accounts"),
        within_workspace("conversation_id", "conversations"),
        within_workspace("requested_by_id", "teammates", ondelete="SET NULL"),
        within_workspace("undo_of_id", "commands"),
        UniqueConstraint("workspace_id", "undo_of_id"),
        Index(
            "ix_commands_open",
            "workspace_id",
            "account_id",
            "seq",
            postgresql_where="state IN ('queued', 'running')",
        ),
        Index("ix_commands_latest", "workspace_id", "seq"),
        Index("ix_commands_state", "workspace_id", "state", "seq"),
        Index("ix_commands_conversation", "workspace_id", "conversation_id", "seq"),
    )

    id: CommandId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    seq: int | None = Field(
        default=None, sa_column=Column("seq", BigInteger, Identity(always=True), nullable=False)
    )
    account_id: AccountId = Field(sa_type=Uuid)
    conversation_id: ConversationId | None = Field(default=None, sa_type=Uuid)
    type: CommandType = enum_text(CommandType)
    params: dict[str, Any] = json_object(default_factory=dict)
    """The rest of the intent, such as the folder of a move."""
    inverse: dict[str, Any] = json_object(default_factory=dict)
    """What undoes a change of the conversation, as it was before."""
    origin: Origin = enum_text(Origin)
    requested_by_id: TeammateId | None = Field(default=None, sa_type=Uuid)
    state: CommandState = enum_text(CommandState, default=CommandState.QUEUED)
    attempts: int = 0
    """Counted before each attempt."""
    next_try_at: datetime | None = timestamp(default=None)
    detail: str = ""
    """Why it failed, or what is special about how it was done, in words."""
    undo_of_id: CommandId | None = Field(default=None, sa_type=Uuid)
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    settled_at: datetime | None = timestamp(default=None)


class CommandTarget(Tenanted, table=True):
    """One mail a command acts on: where it was, and where it is now."""

    __tablename__ = "command_targets"
    __table_args__ = (
        within_workspace("command_id", "commands"),
        within_workspace("message_id", "messages"),
        within_workspace("mailbox_id", "mailboxes"),
        within_workspace("new_mailbox_id", "mailboxes"),
    )

    command_id: CommandId = Field(primary_key=True, sa_type=Uuid)
    n: int = Field(primary_key=True)
    message_id: MessageId = Field(sa_type=Uuid)
    mailbox_id: MailboxId = Field(sa_type=Uuid)
    uidvalidity: int = Field(sa_type=BigInteger)
    uid: int = Field(sa_type=BigInteger)
    state: TargetState = enum_text(TargetState, default=TargetState.PENDING)
    new_mailbox_id: MailboxId | None = Field(default=None, sa_type=Uuid)
    new_uidvalidity: int | None = Field(default=None, sa_type=BigInteger)
    new_uid: int | None = Field(default=None, sa_type=BigInteger)
    flags_before: list[str] | None = Field(default=None, sa_type=ARRAY(String))
    """Noted before a flag is changed, so that Undo gives back what was there."""
    detail: str = ""
