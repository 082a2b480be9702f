"""Socket Mode: the app comes to us, by WebSocket, and gets what it would have got over HTTP.

`apps.connections.open` hands out a URL that works once. On each connection we say hello; each
parcel goes to one of the connections in turn, and the app acknowledges it by its envelope's id.
Connections are ended now and then, with the reason said before, and the app comes back by a new
URL.
"""

import asyncio
import contextlib
import itertools
import json
import secrets
from collections import OrderedDict
from enum import StrEnum
from typing import Any, Final, Self
from uuid import uuid4

from aiohttp import WSMsgType, web

from app.sandbox.slack.serving import LOOPBACK
from app.sandbox.slack.transport import MOST_ANSWER_BYTES, Carried, Parcel
from app.sandbox.slack.wire import JSON

MOST_LINKS: Final = 10
_PING_SECONDS: Final = 10.0
_TICKETS_KEPT: Final = 1_000
_LIFETIME_SECONDS: Final = 18_060
"""What Slack says at hello; only `disconnect` ends a connection here."""


class Farewell(StrEnum):
    """Why a connection ends; after a warning it goes on for a while."""

    WARNING = "warning"
    REFRESH = "refresh_requested"
    DISABLED = "link_disabled"
    TOO_MANY = "too_many_websockets"


class _Link:
    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.awaited: dict[str, asyncio.Future[JSON]] = {}

    async def disconnect(self, reason: Farewell) -> None:
        about = {"type": "disconnect", "reason": reason, "debug_info": {"host": "local-emulator"}}
        with contextlib.suppress(ConnectionError):
            await self.socket.send_json(about)
            if reason is not Farewell.WARNING:
                await self.socket.close()

    def acknowledged(self, text: str) -> None:
        """Take an acknowledgement; whatever else the app says is ignored, as Slack does."""
        try:
            said = json.loads(text)
        except ValueError:
            return
        if not isinstance(said, dict):
            return
        waiting = self.awaited.get(str(said.get("envelope_id")))
        if waiting is not None and not waiting.done():
            payload = said.get("payload")
            waiting.set_result(payload if isinstance(payload, dict) else {})


class SocketLinks:
    """The open connections, as a `Transport`. Serves while the context lasts."""

    def __init__(self) -> None:
        self.app_id = ""
        self._tickets: OrderedDict[str, None] = OrderedDict()
        self._links: list[_Link] = []
        self._turns = itertools.count()
        self.enabled = False
        self._port = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/link/", self._link)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
        await self._runner.cleanup()

    async def close(self) -> None:
        for link in list(self._links):
            await link.socket.close()

    def new_url(self) -> str:
        """A URL that may be used once."""
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = None
        if len(self._tickets) > _TICKETS_KEPT:
            self._tickets.popitem(last=False)
        return f"ws://{LOOPBACK}:{self._port}/link/?ticket={ticket}&app_id={self.app_id}"

    @property
    def is_connected(self) -> bool:
        return bool(self._links)

    @property
    def count(self) -> int:
        return len(self._links)

    async def disconnect(self, reason: Farewell = Farewell.REFRESH) -> None:
        """Tell every connection to go."""
        for link in list(self._links):
            await link.disconnect(reason)

    async def carry(self, parcel: Parcel, within: float) -> Carried:
        if not self._links:
            return Carried("no app is connected")
        link = self._links[next(self._turns) % len(self._links)]
        envelope_id = str(uuid4())
        waiting: asyncio.Future[JSON] = asyncio.get_running_loop().create_future()
        link.awaited[envelope_id] = waiting
        try:
            async with asyncio.timeout(within):
                await link.socket.send_json(_envelope(envelope_id, parcel))
                said = await waiting
        except TimeoutError:
            return Carried(f"no answer within {within:g} s")
        except ConnectionError:
            return Carried("the connection failed")
        finally:
            del link.awaited[envelope_id]
        return Carried(answer=json.dumps(said).encode() if said and parcel.takes_answer else b"")

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403, text="this URL is not known, or was used before")
        del self._tickets[ticket]
        socket = web.WebSocketResponse(heartbeat=_PING_SECONDS, max_msg_size=MOST_ANSWER_BYTES)
        await socket.prepare(request)
        link = _Link(socket)
        if not self.enabled or len(self._links) >= MOST_LINKS:
            await link.disconnect(Farewell.TOO_MANY if self.enabled else Farewell.DISABLED)
            return socket
        self._links.append(link)
        try:
            await socket.send_json(self._hello())
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    link.acknowledged(message.data)
        finally:
            self._links.remove(link)
            for waiting in link.awaited.values():
                if not waiting.done():
                    waiting.set_exception(ConnectionResetError("the app went away"))
        return socket

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self._links),
            "connection_info": {"app_id": self.app_id},
            "debug_info": {
                "host": "local-emulator",
                "approximate_connection_time": _LIFETIME_SECONDS,
            },
        }


def _envelope(envelope_id: str, parcel: Parcel) -> JSON:
    envelope: JSON = {
        "envelope_id": envelope_id,
        "type": parcel.envelope,
        "payload": parcel.payload,
        "accepts_response_payload": parcel.takes_answer,
    }
    if parcel.retry is not None:
        envelope |= {"retry_attempt": parcel.retry.number, "retry_reason": parcel.retry.reason}
    return envelope
