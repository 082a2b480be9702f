"""Waiting on thousands of connections at once, without a thread for any of them.

A connection in IDLE is only a socket that the event loop watches. Nothing is read here: bytes stay
where they are until a thread leaves IDLE and reads them, so TLS and IMAPClient keep their order.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

from app.store.notify import Waker


async def wait(sock: socket.socket, waker: Waker, seconds: float) -> bool:
    """Wait until the socket can be read, the waker is woken, or the time is up.

    Answers whether the socket can be read; the end of the connection is something to read, too.
    """
    with _watched(sock) as readable:
        waits = {
            asyncio.create_task(readable.wait(), name="idle"),
            asyncio.create_task(waker.wait(), name="wake"),
        }
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        return readable.is_set()


@contextlib.contextmanager
def _watched(sock: socket.socket) -> Iterator[asyncio.Event]:
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    descriptor = sock.fileno()

    def notice() -> None:
        readable.set()
        loop.remove_reader(descriptor)

    loop.add_reader(descriptor, notice)
    try:
        yield readable
    finally:
        loop.remove_reader(descriptor)
