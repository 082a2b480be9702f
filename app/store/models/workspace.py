"""A Slack workspace: the tenant."""

from datetime import datetime

from sqlalchemy import Uuid
from sqlmodel import Field, SQLModel

from app.core.ids import WorkspaceId, new_id
from app.store.base import now_in_database
from app.store.types import timestamp


class Workspace(SQLModel, table=True):
    __tablename__ = "workspaces"

    id: WorkspaceId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    name: str = ""
    slack_team_id: str | None = Field(default=None, unique=True)
    """None until the workspace is connected to Slack."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
