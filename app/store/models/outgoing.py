"""A mail to be sent, and what became of it.

    undo ──────┐
    scheduled ─┼─due─▶ sending ──250──▶ sent
    queued ────┘          │ refused for now, or never handed over: queued again
       ▲                  ├──refused──▶ failed ──Retry──▶ queued
       └── Send again ────┴──lost after the last byte──▶ unknown ──seen in Sent──▶ sent

What waits can be cancelled. What is unknown and was not found can be dropped, which is cancelled
past the dot; seen in Sent later, it is sent. The mail itself is written once, when it is asked for:
its bytes lie in the blob store, its Message-ID never changes, and every attempt sends the same.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, UniqueConstraint, Uuid
from sqlmodel import Field

from app.core.access import Origin
from app.core.ids import (
    AccountId,
    ConversationId,
    MessageId,
    OutgoingId,
    PostId,
    TeammateId,
    new_id,
)
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, timestamp


class OutgoingMode(StrEnum):
    NEW = "new"
    REPLY = "reply"
    REPLY_ALL = "reply_all"
    FORWARD = "forward"


class OutgoingState(StrEnum):
    UNDO = "undo"
    """Still in its undo window."""
    SCHEDULED = "scheduled"
    """Waits for the time it was given."""
    QUEUED = "queued"
    """Waits for its next attempt; `detail` says what was in the way of the last one."""
    SENDING = "sending"
    SENT = "sent"
    """The server took it. `detail` names recipients that it refused."""
    FAILED = "failed"
    """The server took it for nobody; `detail` says why."""
    UNKNOWN = "unknown"
    """Nobody knows yet whether it left: the connection was lost when all was said, or it should
    have left long ago."""
    CANCELLED = "cancelled"


WAITING = (OutgoingState.UNDO, OutgoingState.SCHEDULED, OutgoingState.QUEUED)
"""States from which a mail goes out by itself when its time has come."""


class RecipientKind(StrEnum):
    TO = "to"
    CC = "cc"
    BCC = "bcc"


class RecipientState(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    """The server took the mail for them."""
    REFUSED = "refused"
    BOUNCED = "bounced"
    """It was taken, and came back."""


class Filing(StrEnum):
    """Whether a copy lies in Sent."""

    NONE = "none"
    """It was not sent yet."""
    PENDING = "pending"
    DONE = "done"
    BY_PROVIDER = "by_provider"
    FAILED = "failed"


class Outgoing(Tenanted, table=True):
    __tablename__ = "outgoing"
    __table_args__ = (
        within_workspace("account_id", "accounts"),
        within_workspace("conversation_id", "conversations"),
        within_workspace("answers_id", "messages", ondelete="SET NULL"),
        within_workspace("message_id", "messages", ondelete="SET NULL"),
        within_workspace("requested_by_id", "teammates", ondelete="SET NULL"),
        UniqueConstraint("workspace_id", "account_id", "internet_message_id"),
        Index(
            "ix_outgoing_due",
            "due_at",
            postgresql_where="state IN ('undo', 'scheduled', 'queued', 'sending', 'unknown')",
        ),
        Index("ix_outgoing_sent", "workspace_id", "account_id", "sent_at"),
        Index("ix_outgoing_conversation", "workspace_id", "conversation_id"),
        Index("ix_outgoing_answers", "workspace_id", "answers_id"),
        Index("ix_outgoing_message", "workspace_id", "message_id"),
    )

    id: OutgoingId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    account_id: AccountId = Field(sa_type=Uuid)
    conversation_id: ConversationId = Field(sa_type=Uuid)
    mode: OutgoingMode = enum_text(OutgoingMode)
    answers_id: MessageId | None = Field(default=None, sa_type=Uuid)
    """The mail that is answered or forwarded."""
    origin: Origin = enum_text(Origin)
    requested_by_id: TeammateId | None = Field(default=None, sa_type=Uuid)
    author: str = ""
    """Who wrote it, by name: a teammate, or the key of a script."""

    from_name: str = ""
    from_address: str
    subject: str = ""
    text: str = ""
    """What was written, without signature and history."""
    html: str | None = None
    quotes: bool = True
    """Whether the mail that is answered stands below."""
    attaches_original: bool = False
    """Of a forward: the original goes as a file, as it came."""
    internet_message_id: str
    raw_sha256: bytes
    size: int = Field(sa_type=BigInteger)
    needs_smtputf8: bool = False

    state: OutgoingState = enum_text(OutgoingState)
    due_at: datetime = timestamp()
    """In the database's time: when it goes out, or is looked after, by itself. Of one in doubt:
    when people are asked, should nobody have looked into Sent by then."""
    send_at: datetime | None = timestamp(default=None)
    """The time it was given; None for as soon as it may."""
    cancel_if_answered: bool = False
    is_automatic: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """Written by a rule and not by a person."""
    follow_up_days: int | None = None
    """Somebody is to be told if they have not answered so many days after it left."""
    then_done: bool = False
    """Once it is sent, the conversation is done."""
    attempts: int = 0
    """Counted before each attempt."""
    tried_since: datetime | None = timestamp(default=None)
    fence: int = Field(default=0, sa_type=BigInteger)
    """Raised by each claim; whoever holds an older one may neither send nor settle."""
    past_the_dot: bool = False
    """Set before the last byte leaves: from there on nobody may send it again unasked.

    One in doubt without it is only looked for, because it is long overdue: not seen, it is sent.
    """
    looks: int = 0
    """How often it was looked for in Sent."""
    seen_in_sent: bool | None = None
    """What the last look found; None while one is under way."""
    detail: str = ""
    sent_at: datetime | None = timestamp(default=None)
    """When the server took it for the first recipient."""
    filing: Filing = enum_text(Filing, default=Filing.NONE)
    message_id: MessageId | None = Field(default=None, sa_type=Uuid)
    """The message it became in its conversation."""
    post_id: PostId | None = Field(default=None, sa_type=Uuid)
    """What tells of it in Slack."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    settled_at: datetime | None = timestamp(default=None)

    def note_seen_in_sent(self) -> None:
        """It left, whatever else was decided meanwhile; whoever sends settles it so."""
        self.state, self.seen_in_sent, self.settled_at = OutgoingState.UNKNOWN, True, None

    @property
    def was_dropped(self) -> bool:
        """It may have left, nobody found out, and somebody gave it up."""
        return self.state is OutgoingState.CANCELLED and self.past_the_dot

    @property
    def is_only_late(self) -> bool:
        """Of one in doubt: it is overdue, and nobody has looked into Sent yet."""
        return self.looks > 0 and self.seen_in_sent is None and not self.past_the_dot


class OutgoingRecipient(Tenanted, table=True):
    """One address of the envelope, and what the server said to it."""

    __tablename__ = "outgoing_recipients"
    __table_args__ = (within_workspace("outgoing_id", "outgoing"),)

    outgoing_id: OutgoingId = Field(primary_key=True, sa_type=Uuid)
    n: int = Field(primary_key=True)
    kind: RecipientKind = enum_text(RecipientKind)
    name: str = ""
    address: str
    state: RecipientState = enum_text(RecipientState, default=RecipientState.PENDING)
    detail: str = ""


class OutgoingFile(Tenanted, table=True):
    """One file that is attached; its bytes lie in the blob store."""

    __tablename__ = "outgoing_files"
    __table_args__ = (within_workspace("outgoing_id", "outgoing"),)

    outgoing_id: OutgoingId = Field(primary_key=True, sa_type=Uuid)
    n: int = Field(primary_key=True)
    filename: str
    content_type: str
    size: int = Field(sa_type=BigInteger)
    sha256: bytes
    content_id: str | None = None
