"""One channel while it is drained, and how long to wait for what."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from app.core.clock import Clock
from app.core.ids import ChannelId, WorkspaceId
from app.feed.earlier import Earlier
from app.feed.port import SlackFeed, SlackFeeds
from app.store.blobs import Blobs
from app.store.notify import NotificationHub, Waker
from app.store.unit_of_work import Store

POSTS_APART: Final = timedelta(seconds=1)
"""About one message a second in a channel (docs.slack.dev/apis/web-api/rate-limits)."""
PAUSE: Final = timedelta(minutes=10)
"""How long a channel that refuses us is left alone."""
LONGEST_HOLD: Final = timedelta(hours=1, minutes=5)
"""No channel is left alone for longer, so that a clock that is set back silences none."""
_PATIENCE: Final = (1, 2, 5, 10, 30, 60)
"""Seconds to wait after the n-th attempt that Slack did not answer."""


class Later(Exception):
    """Nothing more can be done before `at`."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at.isoformat())
        self.at = at


@dataclass(frozen=True, slots=True)
class Feeding:
    """What it takes to drain channels."""

    store: Store
    blobs: Blobs
    slack: SlackFeeds
    hub: NotificationHub
    clock: Clock
    apart: timedelta = POSTS_APART
    earlier: Earlier = field(default_factory=Earlier)
    site: str = "https://slack.com/"
    """Where links to cards begin."""
    pages: str = ""
    """Where links to our own pages begin."""
    cards_per_minute: int = 0
    """More new cards than that in one channel are held back for a while; 0: never."""
    slept_seconds: float = 10
    """Who stood still for so long between the claim and the post may no longer post unseen: another
    worker may have looked, found nothing, and posted. The claim is found again, and looked up."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process is to end: what is left is left to others."""


@dataclass(frozen=True, slots=True)
class Draining:
    """One channel, the workspace's Slack, and whoever wakes us."""

    feeding: Feeding
    workspace_id: WorkspaceId
    channel_id: ChannelId
    slack: SlackFeed
    waker: Waker

    @property
    def store(self) -> Store:
        return self.feeding.store

    def now(self) -> datetime:
        return self.feeding.clock.now()


def patience(attempts: int) -> timedelta:
    return timedelta(seconds=_PATIENCE[min(max(attempts, 1), len(_PATIENCE)) - 1])


def plausible(moment: datetime, now: datetime) -> datetime:
    """When something is due; now, where it was put off before the clock was set back."""
    return now if moment > now + LONGEST_HOLD else moment
