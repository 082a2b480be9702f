"""Which channel an account's mail goes to, where that is not simply the account's own."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String, UniqueConstraint, Uuid
from sqlmodel import Field

from app.core.ids import AccountId, ChannelId, RouteId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, timestamp


class RouteKind(StrEnum):
    ALIAS = "alias"
    """The address the customer wrote to, in lower case."""
    FOLDER = "folder"
    """The folder it came into, by its name on the server."""


class Route(Tenanted, table=True):
    """Decides for new conversations only; a card stays where it is."""

    __tablename__ = "routes"
    __table_args__ = (
        within_workspace("account_id", "accounts"),
        UniqueConstraint("workspace_id", "account_id", "kind", "value"),
    )

    id: RouteId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    account_id: AccountId = Field(sa_type=Uuid)
    kind: RouteKind = enum_text(RouteKind)
    value: str
    channel_id: ChannelId = Field(sa_type=String)
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
