"""Socket Mode: we go to Slack, by WebSocket, and get what it would have posted to our route.

Bolt's own handler answers each envelope. Its client tries for ever with what it was given, so
a watchdog looks whether the connection lives, and makes another one where it does not.
"""

import asyncio
from typing import Final, Self

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from app.core.logging import get_logger

CONNECT_SECONDS: Final = 15.0
WATCH_SECONDS: Final = 30.0
_CLOSE_SECONDS: Final = 5.0
_PING_SECONDS: Final = 5.0
_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 60.0
_FIX: Final = (
    "Make an app-level token with the scope connections:write (Basic Information, App-Level "
    "Tokens), set SHAREDBOX_SLACK_APP_TOKEN to it (xapp-…), and restart."
)
log = get_logger(__name__)


class SocketMode:
    """Keeps one connection to Slack while the context lasts."""

    def __init__(
        self, app: AsyncApp, app_token: str, *, watch_seconds: float = WATCH_SECONDS
    ) -> None:
        self._app = app
        self._app_token = app_token
        self._watch_seconds = watch_seconds
        self._handler: AsyncSocketModeHandler | None = None

    async def __aenter__(self) -> Self:
        self._keeping = asyncio.create_task(self._keep_connected(), name="slack socket")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._keeping.cancel()
        await asyncio.wait({self._keeping})

    async def is_connected(self) -> bool:
        return self._handler is not None and await self._handler.client.is_connected()

    async def _keep_connected(self) -> None:
        wait = _FIRST_WAIT
        while True:
            handler = AsyncSocketModeHandler(
                self._app, self._app_token, ping_interval=_PING_SECONDS
            )
            try:
                await _connect(handler)
                self._handler, wait = handler, _FIRST_WAIT
                log.info("slack.socket_connected")
                await self._until_it_dies()
                log.warning("slack.socket_lost", what="The connection to Slack is made anew.")
            except SlackApiError as error:
                code = str(error.response.get("error"))
                log.error("slack.socket_refused", code=code, fix=_FIX)  # noqa: TRY400
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                log.warning("slack.socket_not_reached", error=str(error) or type(error).__name__)
            finally:
                self._handler = None
                await _close(handler)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _until_it_dies(self) -> None:
        while True:
            await asyncio.sleep(self._watch_seconds)
            if not await self.is_connected():
                return


async def _connect(handler: AsyncSocketModeHandler) -> None:
    """Ask for the URL ourselves: the client would repeat even what Slack refuses for good."""
    async with asyncio.timeout(CONNECT_SECONDS):
        client = handler.client
        answer = await client.web_client.apps_connections_open(app_token=client.app_token)
        client.wss_uri = str(answer["url"])
        await handler.connect_async()  # type: ignore[no-untyped-call]


async def _close(handler: AsyncSocketModeHandler) -> None:
    client = handler.client
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await handler.close_async()  # type: ignore[no-untyped-call]
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        log.warning("slack.socket_not_closed", error=str(error) or type(error).__name__)
        await client.aiohttp_client_session.close()
