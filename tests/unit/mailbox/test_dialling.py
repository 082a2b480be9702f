"""How fast mail servers are called, and how many at once."""

import asyncio
import itertools

import pytest

from app.mailbox.dialling import BURST, DialGate, DialRate


class Time:
    """Stands still until somebody sleeps."""

    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


async def turns(time: Time, rate: DialRate, count: int) -> list[float]:
    taken = []
    for _ in range(count):
        await rate.turn()
        taken.append(round(time.at - 100, 6))
    return taken


class TestDialRate:
    async def test_lets_a_few_through_at_once(self) -> None:
        time = Time()
        rate = DialRate(10, now=time.now, sleep=time.sleep, chance=lambda: 0.5)

        assert await turns(time, rate, BURST + 1) == [0.0] * (BURST + 1)

    async def test_then_keeps_its_pace(self) -> None:
        time = Time()
        rate = DialRate(10, now=time.now, sleep=time.sleep, chance=lambda: 0.5)
        await turns(time, rate, BURST + 1)

        assert await turns(time, rate, 3) == [0.1, 0.2, 0.3]

    async def test_varies_by_chance_and_not_on_the_whole(self) -> None:
        time = Time()
        chances = iter([0.0, 0.999] * 500)
        rate = DialRate(20, now=time.now, sleep=time.sleep, chance=lambda: next(chances))

        taken = await turns(time, rate, 1000)

        assert taken[-1] == pytest.approx((1000 - BURST - 1) / 20, rel=0.01)
        assert len({round(b - a, 3) for a, b in itertools.pairwise(taken)}) > 1

    async def test_has_its_few_again_after_a_quiet_time_and_no_more(self) -> None:
        time = Time()
        rate = DialRate(10, now=time.now, sleep=time.sleep, chance=lambda: 0.5)
        await turns(time, rate, 20)
        time.at += 3600
        begin = time.at

        await turns(time, rate, BURST + 2)

        assert time.at - begin == pytest.approx(0.1)


class TestDialGate:
    async def test_no_more_of_one_host_than_it_likes(self) -> None:
        gate = DialGate(DialRate(1e6), at_once=10)
        inside: list[str] = []
        go = asyncio.Event()

        async def call(host: str) -> None:
            async with gate.passage(host, at_once=2):
                inside.append(host)
                await go.wait()

        async with asyncio.TaskGroup() as calls:
            for host in ["busy.example"] * 4 + ["other.example"]:
                calls.create_task(call(host))
            for _ in range(10):
                await asyncio.sleep(0)
            seen = sorted(inside)
            go.set()

        assert seen == ["busy.example", "busy.example", "other.example"]
        assert len(inside) == 5

    async def test_no_more_in_all_than_the_worker_can(self) -> None:
        gate = DialGate(DialRate(1e6), at_once=1)
        most = now = 0

        async def call(host: str) -> None:
            nonlocal most, now
            async with gate.passage(host, at_once=9):
                now += 1
                most = max(most, now)
                await asyncio.sleep(0)
                now -= 1

        await asyncio.gather(*(call(f"{n}.example") for n in range(5)))

        assert most == 1

    async def test_a_call_that_failed_makes_room(self) -> None:
        gate = DialGate(DialRate(1e6), at_once=1)

        for _ in range(3):
            with pytest.raises(OSError, match="refused"):
                async with gate.passage("a.example", at_once=1):
                    raise OSError("refused")
