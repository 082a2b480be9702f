"""Somebody the team has had mail with at an account, as the window for writing offers them.

Kept beside the mails, since no question of theirs would find a person by half a name in time.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Computed, Index, Uuid
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field

from app.core.ids import AccountId, ConversationId
from app.store.base import Tenanted, within_workspace
from app.store.types import timestamp

_SEARCHABLE = (
    "to_tsvector('simple', left(name, 200) || ' ' || left(address, 320) || ' ' || "
    "translate(left(address, 320), '@._+-', '     '))"
)


class Contact(Tenanted, table=True):
    __tablename__ = "contacts"
    __table_args__ = (
        within_workspace("account_id", "accounts"),
        within_workspace("conversation_id", "conversations"),
        Index("ix_contacts_latest", "workspace_id", "last_at"),
        Index("ix_contacts_conversation", "workspace_id", "conversation_id"),
        Index("ix_contacts_search", "search", postgresql_using="gin"),
    )

    account_id: AccountId = Field(primary_key=True, sa_type=Uuid)
    address: str = Field(primary_key=True)
    """In lower case."""
    name: str = ""
    times: int = 1
    """Mails from them, and mails to them."""
    last_at: datetime = timestamp()
    conversation_id: ConversationId = Field(sa_type=Uuid)
    """Of the last mail: who sees it may know of them."""
    search: Any = Field(
        default=None, sa_column=Column("search", TSVECTOR, Computed(_SEARCHABLE, persisted=True))
    )
