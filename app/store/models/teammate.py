"""A person of the team."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, UniqueConstraint, Uuid
from sqlmodel import Field

from app.core.access import Role
from app.core.ids import SlackUserId, TeammateId, new_id
from app.store.base import Tenanted, now_in_database
from app.store.types import enum_text, text_list, timestamp


class Notice(StrEnum):
    """What somebody is told directly, unless they would rather not be."""

    ASSIGNED = "assigned"
    """A colleague gave them a conversation."""
    REMINDED = "reminded"
    """What is theirs has stood still for long."""
    WOKEN = "woken"
    """What they put to sleep is awake, or no answer came by when they wanted to be told."""


class Teammate(Tenanted, table=True):
    __tablename__ = "teammates"
    __table_args__ = (
        UniqueConstraint("workspace_id", "slack_user_id"),
        Index(
            "ix_teammates_summary_at",
            "summary_at",
            postgresql_where="summary_at IS NOT NULL",
        ),
    )

    id: TeammateId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    slack_user_id: SlackUserId | None = Field(default=None, sa_type=String)
    name: str = ""
    time_zone: str | None = None
    """As Slack last told it, by its name in the IANA database; None where it never did."""
    role: Role | None = enum_text(Role, default=None)
    """As somebody decided; None where nobody did."""
    barred_at: datetime | None = timestamp(default=None)
    """Since when they may not sign in to the admin; None while they may."""
    quiet_about: list[str] = text_list(sa_column_kwargs={"server_default": "{}"})
    """The kinds of `Notice` they do not want."""
    summary_at: datetime | None = timestamp(default=None)
    """When they next get their summary of the day; None where they want none."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())

    @property
    def standing(self) -> Role:
        """What they may do. Whoever came by Slack works with mail until somebody says otherwise."""
        return self.role or Role.AGENT

    def wants(self, notice: Notice) -> bool:
        return notice not in self.quiet_about
