"""Whose turn it is in a group, and when whom is to be reminded of what."""

from datetime import datetime

import sqlalchemy
from sqlalchemy import ARRAY, Index, Integer, String, Uuid
from sqlmodel import Field

from app.core.ids import AccountId, ReminderSettingsId, SlackUserId, new_id
from app.store.base import Tenanted, within_workspace
from app.store.types import timestamp


class RotationTurn(Tenanted, table=True):
    """One member of a Slack user group: when a conversation was last given to them by turns."""

    __tablename__ = "rotation_turns"

    group_id: str = Field(primary_key=True)
    slack_user_id: SlackUserId = Field(primary_key=True, sa_type=String)
    last_at: datetime = timestamp()


class ReminderSettings(Tenanted, table=True):
    """For one account, or for all that have none of their own. Hours of 0 remind of nothing."""

    __tablename__ = "reminder_settings"
    __table_args__ = (
        within_workspace("account_id", "accounts"),
        Index(
            "uq_reminder_settings_account",
            "workspace_id",
            "account_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: ReminderSettingsId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    account_id: AccountId | None = Field(default=None, sa_type=Uuid)
    is_on: bool = Field(default=True, sa_column_kwargs={"server_default": sqlalchemy.true()})
    unassigned_hours: int = 24
    no_action_hours: int = 48
    no_answer_hours: int = 72
    time_zone: str = "UTC"
    """By its name in the IANA database."""
    days: list[int] = Field(
        default_factory=lambda: [0, 1, 2, 3, 4], sa_type=ARRAY(Integer), nullable=False
    )
    """The days on which people work; 0 is Monday."""
    opens_at: int = 9 * 60
    """Minutes after midnight."""
    closes_at: int = 17 * 60
