"""How many bytes of mail one worker holds at once, over all its accounts.

A portion of mail is booked before it is fetched and given back once it is read and its bytes are
dropped. Whoever finds no room waits in line: first come, first served, so that a large mail is
not passed for ever by small ones. One that is larger than all the room there is passes alone.

Nothing that is held waits for room that others hold: reading what was fetched takes none. So the
line always moves on.

    live, at most SMALL ──▶ its own eighth of the room: a single new mail is not behind the
                            portions of a hundred accounts that catch up or import
    all else ─────────────▶ the rest of the room
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SMALL: Final = 256 * 1024
DEFAULT: Final = 128 * 1024 * 1024
_SHARE_OF_SMALL: Final = 8


class InFlight:
    """The room of one worker. Not for use by several event loops."""

    def __init__(self, most: int = DEFAULT) -> None:
        of_small = most // _SHARE_OF_SMALL
        self._small, self._large = _Lane(of_small), _Lane(most - of_small)

    @property
    def held(self) -> int:
        """Bytes that are booked now."""
        return self._small.held + self._large.held

    @property
    def waiting(self) -> int:
        """Portions that wait for room."""
        return self._small.waiting + self._large.waiting

    @contextmanager
    def holding(self, *, history: bool = False) -> Iterator["Holding"]:
        """Hold bytes for as long as this lasts; what is held at its end is given back."""
        holding = Holding(self._large if history else self._small, self._large)
        try:
            yield holding
        finally:
            holding.give_all_back()


class Holding:
    """What the fetches of one look at one folder hold."""

    def __init__(self, small: "_Lane", large: "_Lane") -> None:
        self._small, self._large = small, large
        self._taken: set[Taken] = set()

    async def take(self, size: int) -> "Taken":
        """Wait for room for so many bytes."""
        lane = self._small if size <= min(SMALL, self._small.most) else self._large
        taken = Taken(lane, await lane.take(size), self._taken)
        self._taken.add(taken)
        return taken

    def give_all_back(self) -> None:
        for taken in list(self._taken):
            taken.give_back()


class Taken:
    """Room that one portion takes."""

    def __init__(self, lane: "_Lane", size: int, among: "set[Taken]") -> None:
        self._lane, self._size, self._among = lane, size, among

    def correct(self, size: int) -> None:
        """There are so many bytes in truth: the server had announced others. Never waits."""
        size = min(size, self._lane.most)
        self._lane.give_back(self._size - size)
        self._size = size

    def give_back(self) -> None:
        """The bytes are dropped. May be called again."""
        if self in self._among:
            self._among.discard(self)
            self._lane.give_back(self._size)


class _Lane:
    """Room that is given out in the order in which it was asked for."""

    def __init__(self, most: int) -> None:
        self.most = self._free = most
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def held(self) -> int:
        return self.most - self._free

    @property
    def waiting(self) -> int:
        return sum(not turn.cancelled() for _, turn in self._line)

    async def take(self, size: int) -> int:
        """Wait for our turn and for the room; answers what was booked: no more than there is."""
        size = min(size, self.most)
        if not self._line and size <= self._free:
            self._free -= size
            return size
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._serve()  # whoever stood behind us may fit
            else:  # our turn came in the same moment
                self.give_back(size)
            raise
        return size

    def give_back(self, size: int) -> None:
        self._free += size
        self._serve()

    def _serve(self) -> None:
        while self._line and (self._line[0][1].cancelled() or self._line[0][0] <= self._free):
            size, turn = self._line.popleft()
            if not turn.cancelled():  # its owner went away while it stood in line
                self._free -= size
                turn.set_result(None)
