"""A list that somebody wanted to be taken off, and what its server said to that."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Uuid
from sqlmodel import Field

from app.core.access import Origin
from app.core.ids import (
    AccountId,
    ConversationId,
    ListExitId,
    MessageId,
    OutgoingId,
    TeammateId,
    new_id,
)
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, timestamp


class ListExitState(StrEnum):
    ASKED = "asked"
    """The request is still to be made, or to be made again."""
    MAILED = "mailed"
    """A mail asks for it; how that goes, its own row tells."""
    DONE = "done"
    """The list's server took the request."""
    REFUSED = "refused"
    """It did not, or could not be reached; `detail` says why."""


class ListExit(Tenanted, table=True):
    __tablename__ = "list_exits"
    __table_args__ = (
        within_workspace("account_id", "accounts"),
        within_workspace("conversation_id", "conversations"),
        within_workspace("message_id", "messages"),
        within_workspace("outgoing_id", "outgoing", ondelete="SET NULL"),
        within_workspace("requested_by_id", "teammates", ondelete="SET NULL"),
        Index("ix_list_exits_conversation", "workspace_id", "conversation_id", "id"),
        Index("ix_list_exits_message", "workspace_id", "message_id"),
        Index("ix_list_exits_outgoing", "workspace_id", "outgoing_id"),
        Index("ix_list_exits_requested_by", "workspace_id", "requested_by_id"),
        Index("ix_list_exits_account", "workspace_id", "account_id"),
    )

    id: ListExitId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    account_id: AccountId = Field(sa_type=Uuid)
    conversation_id: ConversationId = Field(sa_type=Uuid)
    message_id: MessageId = Field(sa_type=Uuid)
    """The mail that says how to leave."""
    origin: Origin = enum_text(Origin)
    requested_by_id: TeammateId | None = Field(default=None, sa_type=Uuid)
    way: str
    """`one_click` or `mail`; see `mail.lists.Way`."""
    whom: str
    """Who is asked: a host, or an address."""
    url: str = ""
    """Where the one request goes."""
    state: ListExitState = enum_text(ListExitState)
    detail: str = ""
    attempts: int = 0
    """Counted before each request."""
    outgoing_id: OutgoingId | None = Field(default=None, sa_type=Uuid)
    """The mail that asks for it."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    settled_at: datetime | None = timestamp(default=None)
