"""Waiting in IDLE, where a server says that it lives and somebody asks for something at once."""

import asyncio
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from app.mailbox import idle
from app.mailbox.imap import IMAPConnection
from app.mailbox.port import Security, ServerSpec
from app.mailbox.sessions import IMAPSession, _Threads
from app.store.notify import Waker

SPEC = ServerSpec(
    host="mail.example", port=993, security=Security.TLS, username="ann", password="pw"
)


class Chatty:
    """A connection in IDLE whose server says that it is still there, and no more."""

    def __init__(self) -> None:
        self.socket, self.server = socket.socketpair()
        self.hearing = SimpleNamespace(note=lambda: False)

    def has(self, _: str) -> bool:
        return True

    def news(self) -> set[str]:
        return set()

    def idle(self) -> bool:
        self.server.send(b"* OK Still here\r\n")
        return False

    def has_news(self) -> bool:
        self.socket.recv(100)
        return False

    def cut(self) -> None:
        self.socket.close()


@pytest.fixture
def session() -> Iterator[IMAPSession]:
    connection, threads = Chatty(), _Threads(1)
    with connection.socket, connection.server, threads.executor:
        yield IMAPSession(cast("IMAPConnection", connection), SPEC, threads)


class TestWaiting:
    async def test_ends_when_the_socket_can_be_read(self) -> None:
        ours, theirs = socket.socketpair()
        waker = Waker()
        with ours, theirs:
            theirs.send(b"* 1 EXISTS\r\n")

            is_readable = await idle.wait(ours, waker, 60)

        assert is_readable
        assert not waker.has_news

    async def test_keeps_the_news_that_come_with_it(self) -> None:
        ours, theirs = socket.socketpair()
        waker = Waker()
        with ours, theirs:
            theirs.send(b"* 1 EXISTS\r\n")
            waker.wake()

            await idle.wait(ours, waker, 60)

        assert waker.take_news()

    async def test_ends_when_somebody_asks(self) -> None:
        ours, theirs = socket.socketpair()
        waker = Waker()
        with ours, theirs:
            asyncio.get_running_loop().call_soon(waker.wake)

            is_readable = await idle.wait(ours, waker, 60)

        assert not is_readable
        assert waker.take_news()

    async def test_ends_when_its_time_is_up(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            assert not await idle.wait(ours, Waker(), 0.01)


class TestAWishBesideASignOfLife:
    async def test_ends_the_wait(self, session: IMAPSession) -> None:
        waker = Waker()
        waker.wake()

        async with asyncio.timeout(10):
            has_spoken = await session.idle(waker, 60)

        assert not has_spoken
        assert waker.take_news()
