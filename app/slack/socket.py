"""Socket Mode: we go to Slack, by WebSocket, and get what it would have posted to our route.

One connection serves every workspace. slack_sdk reads from it; when to make another is decided
here, because its client would do so at once and for ever:

- *warning*, *refresh_requested*: Slack recycles its connections every few hours. The next one is
  made first, then the old one is left.
- *too_many_websockets*, *link_disabled*, a refusal, a connection that broke: after a wait that
  doubles up to a minute, or as long as Retry-After says. It is short again once a connection has
  lasted.

Each delivery is answered within `ACK_SECONDS`, as over HTTP: where the work takes longer a click is
acknowledged and the work goes on. An event that took longer, or came to nothing, is not
acknowledged: it is left to Slack, which delivers it again.
(docs.slack.dev/apis/events-api/using-socket-mode)
"""

import asyncio
import time
from enum import StrEnum
from typing import Any, Final, Self

import aiohttp
from prometheus_client import Counter, Gauge
from slack_bolt.adapter.socket_mode.async_internals import (
    run_async_bolt_app,
    send_async_response,
)
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from app.core.logging import get_logger
from app.slack.apps import SlackApps
from app.slack.http import ACK_SECONDS

CONNECT_SECONDS: Final = 15.0
WATCH_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 60.0
"""So long a connection may be away before `/readyz` speaks of it."""
_LASTED_SECONDS: Final = 30.0
_CLOSE_SECONDS: Final = 5.0
_REASON_SECONDS: Final = 0.5
_PING_SECONDS: Final = 5.0
_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 60.0
_FIXES: Final = {
    "link_disabled": "Socket Mode is turned off for the app: turn it on in the app’s settings, or "
    "unset SHAREDBOX_SLACK_APP_TOKEN and let Slack post to /slack/events.",
    "too_many_websockets": "The app has ten connections, which is all that Slack allows: run fewer "
    "web processes.",
}
_FIX: Final = (
    "Make an app-level token with the scope connections:write (Basic Information, App-Level "
    "Tokens), set SHAREDBOX_SLACK_APP_TOKEN to it (xapp-…), and restart."
)
_CONNECTED: Final = Gauge(
    "sharedbox_slack_socket_connected",
    "Whether Slack reaches this process by Socket Mode.",
    ["app"],
)
_ENDED: Final = Counter(
    "sharedbox_slack_socket_ended",
    "Connections of Socket Mode that ended, by what Slack said of it.",
    ["app", "reason"],
)
log = get_logger(__name__)


class End(StrEnum):
    """Why a connection ended."""

    WARNING = "warning"
    REFRESH = "refresh_requested"
    DISABLED = "link_disabled"
    TOO_MANY = "too_many_websockets"
    BROKEN = "broken"

    @property
    def is_recycling(self) -> bool:
        return self in {End.WARNING, End.REFRESH}


class _Link(SocketModeClient):
    """One connection, which makes no other by itself."""

    def __init__(self, apps: SlackApps, app_token: str) -> None:
        super().__init__(
            app_token=app_token,
            web_client=apps.clicks.client,
            auto_reconnect_enabled=False,
            ping_interval=_PING_SECONDS,
        )
        self.end: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self.busy: set[asyncio.Task[BoltResponse]] = set()
        self.on_close_listeners.append(self._closed)

    async def open(self) -> None:
        """Ask for the URL ourselves: the client would repeat even what Slack refuses for good."""
        async with asyncio.timeout(CONNECT_SECONDS):
            answer = await self.web_client.apps_connections_open(app_token=self.app_token)
            self.wss_uri = str(answer["url"])
            await self.connect()  # type: ignore[no-untyped-call]

    async def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        if message.get("type") != "disconnect":
            await super().run_message_listeners(message, raw_message)
            return
        reason = str(message.get("reason"))
        self.ended(End(reason) if reason in set(End) else End.REFRESH)

    async def connect_to_new_endpoint(self, force: bool = False) -> None:  # noqa: ARG002
        self.ended(End.BROKEN)

    async def _closed(self, _: object) -> None:
        """The reason that was said before is still on its way through the client’s queue."""
        asyncio.get_running_loop().call_later(_REASON_SECONDS, self.ended, End.BROKEN)

    def ended(self, why: End) -> None:
        if not self.end.done():
            self.end.set_result(why)

    async def leave(self) -> None:
        """Close it, once what was delivered by it is answered or has had its time."""
        if self.busy:
            await asyncio.wait(self.busy, timeout=_CLOSE_SECONDS)
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.close()  # type: ignore[no-untyped-call]
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("slack.socket_not_closed", error=str(error) or type(error).__name__)
            await self.aiohttp_client_session.close()


