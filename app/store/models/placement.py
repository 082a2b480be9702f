"""The ledger: what became of every UID we ever saw."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, UniqueConstraint, Uuid
from sqlmodel import Field

from app.core.ids import MailboxId, MessageId, PlacementId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, text_list, timestamp


class PlacementState(StrEnum):
    PENDING = "pending"
    """Seen, and being brought in; the only state that is not settled."""
    STORED = "stored"
    """It is the message `message_id`."""
    QUARANTINED = "quarantined"
    """It could not be fetched or read; `reason` says why."""
    VANISHED = "vanished"
    """The server listed it, and it was gone before we could fetch it."""
    SKIPPED = "skipped"
    """It is none for the team: it was there before we began to watch, and a reset of the UIDs made
    it look new; or it proved an address to be ours."""


class Placement(Tenanted, table=True):
    __tablename__ = "placements"
    __table_args__ = (
        UniqueConstraint("workspace_id", "id"),
        within_workspace("mailbox_id", "mailboxes"),
        within_workspace("message_id", "messages"),
        Index("ix_placements_message", "workspace_id", "message_id"),
        Index(
            "ix_placements_live",
            "workspace_id",
            "mailbox_id",
            "uidvalidity",
            "uid",
            postgresql_where="state = 'stored' AND gone_at IS NULL",
        ),
        Index(
            "ix_placements_pending",
            "workspace_id",
            "mailbox_id",
            postgresql_where="state = 'pending'",
        ),
        Index(
            "ix_placements_quarantined",
            "workspace_id",
            "seen_at",
            "id",
            postgresql_where="state = 'quarantined'",
        ),
    )

    mailbox_id: MailboxId = Field(primary_key=True, sa_type=Uuid)
    uidvalidity: int = Field(primary_key=True, sa_type=BigInteger)
    uid: int = Field(primary_key=True, sa_type=BigInteger)
    id: PlacementId = Field(sa_type=Uuid, default_factory=new_id)
    state: PlacementState = enum_text(PlacementState, default=PlacementState.PENDING)
    message_id: MessageId | None = Field(default=None, sa_type=Uuid)
    reason: str = ""
    attempts: int = 0
    """Counted before each attempt, so that a mail that kills the worker is counted too."""
    raw_sha256: bytes | None = None
    size: int | None = Field(default=None, sa_type=BigInteger)
    internaldate: datetime | None = timestamp(default=None)
    flags: list[str] = text_list()
    seen_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    gone_at: datetime | None = timestamp(default=None)
    """When it left this folder: moved, expunged, or lost to a reset of the UIDs."""
