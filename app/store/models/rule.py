"""What the team wants done by itself with mail that comes in, and what was done."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Uuid
from sqlmodel import Field

from app.core.ids import (
    AccountId,
    ConversationId,
    MessageId,
    RuleApplicationId,
    RuleId,
    RuleRunId,
    TeammateId,
    new_id,
)
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, json_object, timestamp


class Rule(Tenanted, table=True):
    __tablename__ = "rules"
    __table_args__ = (
        within_workspace("account_id", "accounts"),
        within_workspace("created_by_id", "teammates", ondelete="SET NULL"),
        Index("ix_rules_position", "workspace_id", "position"),
    )

    id: RuleId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    account_id: AccountId | None = Field(default=None, sa_type=Uuid)
    """None: for every account."""
    name: str
    position: int = 0
    """Rules are asked in this order."""
    enabled: bool = True
    stop: bool = False
    """Whether the rules behind it are not asked about a mail that fits it."""
    body: dict[str, Any] = json_object(default_factory=dict)
    """Conditions and actions, as `rules.types.RuleBody` says them."""
    revision: int = 0
    """Raised by each change of what it does."""
    created_by_id: TeammateId | None = Field(default=None, sa_type=Uuid)
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    updated_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())


class RuleApplication(Tenanted, table=True):
    """One rule that fitted one mail: once, whatever happens. It outlives the rule."""

    __tablename__ = "rule_applications"
    __table_args__ = (
        within_workspace("rule_id", "rules", ondelete="SET NULL"),
        within_workspace("account_id", "accounts"),
        within_workspace("conversation_id", "conversations"),
        within_workspace("message_id", "messages"),
        Index(
            "uq_rule_applications_rule_message",
            "workspace_id",
            "rule_id",
            "message_id",
            unique=True,
        ),
        Index("ix_rule_applications_conversation", "workspace_id", "conversation_id"),
        Index("ix_rule_applications_message", "workspace_id", "message_id"),
        Index("ix_rule_applications_account", "workspace_id", "account_id"),
    )

    id: RuleApplicationId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    rule_id: RuleId | None = Field(default=None, sa_type=Uuid)
    rule_name: str
    account_id: AccountId = Field(sa_type=Uuid)
    conversation_id: ConversationId = Field(sa_type=Uuid)
    message_id: MessageId = Field(sa_type=Uuid)
    done: list[dict[str, Any]] = json_object(default_factory=list)
    """Each action, and what became of it."""
    on_history: bool = False
    """Somebody asked for it, long after the mail had come in."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())


class RunState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class RuleRun(Tenanted, table=True):
    """A rule applied to the mail that is there already, and how far that is."""

    __tablename__ = "rule_runs"
    __table_args__ = (
        within_workspace("rule_id", "rules"),
        within_workspace("requested_by_id", "teammates", ondelete="SET NULL"),
        Index(
            "uq_rule_runs_running",
            "workspace_id",
            "rule_id",
            unique=True,
            postgresql_where="state = 'running'",
        ),
    )

    id: RuleRunId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    rule_id: RuleId = Field(sa_type=Uuid)
    rule_revision: int
    """What the rule was when this was asked for: a changed rule ends it."""
    state: RunState = enum_text(RunState, default=RunState.RUNNING)
    detail: str = ""
    since: datetime | None = timestamp(default=None)
    """Older mail is left alone."""
    before_id: MessageId | None = Field(default=None, sa_type=Uuid)
    """It goes back from the mail that came last; this is where it is."""
    looked_at: int = 0
    matched: int = 0
    applied: int = 0
    """Of those that fitted, the mails for which something changed."""
    total: int = 0
    """How many mails there were to be looked at when it began."""
    requested_by_id: TeammateId | None = Field(default=None, sa_type=Uuid)
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    finished_at: datetime | None = timestamp(default=None)
