"""Who wants to be told of events by HTTP, and what became of telling them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Index, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from app.core.ids import DeliveryId, WebhookId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, text_list, timestamp


class WebhookState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    """By a person."""
    STOPPED = "stopped"
    """By us: its server said that it is gone, or took nothing for days."""


class Webhook(Tenanted, table=True):
    __tablename__ = "webhooks"

    id: WebhookId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    url: str
    description: str = ""
    event_types: list[str] = text_list()
    """Such as `message.received`, or `message.*`; empty for all."""
    account_ids: list[UUID] | None = Field(default=None, sa_type=ARRAY(Uuid))
    secret: bytes
    former_secret: bytes | None = None
    """Signs as well until `former_until`, so that a secret is changed without a gap."""
    former_until: datetime | None = timestamp(default=None)
    state: WebhookState = enum_text(WebhookState, default=WebhookState.ACTIVE)
    cursor: int = Field(default=0, sa_type=BigInteger)
    """The last event that was delivered, refused for good, or not wanted."""
    attempts: int = 0
    """At the event after the cursor."""
    failing_since: datetime | None = timestamp(default=None)
    next_try_at: datetime | None = timestamp(default=None)
    detail: str = ""
    """Why the last attempt failed, in words; empty where it did not."""
    last_delivered_at: datetime | None = timestamp(default=None)
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())


class Outcome(StrEnum):
    DELIVERED = "delivered"
    FAILED = "failed"
    """It is tried again."""
    REFUSED = "refused"
    """The server refused this event again and again; the next ones go on."""


class WebhookDelivery(Tenanted, table=True):
    """One attempt. Kept for a week."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        within_workspace("webhook_id", "webhooks"),
        Index("ix_webhook_deliveries_webhook", "workspace_id", "webhook_id", "id"),
        Index("ix_webhook_deliveries_at", "at"),
    )

    id: DeliveryId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    webhook_id: WebhookId = Field(sa_type=Uuid)
    seq: int = Field(sa_type=BigInteger)
    event_type: str
    attempt: int
    outcome: Outcome = enum_text(Outcome)
    status: int | None = None
    """Of the HTTP answer; None where there was none."""
    milliseconds: int
    detail: str = ""
    at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
