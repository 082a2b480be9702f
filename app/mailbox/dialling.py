"""How fast a worker may call mail servers, and how many at once.

When a worker starts, or a network returns, a thousand accounts want a connection in the same
second. They get them one after the other: a bounded number at once, no more of one host than it
likes, and at a steady rate. The spacing varies by chance, so that many workers which started
together do not stay in step.
"""

import asyncio
import random
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

BURST: Final = 8
"""So many calls after a quiet time go through at once: a small team's accounts never wait."""


class DialRate:
    """A token bucket: `per_second` calls in the long run, a few at once after a quiet time."""

    def __init__(
        self,
        per_second: float,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._apart = 1 / per_second
        self._now, self._sleep, self._chance = now, sleep, chance
        self._free_at = now() - BURST * self._apart

    async def turn(self) -> None:
        """Wait for one's turn."""
        now = self._now()
        turn = max(self._free_at, now - BURST * self._apart)
        self._free_at = turn + self._apart * (0.5 + self._chance())
        if turn > now:
            await self._sleep(turn - now)


class DialGate:
    """What every call goes through."""

    def __init__(self, rate: DialRate, *, at_once: int) -> None:
        self._rate = rate
        self._all = asyncio.Semaphore(at_once)
        self._hosts: weakref.WeakValueDictionary[str, asyncio.Semaphore] = (
            weakref.WeakValueDictionary()
        )

    @asynccontextmanager
    async def passage(self, host: str, *, at_once: int) -> AsyncIterator[None]:
        """Call `host` within. Who waits for one host's line holds up nobody else."""
        line = self._hosts.get(host)
        if line is None:
            line = self._hosts[host] = asyncio.Semaphore(at_once)
        async with line, self._all:
            await self._rate.turn()
            yield
