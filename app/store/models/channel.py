"""A Slack channel we post to, and whether we can."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy
from sqlalchemy import BigInteger, String, Uuid
from sqlmodel import Field

from app.core.ids import ChannelId, PostId
from app.store.base import Tenanted
from app.store.types import enum_text, timestamp


class ChannelState(StrEnum):
    OPEN = "open"
    PAUSED = "paused"
    """Slack refuses our posts there; `detail` says why. What waits is kept."""
    HELD = "held"
    """It is shared with another organisation, and no admin has said yes to that yet. What waits is
    kept."""


CLOSED_FOR = frozenset({"archived", "deleted", "left"})
"""Reasons for a pause that Slack itself told us, or a person wants so: nobody tries to post there
all the same."""


class Exposure(StrEnum):
    """How much of a mail is shown in a channel."""

    HEADERS = "headers"
    """Who wrote, when, about what; none of the words, and no files."""
    LINES = "lines"
    """The first three lines as well."""
    FULL = "full"


class Channel(Tenanted, table=True):
    __tablename__ = "channels"

    id: ChannelId = Field(primary_key=True, sa_type=String)
    state: ChannelState = enum_text(ChannelState, default=ChannelState.OPEN)
    detail: str = ""
    reason: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Why it is not open, in one word that scripts can rely on."""
    name: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """As Slack last said it, without its #."""
    is_private: bool = Field(default=False, sa_column_kwargs={"server_default": sqlalchemy.false()})
    is_shared: bool = Field(default=False, sa_column_kwargs={"server_default": sqlalchemy.false()})
    """With another organisation (Slack Connect)."""
    sharing_accepted: bool = Field(
        default=False, sa_column_kwargs={"server_default": sqlalchemy.false()}
    )
    """An admin knows that it is shared, and wants mail there all the same."""
    changes: int = Field(default=0, sa_column_kwargs={"server_default": sqlalchemy.text("0")})
    """Raised whenever its state changes, so that each change is told once."""
    exposure: Exposure = enum_text(
        Exposure, default=Exposure.FULL, sa_column_kwargs={"server_default": "full"}
    )
    emoji_actions: bool = Field(
        default=False, sa_column_kwargs={"server_default": sqlalchemy.false()}
    )
    """Whether emoji on a card act; see `commands.react`."""
    next_post_at: datetime | None = timestamp(default=None)
    """Not before this moment, by Slack's pace or its Retry-After."""
    next_edit_at: datetime | None = timestamp(default=None)
    """No message there is edited before this moment, because Slack asked us to wait."""
    minute_began_at: datetime | None = timestamp(default=None)
    """When the first card of the present minute was posted; see `feed.burst`."""
    minute_cards: int = Field(default=0, sa_column_kwargs={"server_default": sqlalchemy.text("0")})
    """How many cards were posted since then."""
    all_through: int = Field(
        default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": sqlalchemy.text("0")}
    )
    """Somebody asked for all: posts up to this `seq` are held back no longer."""
    digest_id: PostId | None = Field(default=None, sa_type=Uuid)
    """The message that stands for the cards that are held back."""

    @property
    def title(self) -> str:
        """As people know it."""
        return f"#{self.name}" if self.name else self.id
