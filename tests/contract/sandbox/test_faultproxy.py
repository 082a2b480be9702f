"""Each fault of the proxy strikes, and does to a conversation with Dovecot what its name says."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from app.sandbox.mail.dovecot import DovecotInbox
from tests.fixtures.faultproxy import Direction, FaultProxy
from tests.fixtures.faults import (
    Act,
    Blackhole,
    CutAfter,
    CutOn,
    Delay,
    Drip,
    Fault,
    Finish,
    HoldOn,
    InjectOn,
    Replace,
    Reset,
    Stream,
)

ASK = b"a1 CAPABILITY"


class Client:
    """A client on a blocking socket, which hands over every byte that came before a reset."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=2)
        self.greeting = self._socket.recv(4096)
        self.received = b""

    async def ask(self, line: bytes, *, within: float = 2) -> bytes:
        """Send a line and answer what comes back, up to the tagged line or the end."""
        self._socket.settimeout(within)
        return await asyncio.to_thread(self._ask, line)

    def _ask(self, line: bytes) -> bytes:
        self.received = b""
        try:
            self._socket.sendall(line + b"\r\n")
            while not self._is_complete(line.split()[0]):
                more = self._socket.recv(4096)
                if not more:
                    return self.received + b"<FIN>"
                self.received += more
        except ConnectionError:
            return self.received + b"<RST>"
        return self.received

    def _is_complete(self, tag: bytes) -> bool:
        return self.received.endswith(b"\n") and self.received.splitlines()[-1].startswith(tag)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
async def proxy(mail_user: DovecotInbox) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(mail_user.host, mail_user.server.imap_port) as proxy:
        yield proxy


@pytest.fixture
async def client(proxy: FaultProxy) -> AsyncIterator[Client]:
    with closing(await asyncio.to_thread(Client, proxy.port)) as client:
        yield client


class TestPass:
    async def test_everything_gets_through(self, proxy: FaultProxy, client: Client) -> None:
        answer = await client.ask(ASK)

        assert client.greeting.startswith(b"* OK")
        assert answer.startswith(b"* CAPABILITY IMAP4rev1")
        assert answer.endswith(b"listed, post-login capabilities have more.\r\n")
        assert proxy.connections == proxy.live == 1
        assert proxy.passed[Direction.TO_SERVER] == len(ASK) + 2
        assert not proxy.fired

    async def test_the_end_gets_through(self, proxy: FaultProxy, client: Client) -> None:
        await client.ask(b"a1 LOGOUT")

        assert await client.ask(b"a2 NOOP") in {b"<FIN>", b"<RST>"}


class TestBlackhole:
    async def test_nothing_comes_and_nothing_ends(self, proxy: FaultProxy, client: Client) -> None:
        proxy.set(to_client=Blackhole())

        with pytest.raises(TimeoutError):
            await client.ask(ASK, within=0.3)

        assert proxy.fired["Blackhole"] >= 1
        assert proxy.live == 1

    async def test_of_requests_keeps_the_server_silent(
        self, proxy: FaultProxy, client: Client
    ) -> None:
        proxy.set(to_server=Blackhole())

        with pytest.raises(TimeoutError):
            await client.ask(ASK, within=0.3)

        assert proxy.fired == {"Blackhole": 1}
        assert proxy.passed[Direction.TO_SERVER] == 0


class TestReset:
    async def test_the_client_is_reset(self, proxy: FaultProxy, client: Client) -> None:
        proxy.set(to_server=Reset())

        assert await client.ask(ASK) == b"<RST>"

        assert proxy.fired == {"Reset": 1}


class TestFinish:
    async def test_the_client_sees_the_end(self, proxy: FaultProxy, client: Client) -> None:
        proxy.set(to_client=Finish())

        assert await client.ask(ASK) == b"<FIN>"

        assert proxy.fired == {"Finish": 1}


