"""Somebody's Home tab in Slack, which they opened lately and may be looking at."""

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlmodel import Field

from app.core.ids import SlackUserId
from app.store.base import Tenanted
from app.store.types import timestamp


class HomeView(Tenanted, table=True):
    __tablename__ = "homes"

    slack_user_id: SlackUserId = Field(primary_key=True, sa_type=String)
    opened_at: datetime = timestamp(index=True)
    """Slack tells when it is opened, and never when it is left."""
    drawn_at: datetime = timestamp()
    drawn_seq: int = Field(sa_type=BigInteger)
    """The event up to which it was drawn."""
    digest: bytes = b""
    """Of what it shows."""
