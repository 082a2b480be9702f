"""Clocks that jump and names that do not resolve, under a whole worker."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.bootstrap import opening
from app.commands.types import Archive
from app.mailbox import hosts
from app.mailbox.errors import Transient
from tests.fixtures.stack import eventually
from tests.fixtures.syncing import Sync
from tests.rig.asking import ask, outcome, put
from tests.rig.fixtures import MakeTended, Tended
from tests.rig.imap_server import HostileServer
from tests.rig.scripts import refuse

RESOLVED_WITHIN = 0.3


class JumpingClock:
    """The machine's clock, which somebody sets while everything runs."""

    offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


@pytest.fixture
def clock_of_worker(monkeypatch: pytest.MonkeyPatch) -> JumpingClock:
    clock = JumpingClock()
    monkeypatch.setattr(opening, "SystemClock", lambda: clock)
    return clock


JUMPS = pytest.mark.parametrize(
    "jump",
    [
        pytest.param(timedelta(hours=-1), id="back-an-hour"),
        pytest.param(timedelta(hours=1), id="on-an-hour"),
        pytest.param(timedelta(days=40), id="on-forty-days"),
        pytest.param(timedelta(days=-40), id="back-forty-days"),
    ],
)


class TestAClockThatJumps:
    @JUMPS
    async def test_while_an_account_is_live(
        self,
        clock_of_worker: JumpingClock,
        hostile: HostileServer,
        make_tended: MakeTended,
        jump: timedelta,
    ) -> None:
        tended = await make_tended(hostile)
        put(hostile, "Before")
        await tended.brings_in("Before")

        clock_of_worker.offset = jump
        put(hostile, "After")
        await tended.brings_in("Before", "After")
        command = await ask(tended.sync, "After", Archive())

        await eventually(lambda: is_done(tended, command))
        assert sorted(await tended.sync.announced()) == ["After", "Before"]

    @JUMPS
    async def test_while_an_account_rests(
        self,
        clock_of_worker: JumpingClock,
        hostile: HostileServer,
        make_tended: MakeTended,
        jump: timedelta,
    ) -> None:
        tended = await make_tended(hostile, retry_ladder="2 2@600 2")
        hostile.on("LOGIN", refuse("[UNAVAILABLE] Try later"))
        await hostile.restart()
        await tended.reaches("retrying")

        clock_of_worker.offset = jump
        put(hostile, "After")

        await tended.brings_in("After", within=30)

    async def test_while_polling_without_idle(
        self, clock_of_worker: JumpingClock, make_tended: MakeTended
    ) -> None:
        async with HostileServer(without={"IDLE"}) as server:
            tended = await make_tended(server, poll_seconds=5)

            clock_of_worker.offset = timedelta(hours=-1)
            put(server, "After")

            await tended.brings_in("After", within=30)
            await tended.stop()

    async def test_and_a_server_of_another_time(self, watched: Sync) -> None:
        """INTERNALDATE is the server's business: what is new is told by UIDs."""
        long_ago = datetime(1999, 12, 31, tzinfo=UTC)
        watched.inbox.put(b"Subject: Old clock\r\n\r\nHello.\r\n", internaldate=long_ago)

        await watched.look()

        assert await watched.announced() == ["Old clock"]


async def is_done(tended: Tended, command: Any) -> bool:
    state, _ = await outcome(tended.sync, command)
    return state == "done"


class TestNames:
    @pytest.fixture
    async def resolver(self, monkeypatch: pytest.MonkeyPatch) -> "Resolver":
        stub = Resolver()
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "getaddrinfo", stub.look_up)
        return stub

    async def test_that_are_found_again_are_used_again(
        self, watched: Sync, resolver: "Resolver"
    ) -> None:
        put(watched.inbox, "First")
        resolver.answer = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        with pytest.raises(Transient, match="could not be found"):
            await watched.look()

        resolver.answer = None

        await watched.look()
        assert await watched.announced() == ["First"]

    async def test_that_take_too_long_are_given_up(
        self, watched: Sync, resolver: "Resolver", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hosts, "_RESOLVE_SECONDS", RESOLVED_WITHIN)
        resolver.delay = 60

        with pytest.raises(Transient, match="did not answer in time"):
            await watched.look()

    async def test_whose_ipv6_address_leads_nowhere(
        self, watched: Sync, resolver: "Resolver"
    ) -> None:
        put(watched.inbox, "First")
        resolver.before = [(socket.AF_INET6, "::1")]

        await watched.look()

        assert await watched.announced() == ["First"]


class Resolver:
    """A name service that answers as it is told; `before` are addresses it names first."""

    def __init__(self) -> None:
        self.answer: Exception | None = None
        self.delay = 0.0
        self.before: list[tuple[socket.AddressFamily, str]] = []

    async def look_up(self, host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        await asyncio.sleep(self.delay)
        if self.answer is not None:
            raise self.answer
        found = [*self.before, (socket.AF_INET, "127.0.0.1")]
        return [(family, socket.SOCK_STREAM, 6, "", (name, port)) for family, name in found]


class TestAnOutageOfAnHour:
    async def test_heals_by_itself(
        self,
        clock_of_worker: JumpingClock,
        hostile: HostileServer,
        make_tended: MakeTended,
    ) -> None:
        """What is delivered meanwhile is brought in, once, when the server is back."""
        tended = await make_tended(hostile)
        put(hostile, "Before")
        await tended.brings_in("Before")
        await hostile.__aexit__()
        await tended.reaches("retrying")

        clock_of_worker.offset = timedelta(hours=1)
        put(hostile, "During")
        await hostile.__aenter__()

        await tended.brings_in("Before", "During", within=30)
        account = await tended.reaches("live")
        assert (account.failures, account.outage_since) == (0, None)
