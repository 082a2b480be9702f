"""The room for mail that all accounts of a worker share."""

import asyncio
import random

import pytest

from app.sync.in_flight import SMALL, InFlight, Taken

MB = 1024 * 1024
ROOM = 80 * MB
"""Ten of it are for small mail, seventy for all else."""


async def settled() -> None:
    """Let everybody run who can."""
    for _ in range(10):
        await asyncio.sleep(0)


class Takers:
    """Whoever asks for room, by name, and the order in which they got it."""

    def __init__(self, room: InFlight, group: asyncio.TaskGroup) -> None:
        self.room, self.served = room, list[str]()
        self._group = group
        self._ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, name: str, size: int, *, history: bool = False) -> None:
        self._ends[name] = asyncio.Event()
        self.tasks[name] = self._group.create_task(self._take(name, size, history))
        await settled()

    async def end(self, *names: str) -> None:
        for name in names:
            self._ends[name].set()
        await settled()

    async def _take(self, name: str, size: int, history: bool) -> None:
        with self.room.holding(history=history) as holding:
            await holding.take(size)
            self.served.append(name)
            await self._ends[name].wait()


class TestTake:
    async def test_without_room_waits_until_there_is(self) -> None:
        async with asyncio.TaskGroup() as group:
            takers = Takers(InFlight(ROOM), group)
            await takers.ask("first", 40 * MB)
            await takers.ask("second", 40 * MB)
            assert takers.served == ["first"]
            assert (takers.room.held, takers.room.waiting) == (40 * MB, 1)

            await takers.end("first")

            assert takers.served == ["first", "second"]
            assert (takers.room.held, takers.room.waiting) == (40 * MB, 0)
            await takers.end("second")
        assert takers.room.held == 0

    async def test_behind_a_large_one_does_not_pass_it(self) -> None:
        async with asyncio.TaskGroup() as group:
            takers = Takers(InFlight(ROOM), group)
            await takers.ask("first", 40 * MB)
            await takers.ask("large", 60 * MB)
            await takers.ask("behind", 1 * MB)
            assert takers.served == ["first"]

            await takers.end("first")

            assert takers.served == ["first", "large", "behind"]
            await takers.end("large", "behind")

    async def test_for_more_than_there_is_passes_alone(self) -> None:
        async with asyncio.TaskGroup() as group:
            takers = Takers(InFlight(ROOM), group)
            await takers.ask("first", 1 * MB)
            await takers.ask("huge", 5 * ROOM)
            await takers.ask("behind", 1 * MB)
            assert takers.served == ["first"]

            await takers.end("first")
            assert takers.served == ["first", "huge"]

            await takers.end("huge")
            assert takers.served == ["first", "huge", "behind"]
            await takers.end("behind")
        assert takers.room.held == 0

    async def test_for_small_new_mail_does_not_wait_behind_others(self) -> None:
        async with asyncio.TaskGroup() as group:
            takers = Takers(InFlight(ROOM), group)
            imports = [f"import {n}" for n in range(50)]
            for name in imports:
                await takers.ask(name, 4 * MB, history=True)
            before = len(takers.served)
            assert before < len(imports)

            await takers.ask("new mail", 5_000)

            assert takers.served[before:] == ["new mail"]
            await takers.end("new mail", *imports)

    async def test_for_small_history_waits_like_all_history(self) -> None:
        async with asyncio.TaskGroup() as group:
            takers = Takers(InFlight(ROOM), group)
            await takers.ask("first", 70 * MB)

            await takers.ask("history", 5_000, history=True)

            assert takers.served == ["first"]
            await takers.end("first", "history")

    async def test_where_the_room_for_small_mail_is_tiny_stays_within_it(self) -> None:
        room = InFlight(8 * SMALL // 2)

        with room.holding() as holding:
            await holding.take(SMALL)
            assert room.held == SMALL

        assert room.held == 0

    @pytest.mark.parametrize("seed", range(5))
    async def test_by_many_at_once_keeps_within_the_room_and_serves_all(self, seed: int) -> None:
        chance, room = random.Random(seed), InFlight(ROOM)
        most = 0

        async def account() -> None:
            """Takes the next portion while it still holds the one before, as a fetch does."""
            nonlocal most
            with room.holding(history=chance.random() < 0.5) as holding:
                before: Taken | None = None
                for _ in range(10):
                    coming = asyncio.ensure_future(holding.take(chance.randrange(1, 30 * MB)))
                    await asyncio.sleep(0)
                    if before is not None:
                        before.give_back()
                    before = await coming
                    most = max(most, room.held)

        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(account())

        assert ROOM // 2 < most <= ROOM
        assert (room.held, room.waiting) == (0, 0)


class TestCancelled:
    async def test_in_line_lets_those_behind_pass(self) -> None:
        async with asyncio.TaskGroup() as group:
            takers = Takers(InFlight(ROOM), group)
            await takers.ask("first", 60 * MB)
            await takers.ask("large", 60 * MB)
            await takers.ask("behind", 1 * MB)

            takers.tasks["large"].cancel()
            await settled()

            assert takers.served == ["first", "behind"]
            assert takers.room.waiting == 0
            await takers.end("first", "behind")
        assert takers.room.held == 0

    async def test_in_the_moment_of_its_turn_gives_it_back(self) -> None:
        room = InFlight(ROOM)
        with room.holding() as first, room.holding() as second:
            taken = await first.take(60 * MB)
            waiting = asyncio.ensure_future(second.take(60 * MB))
            await settled()

            taken.give_back()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

            assert waiting.cancelled()
            assert room.held == 0

    async def test_before_its_turn_in_the_same_moment_takes_nothing(self) -> None:
        room = InFlight(ROOM)
        with room.holding() as first, room.holding() as second:
            taken = await first.take(60 * MB)
            waiting = asyncio.ensure_future(second.take(60 * MB))
            await settled()

            waiting.cancel()
            taken.give_back()
            await asyncio.gather(waiting, return_exceptions=True)

            assert (room.held, room.waiting) == (0, 0)


class TestHolding:
    async def test_that_ends_gives_back_what_it_holds(self) -> None:
        room = InFlight(ROOM)

        with pytest.raises(ConnectionError), room.holding() as holding:
            await holding.take(MB)
            (await holding.take(SMALL)).give_back()
            raise ConnectionError

        assert room.held == 0


class TestTaken:
    async def test_given_back_twice_counts_once(self) -> None:
        room = InFlight(ROOM)
        with room.holding() as holding:
            taken = await holding.take(MB)
            other = await holding.take(MB)

            taken.give_back()
            taken.give_back()

            assert room.held == MB
            other.give_back()

    async def test_corrected_counts_what_came_in_truth(self) -> None:
        room = InFlight(ROOM)
        with room.holding() as holding:
            taken = await holding.take(2 * MB)

            taken.correct(5 * MB)
            assert room.held == 5 * MB
            taken.correct(1 * MB)
            assert room.held == 1 * MB

        assert room.held == 0

    async def test_corrected_downwards_lets_others_in(self) -> None:
        room = InFlight(ROOM)
        with room.holding() as first, room.holding() as second:
            taken = await first.take(60 * MB)
            waiting = asyncio.ensure_future(second.take(60 * MB))
            await settled()

            taken.correct(1 * MB)

            await waiting
            assert room.held == 61 * MB
