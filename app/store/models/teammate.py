"""A person of the team."""

from datetime import datetime

from sqlalchemy import String, UniqueConstraint, Uuid
from sqlmodel import Field

from app.core.access import Role
from app.core.ids import SlackUserId, TeammateId, new_id
from app.store.base import Tenanted, now_in_database
from app.store.types import enum_text, timestamp


class Teammate(Tenanted, table=True):
    __tablename__ = "teammates"
    __table_args__ = (UniqueConstraint("workspace_id", "slack_user_id"),)

    id: TeammateId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    slack_user_id: SlackUserId | None = Field(default=None, sa_type=String)
    name: str = ""
    time_zone: str | None = None
    """As Slack last told it, by its name in the IANA database; None where it never did."""
    role: Role | None = enum_text(Role, default=None)
    """As somebody decided; None where nobody did."""
    barred_at: datetime | None = timestamp(default=None)
    """Since when they may not sign in to the admin; None while they may."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())

    @property
    def standing(self) -> Role:
        """What they may do. Whoever came by Slack works with mail until somebody says otherwise."""
        return self.role or Role.AGENT
