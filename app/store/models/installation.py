"""Our app in one Slack workspace, with the bot token we act by."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Uuid
from sqlmodel import Field

from app.core.ids import InstallationId, new_id
from app.store.base import Tenanted, now_in_database
from app.store.types import enum_text, text_list, timestamp


class InstallationState(StrEnum):
    ACTIVE = "active"
    REVOKED = "revoked"


class Installation(Tenanted, table=True):
    __tablename__ = "installations"

    id: InstallationId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    team_id: str = Field(unique=True)
    team_name: str = ""
    enterprise_id: str | None = None
    app_id: str | None = None
    bot_id: str
    bot_user_id: str
    bot_token: bytes
    """Sealed by the vault."""
    scopes: list[str] = text_list()
    state: InstallationState = enum_text(InstallationState, default=InstallationState.ACTIVE)
    detail: str = ""
    updated_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