class TestDrip:
    async def test_every_byte_comes_in_the_end(self, proxy: FaultProxy, client: Client) -> None:
        whole = await client.ask(ASK)
        proxy.set(to_client=Drip(size=50, pause=0.01))

        began = time.monotonic()
        assert await client.ask(ASK) == whole

        assert time.monotonic() - began >= 0.01 * (len(whole) // 50)
        assert proxy.fired["Drip"] >= 1


class TestDelay:
    async def test_the_answer_comes_late(self, proxy: FaultProxy, client: Client) -> None:
        whole = await client.ask(ASK)
        proxy.set(to_client=Delay(0.2))

        began = time.monotonic()
        assert await client.ask(ASK) == whole

        assert time.monotonic() - began >= 0.2
        assert proxy.fired["Delay"] >= 1


class TestCutAfter:
    async def test_so_many_bytes_come_and_no_more(self, proxy: FaultProxy, client: Client) -> None:
        proxy.set(to_client=CutAfter(12))

        assert await client.ask(ASK) == b"* CAPABILITY<RST>"

        assert proxy.fired == {"CutAfter": 1}


class TestCutOn:
    async def test_the_pattern_comes_and_no_more(self, proxy: FaultProxy, client: Client) -> None:
        proxy.set(to_client=CutOn(rb"CAPA.*ITY"))

        assert await client.ask(ASK) == b"* CAPABILITY<RST>"

        assert proxy.fired == {"CutOn": 1}

    async def test_a_request_is_done_and_its_answer_never_comes(
        self, proxy: FaultProxy, client: Client
    ) -> None:
        proxy.set(to_client=CutOn(rb"never in the answer"), to_server=CutOn(rb"CAPABILITY\r\n"))

        assert await client.ask(ASK) == b"<RST>"

        assert proxy.fired == {"CutOn": 1}
        assert proxy.passed[Direction.TO_SERVER] == len(ASK) + 2


class TestHoldOn:
    async def test_silence_after_the_pattern(self, proxy: FaultProxy, client: Client) -> None:
        proxy.set(to_client=HoldOn(rb"CAPABILITY"))

        with pytest.raises(TimeoutError):
            await client.ask(ASK, within=0.3)

        assert proxy.fired == {"HoldOn": 1}
        assert client.received == b"* CAPABILITY"
        assert proxy.live == 1


class TestInjectOn:
    async def test_the_bytes_come_after_the_pattern_once(
        self, proxy: FaultProxy, client: Client
    ) -> None:
        proxy.set(to_client=InjectOn(rb"\* CAPABILITY .*\r\n", b"* 1 EXISTS\r\n"))

        first, second = await client.ask(ASK), await client.ask(ASK)

        assert b"\r\n* 1 EXISTS\r\na1 OK" in first
        assert b"EXISTS" not in second
        assert proxy.fired == {"InjectOn": 1}


class TestReplace:
    async def test_a_capability_can_be_taken_away(self, proxy: FaultProxy, client: Client) -> None:
        proxy.set(to_client=Replace(rb" IDLE\b", b""))

        answer = await client.ask(ASK)

        assert b"IMAP4rev1" in answer
        assert b"IDLE" not in answer
        assert proxy.fired == {"Replace": 1}


class TestTimes:
    async def test_a_fault_is_over_after_so_many(self, proxy: FaultProxy, client: Client) -> None:
        proxy.set(to_client=CutOn(b"CAPABILITY"), times=1)

        assert (await client.ask(ASK)).endswith(b"<RST>")

        with closing(await asyncio.to_thread(Client, proxy.port)) as second:
            assert (await second.ask(ASK)).endswith(b"have more.\r\n")
        assert proxy.fired == {"CutOn": 1}


class TestKill:
    async def test_every_live_connection_is_reset(self, proxy: FaultProxy, client: Client) -> None:
        await client.ask(ASK)

        assert proxy.kill() == 1

        assert await client.ask(ASK) == b"<RST>"
        assert proxy.fired == {"kill": 1}


class TestUntilFired:
    async def test_wakes_when_the_fault_strikes(self, proxy: FaultProxy, client: Client) -> None:
        proxy.set(to_client=Replace(b"IDLE", b"SLEEP"))
        waiting = asyncio.create_task(proxy.until_fired())

        await client.ask(ASK)

        await asyncio.wait_for(waiting, 1)

    async def test_fails_when_nothing_strikes(self, proxy: FaultProxy, client: Client) -> None:
        with pytest.raises(TimeoutError):
            await proxy.until_fired(within=0.05)


class TestUnreachableServer:
    async def test_the_client_is_cut(self) -> None:
        async with FaultProxy("127.0.0.1", 1) as proxy:
            with closing(await asyncio.to_thread(Client, proxy.port)) as client:
                assert client.greeting == b""


class TestPatterns:
    """A pattern is found wherever the bytes were cut on their way."""

    TEXT = b"* OK one\r\n* OK two\r\n"

    def run(self, fault: Fault, cut: int) -> tuple[bytes, int]:
        """What is passed on when the text comes in two pieces, and how often the fault struck."""
        stream, sent, struck = Stream(), b"", 0
        for piece in (self.TEXT[:cut], self.TEXT[cut:]):
            for step in fault.steps(piece, stream):
                if isinstance(step, bytes):
                    sent += step
                elif step is Act.FIRED:
                    stream.struck = True
                    struck += 1
                elif step in {Act.RESET, Act.GO_DARK}:
                    return sent, struck
            stream.tail += piece
        return sent, struck

    @pytest.mark.parametrize("cut", range(len(TEXT)))
    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            (CutOn(rb"\* OK t"), (b"* OK one\r\n* OK t", 1)),
            (HoldOn(rb"one\r"), (b"* OK one\r", 1)),
            (InjectOn(rb"one\r\n", b"!"), (b"* OK one\r\n!* OK two\r\n", 1)),
            (Replace(rb"OK (\w+)", rb"NO \1"), (b"* NO one\r\n* NO two\r\n", 2)),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_is_found_in_two_pieces(
        self, fault: Fault, expected: tuple[bytes, int], cut: int
    ) -> None:
        assert self.run(fault, cut) == expected
