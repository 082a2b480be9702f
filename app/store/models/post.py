"""One thing we show in a channel, and what became of it there.

waiting ──claim──▶ claimed ──answer──▶ sent
   ▲                  │ no answer: look it up before anything is repeated
   └──── not there ───┤
                      └──refused──▶ parked
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, Identity, Index, String, Uuid
from sqlmodel import Field

from app.core.ids import ChannelId, ConversationId, MessageId, PlacementId, PostId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, json_object, timestamp


class PostKind(StrEnum):
    CARD = "card"
    """The one message of a conversation; edited in place."""
    MAIL = "mail"
    """A later mail, in the thread of its card."""
    NOTICE = "notice"
    """A line in the thread: something failed, or changed hands."""
    QUARANTINE = "quarantine"
    """A mail we could not read, standing in the channel like a card."""
    OUTGOING = "outgoing"
    """A mail of ours, in the thread of its conversation's card, from the moment it is asked for."""
    DIRECT = "direct"
    """To one person, directly: a conversation was given to them, a mail of theirs did not go."""
    ALARM = "alarm"
    """A mailbox gives no sign of life: to an admin, directly."""
    ALARM_OVER = "alarm_over"
    """It does again."""
    REMINDER = "reminder"
    """Conversations that nobody has taken, in one line of the channel."""
    DIGEST = "digest"
    """Stands for the cards that are held back while very many come at once."""
    FILE = "file"
    """The raw mail, attached in the thread of its quarantine post."""


class PostState(StrEnum):
    WAITING = "waiting"
    CLAIMED = "claimed"
    SENT = "sent"
    PARKED = "parked"
    """Slack will not take it as it is; `detail` says why."""
    DELETED = "deleted"
    """Somebody deleted it in Slack. It is not posted again."""


class ParkedFor(StrEnum):
    """Why Slack will not take a post: kept in its payload, for what is mended goes by itself."""

    CONTENT = "content"
    """What it says, even in plain text."""
    THREAD = "thread"
    """The card it stands under is not there."""
    SCOPE = "scope"
    """The app may not share files."""


class Post(Tenanted, table=True):
    __tablename__ = "posts"
    __table_args__ = (
        within_workspace("conversation_id", "conversations"),
        within_workspace("message_id", "messages"),
        Index(
            "uq_posts_card",
            "workspace_id",
            "channel_id",
            "conversation_id",
            unique=True,
            postgresql_where="kind = 'card'",
        ),
        Index(
            "uq_posts_mail",
            "workspace_id",
            "channel_id",
            "message_id",
            unique=True,
            postgresql_where="kind = 'mail'",
        ),
        Index(
            "uq_posts_placement",
            "workspace_id",
            "channel_id",
            "placement_id",
            "kind",
            unique=True,
            postgresql_where="placement_id IS NOT NULL",
        ),
        Index(
            "ix_posts_unsent",
            "workspace_id",
            "channel_id",
            "seq",
            postgresql_where="state IN ('waiting', 'claimed')",
        ),
        Index(
            "ix_posts_stale",
            "workspace_id",
            "channel_id",
            postgresql_where="wanted > shown AND state = 'sent'",
        ),
        Index("ix_posts_ts", "workspace_id", "channel_id", "ts"),
        Index("ix_posts_conversation", "workspace_id", "conversation_id"),
    )

    id: PostId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    seq: int | None = Field(
        default=None, sa_column=Column("seq", BigInteger, Identity(always=True), nullable=False)
    )
    """The order in which posts enter a channel."""
    channel_id: ChannelId = Field(sa_type=String)
    kind: PostKind = enum_text(PostKind)
    conversation_id: ConversationId | None = Field(default=None, sa_type=Uuid)
    message_id: MessageId | None = Field(default=None, sa_type=Uuid)
    placement_id: PlacementId | None = Field(default=None, sa_type=Uuid)
    payload: dict[str, Any] = json_object(default_factory=dict)
    """What a notice or a mail of ours is about."""
    state: PostState = enum_text(PostState, default=PostState.WAITING)
    attempts: int = 0
    claimed_at: datetime | None = timestamp(default=None)
    ts: str | None = None
    """Slack's id of the message in its channel."""
    file_id: str | None = None
    """Slack's id of an upload that was begun."""
    detail: str = ""
    wanted: int = 0
    """Raised whenever what the post shows has changed."""
    shown: int = 0
    """The value of `wanted` that Slack shows."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
