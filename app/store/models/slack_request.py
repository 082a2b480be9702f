"""A delivery from Slack we have already acted on, so that its repetition does nothing."""

from datetime import datetime

from sqlmodel import Field

from app.store.base import Tenanted, now_in_database
from app.store.types import timestamp


class SlackRequest(Tenanted, table=True):
    __tablename__ = "slack_requests"

    key: str = Field(primary_key=True)
    """The event_id of an event, the trigger_id or view of an interaction."""
    seen_at: datetime = timestamp(default=None, index=True, sa_column_kwargs=now_in_database())