class SocketMode:
    """Keeps one connection to Slack while the context lasts."""

    def __init__(
        self,
        apps: SlackApps,
        app_token: str,
        *,
        watch_seconds: float = WATCH_SECONDS,
        ack_seconds: float = ACK_SECONDS,
        first_wait: float = _FIRST_WAIT,
    ) -> None:
        self._apps = apps
        self._app_token = app_token
        self._app_id = (app_token.split("-") + [""] * 3)[2]
        self._watch_seconds = watch_seconds
        self._ack_seconds = ack_seconds
        self._first_wait = self._wait = first_wait
        self._link: _Link | None = None
        self._away_since: float | None = time.monotonic()
        self._leaving: set[asyncio.Task[None]] = set()
        self._late: set[asyncio.Task[BoltResponse]] = set()

    async def __aenter__(self) -> Self:
        self._keeping = asyncio.create_task(self._keep_connected(), name="slack socket")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._keeping.cancel()
        await asyncio.wait({self._keeping})
        if self._link is not None:
            await self._link.leave()
        if self._leaving:
            await asyncio.wait(self._leaving)
        self._note_link(None)

    async def is_connected(self) -> bool:
        return self._link is not None and await self._link.is_connected()

    def trouble(self) -> str | None:
        """What is wrong with the way from Slack, once it has been so for a while."""
        if self._away_since is None or time.monotonic() - self._away_since < PATIENCE_SECONDS:
            return None
        return "Slack does not reach this process by Socket Mode, so clicks come to nothing."

    async def _keep_connected(self) -> None:
        while True:
            link = _Link(self._apps, self._app_token)
            link.socket_mode_request_listeners.append(self._take)  # type: ignore[arg-type]
            wait: float | None = None
            try:
                wait = await self._serve(link)
            except SlackApiError as error:
                wait = _refused(error)
            except (aiohttp.ClientError, SlackClientError, OSError, ValueError) as error:
                log.warning("slack.socket_not_reached", error=str(error) or type(error).__name__)
            finally:
                if self._link is not link:
                    self._leave(link)
            if self._link is not None and not await self.is_connected():
                self._leave(self._link)
                self._note_link(None)
            if wait is None:
                wait, self._wait = self._wait, min(self._wait * 2, _LONGEST_WAIT)
            await asyncio.sleep(wait)

    async def _serve(self, link: _Link) -> float | None:
        """Use a connection to its end; answers how long to wait then, None for the usual."""
        await link.open()
        before, began = self._link, time.monotonic()
        self._note_link(link)
        if before is not None:
            self._leave(before)
        log.info("slack.socket_connected")
        why = await self._end_of(link)
        _ENDED.labels(self._app_id, why).inc()
        has_lasted = time.monotonic() - began >= _LASTED_SECONDS
        if has_lasted:
            self._wait = self._first_wait
        if why.is_recycling:
            log.info("slack.socket_recycled", reason=why)
            return 0.0 if has_lasted else None
        self._note_link(None)
        log.warning("slack.socket_lost", reason=why, fix=_FIXES.get(why, ""))
        return _LONGEST_WAIT if why is End.DISABLED else None

    async def _end_of(self, link: _Link) -> End:
        while True:
            await asyncio.wait({link.end}, timeout=self._watch_seconds)
            if link.end.done():
                return link.end.result()
            if not await link.is_connected():
                return End.BROKEN

    def _note_link(self, link: _Link | None) -> None:
        self._link = link
        if link is not None:
            self._away_since = None
        elif self._away_since is None:
            self._away_since = time.monotonic()
        _CONNECTED.labels(self._app_id).set(link is not None)

    def _leave(self, link: _Link) -> None:
        task = asyncio.create_task(link.leave(), name="leave slack socket")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    # Deliveries

    async def _take(self, link: _Link, request: SocketModeRequest) -> None:
        began = time.time()
        is_event = request.type == "events_api"
        app = self._apps.events if is_event else self._apps.clicks
        task = asyncio.create_task(run_async_bolt_app(app, request), name="slack delivery")
        link.busy.add(task)
        task.add_done_callback(link.busy.discard)
        done, _ = await asyncio.wait({task}, timeout=self._ack_seconds)
        if done:
            await send_async_response(link, request, task.result(), began)
            return
        log.warning("slack.late", seconds=self._ack_seconds)
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        if not is_event:
            is_select = request.payload.get("type") == "block_suggestion"
            payload: dict[str, Any] | None = {"options": []} if is_select else None
            await link.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload))


def _refused(error: SlackApiError) -> float | None:
    """How long to wait after Slack gave us no connection."""
    code = str(error.response.get("error"))
    headers = {name.lower(): value for name, value in (error.response.headers or {}).items()}
    if code in {"ratelimited", "rate_limited"}:
        wait = headers.get("retry-after", "")
        log.warning("slack.socket_limited", seconds=wait)
        return float(wait) if wait.isdecimal() else _LONGEST_WAIT
    log.error("slack.socket_refused", code=code, fix=_FIXES.get(code, _FIX))
    return None
