"""Waiting in IDLE, where a server says that it lives and somebody asks for something at once."""

import asyncio
import socket
from collections.abc import Iterator
from typing import cast

import pytest

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


class TestAWishBesideASignOfLife:
    async def test_ends_the_wait(self, session: IMAPSession) -> None:
        waker = Waker()
        waker.wake()

        async with asyncio.timeout(10):
            has_spoken = await session.idle(waker, 60)

        assert not has_spoken
        assert waker.take_news()
