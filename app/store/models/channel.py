"""A Slack channel we post to, and whether we can."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String
from sqlmodel import Field

from app.core.ids import ChannelId
from app.store.base import Tenanted
from app.store.types import enum_text, timestamp


class ChannelState(StrEnum):
    OPEN = "open"
    PAUSED = "paused"
    """Slack refuses our posts there; `detail` says why. What waits is kept."""


class Channel(Tenanted, table=True):
    __tablename__ = "channels"

    id: ChannelId = Field(primary_key=True, sa_type=String)
    state: ChannelState = enum_text(ChannelState, default=ChannelState.OPEN)
    detail: str = ""
    next_post_at: datetime | None = timestamp(default=None)
    """Not before this moment, by Slack's pace or its Retry-After."""
