"""What the team says among itself about a conversation. It is never mailed."""

from datetime import datetime

from sqlalchemy import Index, String, Uuid
from sqlmodel import Field

from app.core.access import Origin
from app.core.ids import ChannelId, ConversationId, NoteId, TeammateId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, timestamp


class Note(Tenanted, table=True):
    __tablename__ = "notes"
    __table_args__ = (
        within_workspace("conversation_id", "conversations"),
        within_workspace("author_id", "teammates", ondelete="SET NULL"),
        Index("ix_notes_conversation", "workspace_id", "conversation_id", "id"),
        Index("ix_notes_author", "workspace_id", "author_id"),
        Index(
            "uq_notes_ts",
            "workspace_id",
            "channel_id",
            "ts",
            unique=True,
            postgresql_where="ts IS NOT NULL",
        ),
    )

    id: NoteId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    conversation_id: ConversationId = Field(sa_type=Uuid)
    author_id: TeammateId | None = Field(default=None, sa_type=Uuid)
    author_name: str = ""
    """As it was when the note was written: for those who are no teammates, such as scripts."""
    origin: Origin = enum_text(Origin)
    text: str
    channel_id: ChannelId | None = Field(default=None, sa_type=String)
    ts: str | None = None
    """The message in a card's thread that this note is; None for one that came by another door."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    edited_at: datetime | None = timestamp(default=None)
    deleted_at: datetime | None = timestamp(default=None)
