"""A live test of a mailbox's servers: asked for by a front door, made by a worker, step by step."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import LargeBinary, Uuid, false
from sqlmodel import Field

from app.core.ids import AccountId, GrantId, TrialId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, json_object, timestamp


class TrialState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"


class Trial(Tenanted, table=True):
    __tablename__ = "trials"
    __table_args__ = (
        within_workspace("account_id", "accounts"),
        within_workspace("grant_id", "oauth_grants"),
    )

    id: TrialId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    account_id: AccountId | None = Field(default=None, sa_type=Uuid)
    """None where the account is still to be connected."""
    grant_id: GrantId | None = Field(default=None, sa_type=Uuid)
    address: str
    servers: bytes | None = Field(default=None, sa_type=LargeBinary)
    """Both servers with their passwords, sealed by the vault; forgotten when it is done."""
    with_loop: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether a mail is sent to the mailbox itself."""
    state: TrialState = enum_text(TrialState, default=TrialState.WAITING)
    steps: list[dict[str, Any]] = json_object(default_factory=list)
    found: dict[str, Any] = json_object(default_factory=dict)
    """What a person chooses from: folders, and how much mail there is for each window."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    finished_at: datetime | None = timestamp(default=None)
