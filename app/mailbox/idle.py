"""Waiting on thousands of connections at once, without a thread for any of them.

A connection in IDLE is only a socket that the event loop watches. Nothing is read here: bytes stay
where they are until a thread leaves IDLE and reads them, so TLS and IMAPClient keep their order.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from app.store.notify import Waker


async def wait(sock: socket.socket, waker: Waker, seconds: float) -> bool:
    """Wait until the socket can be read, the waker is woken, or the time is up.

    Answers whether the socket can be read; the end of the connection is something to read, too.
    A waker that is woken meanwhile keeps its news.
    """
    with _watched(sock, waker) as watched:
        await waker.wait(seconds)
        return watched.is_readable


@dataclass(slots=True)
class _Watched:
    is_readable: bool = False


@contextlib.contextmanager
def _watched(sock: socket.socket, waker: Waker) -> Iterator[_Watched]:
    """Both end one and the same wait: tasks of its own would cost each connection kilobytes."""
    loop, watched = asyncio.get_running_loop(), _Watched()
    descriptor = sock.fileno()

    def notice() -> None:
        watched.is_readable = True
        loop.remove_reader(descriptor)
        waker.stir()

    loop.add_reader(descriptor, notice)
    try:
        yield watched
    finally:
        loop.remove_reader(descriptor)
