"""A browser that is signed in. Only the digest of what it shows is kept."""

from datetime import datetime

from sqlalchemy import Uuid
from sqlmodel import Field

from app.core.ids import SessionId, TeammateId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import timestamp


class BrowserSession(Tenanted, table=True):
    __tablename__ = "browser_sessions"
    __table_args__ = (within_workspace("teammate_id", "teammates"),)

    id: SessionId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    digest: bytes = Field(unique=True)
    teammate_id: TeammateId = Field(sa_type=Uuid, index=True)
    signed_in_by: str
    """`password`, `password and code`, `recovery code`, `Slack`, `invitation`."""
    browser: str = ""
    """What it calls itself."""
    address: str = ""
    """Where it was last seen."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    seen_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    """To the minute."""
    expires_at: datetime = timestamp()
    """Whatever it does until then."""
    asked_at: datetime | None = timestamp(default=None)
    """When Slack was last asked whether somebody who signed in by it still belongs to the team."""
    vouched_at: datetime | None = timestamp(default=None)
    """When it last said yes; None where it was not asked since they signed in."""
