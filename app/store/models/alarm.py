"""A mailbox that gave no sign of life or lets nobody in, from when that was noticed to its end."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Uuid
from sqlmodel import Field

from app.core.ids import AccountId, AlarmId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, text_list, timestamp


class AlarmKind(StrEnum):
    SILENT = "silent"
    """Nobody has looked at it for too long."""
    SIGN_IN = "sign_in"
    """Its provider takes our token no more: somebody has to sign in again."""
    SHUT = "shut"
    """One of its folders is gone, or does not open any more, while others are looked at."""


class Alarm(Tenanted, table=True):
    __tablename__ = "alarms"
    __table_args__ = (
        within_workspace("account_id", "accounts"),
        Index(
            "uq_alarms_open",
            "workspace_id",
            "account_id",
            "folder",
            unique=True,
            postgresql_where="resolved_at IS NULL",
        ),
        Index(
            "ix_alarms_untold",
            "workspace_id",
            "id",
            postgresql_where="resolution_told_at IS NULL",
        ),
    )

    id: AlarmId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    account_id: AccountId = Field(sa_type=Uuid)
    kind: AlarmKind = enum_text(
        AlarmKind, default=AlarmKind.SILENT, sa_column_kwargs={"server_default": "silent"}
    )
    folder: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """The one that it is about, beside what is said of the account; empty where it is that."""
    folders: list[str] = text_list()
    """The silent folders, when it was raised; empty where no folder was ever looked at."""
    silent_since: datetime = timestamp()
    """The last sign of life."""
    raised_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    told_at: datetime | None = timestamp(default=None)
    """When the posts that tell the admins were written."""
    resolved_at: datetime | None = timestamp(default=None)
    resolution_told_at: datetime | None = timestamp(default=None)
