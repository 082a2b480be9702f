"""A Slack workspace: the tenant."""

from datetime import datetime

from sqlalchemy import String, Uuid
from sqlmodel import Field, SQLModel

from app.core.ids import ChannelId, WorkspaceId, new_id
from app.store.base import now_in_database
from app.store.types import timestamp


class Workspace(SQLModel, table=True):
    __tablename__ = "workspaces"

    id: WorkspaceId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    name: str = ""
    slack_team_id: str | None = Field(default=None, unique=True)
    """None until the workspace is connected to Slack."""
    guests_may_act: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """Whether guests of the Slack workspace may work with mail, and not only read it."""
    strangers_may_act: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """The same of people of other workspaces, in channels shared with them."""
    ops_channel_id: ChannelId | None = Field(default=None, sa_type=String)
    """Where alarms stand as cards, beside what the admins are told directly; None: nowhere."""
    erasing_since: datetime | None = timestamp(default=None)
    """Somebody wants all of it gone: nobody gets in, and nothing new is begun."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
