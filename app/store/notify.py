"""Waking one process from another: Postgres' LISTEN and NOTIFY.

A notice says only *look again*: `topic:key`. Whoever is woken reads the rows, so a notice that is
lost costs a delay, never a mail. After a lost connection everybody is woken, for the same reason.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Self

import psycopg
from sqlalchemy import URL

from app.core.logging import get_logger
from app.store.engine import PatientConnection, conninfo, listen_options

CHANNEL: Final = "sharedbox"
_RECONNECT_SECONDS: Final = 1.0
log = get_logger(__name__)


class Topic(StrEnum):
    ACCOUNT = "account"
    """Something is to be done for an account; the key is its id."""
    ACCOUNTS = "accounts"
    """An account was added, changed or removed; no key."""
    LOGIN = "login"
    """The way into an account was changed, or nobody is to go it any more; the key is its id."""
    CHANNEL = "channel"
    """A post of a channel waits or is stale; the key is `workspace/channel`."""
    ALARMS = "alarms"
    """There is something to be told; no key."""
    TRIAL = "trial"
    """A step of a live test has begun or ended; the key is the trial's id."""
    GRANT = "grant"
    """New tokens came, or none will; the key is the grant's id."""
    EVENTS = "events"
    """The log grew; the key is the workspace."""


class Waker:
    """Remembers that it was woken until the wait that notices it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._has_news = False

    def wake(self) -> None:
        self._has_news = True
        self._event.set()

    def stir(self) -> None:
        """End the wait without news: something else has come that its owner waits for."""
        self._event.set()

    @property
    def has_news(self) -> bool:
        """Whether there is something to take, even if a wait has noticed it."""
        return self._has_news

    def take_news(self) -> bool:
        """Whether it was woken since this was asked last."""
        had, self._has_news = self._has_news, False
        return had

    async def wait(self, seconds: float | None = None) -> bool:
        """Whether we were woken (again) before the time was up."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class NotificationHub:
    """One LISTEN connection for a whole process."""

    def __init__(self, url: URL) -> None:
        self._conninfo = conninfo(url)
        self._wakers: dict[str, set[Waker]] = defaultdict(set)
        self._listening = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen_for_ever(), name="notifications")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    @contextlib.contextmanager
    def waker(self, topic: Topic, key: object = "", waker: Waker | None = None) -> Iterator[Waker]:
        """Hear of one subject, by a waker of one's own or a new one, while the context lasts."""
        waker, subject = waker or Waker(), f"{topic}:{key}"
        self._wakers[subject].add(waker)
        try:
            yield waker
        finally:
            self._wakers[subject].discard(waker)
            if not self._wakers[subject]:
                del self._wakers[subject]

    async def until_listening(self) -> None:
        await self._listening.wait()

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                log.warning("notifications.lost", error=str(error))
            self._listening.clear()
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen(self) -> None:
        connection = await PatientConnection.connect(self._conninfo, **listen_options())  # type: ignore[arg-type]
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            self._listening.set()
            self._wake_all()
            async for notice in connection.notifies():
                for waker in tuple(self._wakers.get(notice.payload, ())):
                    waker.wake()

    def _wake_all(self) -> None:
        for wakers in self._wakers.values():
            for waker in wakers:
                waker.wake()
