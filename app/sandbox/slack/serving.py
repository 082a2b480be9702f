"""A web server in the running event loop, on loopback only, whose connections can be broken."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterator
from typing import Any, Final, Self

import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.core.errors import Unavailable

LOOPBACK: Final = "127.0.0.1"
_TRANSPORT: Final = "sandbox.transport"
_SHUTDOWN_SECONDS: Final = 5


class _BreakableProtocol(HttpToolsProtocol):
    """Hands each request its connection, so that a test's fault can break it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: Any = self.scope
        scope["extensions"] = {**scope.get("extensions", {}), _TRANSPORT: self.transport}


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        self.leave = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def main_loop(self) -> None:
        """Nothing is due while we serve, so wait instead of looking ten times a second."""
        await self.leave.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does it, without its pauses: tests start and stop many workspaces."""
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if running := tuple(self.server_state.tasks):
            await asyncio.wait(running, timeout=_SHUTDOWN_SECONDS)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process we run in."""
        yield


class PortTaken(Unavailable):
    """Something else listens there."""


async def break_connection(request: Request, *, reset: bool = False) -> None:
    transport = request.scope["extensions"][_TRANSPORT]
    if reset:
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
    await until_gone(request)


async def close_connection(request: Request) -> None:
    """Send what has been written, then close."""
    request.scope["extensions"][_TRANSPORT].close()
    await until_gone(request)


async def until_gone(request: Request) -> None:
    """Wait until the client has gone away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


class LoopbackServer:
    """Serves an app while the context lasts. `port` 0 takes a free one."""

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        # Said to be TCP, so that asyncio switches off Nagle's delay: 40 ms for every answer.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((LOOPBACK, port))
            self._socket.listen()  # from now on the port is ours, whatever else looks for one
        except OSError as error:
            self._socket.close()
            raise PortTaken(
                f"Port {port} of {LOOPBACK} cannot be used: {error.strerror}.",
                fix="Choose another port, or stop what listens there.",
            ) from None
        self.url = f"http://{LOOPBACK}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            app,
            http=_BreakableProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
        )
        self._server = _Server(config)

    async def __aenter__(self) -> Self:
        serving = self._server.serve(sockets=[self._socket])
        self._task = asyncio.create_task(serving, name="local Slack")
        await self._server.up.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.leave.set()
        await self._task
