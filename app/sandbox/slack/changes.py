"""What happened in the workspace, told to whoever watches: the page's streams and waiting tests."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from app.core.errors import Unavailable
from app.sandbox.slack.wire import JSON

_WAITING_AT_MOST: Final = 1_000
Value = TypeVar("Value")


class Watcher:
    """Changes in order. One who is too slow is cut off, and begins anew from the state."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[JSON] = asyncio.Queue(_WAITING_AT_MOST)
        self.cut_off = False


class Changes:
    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()
        self._turn: asyncio.Future[None] | None = None

    def tell(self, kind: str, **what: object) -> None:
        change = {"kind": kind, **what}
        for watcher in self._watchers:
            if watcher.queue.full():
                watcher.cut_off = True
            else:
                watcher.queue.put_nowait(change)
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)

    @contextlib.contextmanager
    def watch(self) -> Iterator[Watcher]:
        watcher = Watcher()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    async def until(self, found: Callable[[], Value], seconds: float) -> Value:
        """Wait until `found()` answers something true, looking again after each change."""
        try:
            async with asyncio.timeout(seconds):
                while not (value := found()):
                    await asyncio.shield(self._next_turn())
                return value
        except TimeoutError:
            raise Unavailable(f"It did not happen within {seconds:g} s.") from None

    def _next_turn(self) -> asyncio.Future[None]:
        if self._turn is None or self._turn.done():
            self._turn = asyncio.get_running_loop().create_future()
        return self._turn
