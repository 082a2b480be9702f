"""What somebody is writing, or has begun to write.

A draft belongs to one person. While its window is open it says so to the others: `writing_until` is
pushed on by everything they type, and ends by itself where a window is never closed. Once it is
sent the draft stays until the mail has left, so that a mail that is taken back can be written on.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, Index, UniqueConstraint, Uuid
from sqlmodel import Field

from app.core.ids import (
    AccountId,
    APIKeyId,
    ConversationId,
    DraftId,
    OutgoingId,
    TeammateId,
    new_id,
)
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import json_object, timestamp


class Draft(Tenanted, table=True):
    __tablename__ = "drafts"
    __table_args__ = (
        within_workspace("account_id", "accounts"),
        within_workspace("conversation_id", "conversations"),
        within_workspace("author_id", "teammates"),
        within_workspace("taken_by_id", "teammates", ondelete="SET NULL"),
        within_workspace("outgoing_id", "outgoing", ondelete="SET NULL"),
        UniqueConstraint("workspace_id", "conversation_id", "author_id"),
        Index("ix_drafts_author", "workspace_id", "author_id"),
        Index("ix_drafts_outgoing", "workspace_id", "outgoing_id"),
        Index("ix_drafts_writing", "writing_until", postgresql_where="writing_until IS NOT NULL"),
    )

    id: DraftId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    account_id: AccountId = Field(sa_type=Uuid)
    conversation_id: ConversationId | None = Field(default=None, sa_type=Uuid)
    """None: a new mail."""
    author_id: TeammateId = Field(sa_type=Uuid)
    key_id: APIKeyId | None = Field(default=None, sa_type=Uuid)
    """The API key that began it, until its author has written on it themself."""
    content: dict[str, Any] = json_object(default_factory=dict)
    """The fields of the window it is written in."""
    typed_at: float = Field(default=0.0, sa_type=Float)
    """When the window saw the last change, by its own clock: what comes late changes nothing."""
    view_id: str | None = None
    """The window it is open in."""
    writing_until: datetime | None = timestamp(default=None)
    """In the database's time."""
    taken_by_id: TeammateId | None = Field(default=None, sa_type=Uuid)
    """Who has taken the text over to go on with it."""
    outgoing_id: OutgoingId | None = Field(default=None, sa_type=Uuid)
    """The mail that was made of it."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    updated_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
