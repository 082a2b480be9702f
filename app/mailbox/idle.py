"""Waiting on thousands of connections at once, without a thread for any of them.

A connection in IDLE is only a socket that the event loop watches. Nothing is read while it waits:
bytes stay where they are until somebody leaves IDLE and reads them, so TLS and IMAPClient keep
their order.

A glance takes no thread either: what it sends fits into any socket's buffer, and what it hears is a
few hundred bytes. To change threads would cost several times what all the rest of it does.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from app.mailbox.glancing import Glancing
from app.store.notify import Waker

SendRest = Callable[[], Awaitable[None]]


async def wait(sock: socket.socket, waker: Waker, seconds: float) -> bool:
    """Wait until the socket can be read, the waker is woken, or the time is up.

    Answers whether the socket can be read; the end of the connection is something to read, too.
    A waker that is woken meanwhile keeps its news.
    """
    with _watched(sock, waker) as watched:
        await waker.wait(seconds)
        return watched.is_readable


async def glance(
    glancing: Glancing,
    sock: socket.socket,
    send_rest: SendRest,
    *,
    quiet_seconds: float,
    seconds: float,
) -> None:
    """Take a glance, from its first word to its last answer. Raises as `Glancing` does.

    `send_rest` is what to do where the other side does not take in what is to be sent. Raises
    `TimeoutError` where nothing is heard for `quiet_seconds`, or all is not over after `seconds`.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    async with asyncio.timeout(quiet_seconds) as limit:
        while not glancing.is_over:
            if not glancing.send():
                await send_rest()
            await _readable(sock)
            glancing.hear()
            limit.reschedule(min(end, loop.time() + quiet_seconds))


async def _readable(sock: socket.socket) -> None:
    """Wait until the socket can be read, or the connection has come to its end."""
    loop = asyncio.get_running_loop()
    can_be_read, descriptor = loop.create_future(), sock.fileno()

    def notice() -> None:
        loop.remove_reader(descriptor)
        if not can_be_read.done():
            can_be_read.set_result(None)

    loop.add_reader(descriptor, notice)
    try:
        await can_be_read
    finally:
        loop.remove_reader(descriptor)


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
