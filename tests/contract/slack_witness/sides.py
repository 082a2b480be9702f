"""The two workspaces that a scenario is run against: ours, and npm's `emulate`.

`emulate` reads arguments from a POST body only, while Slack's Python client sends some as GET or in
the query; `Shim` stands between them and turns the one into the other, as Slack accepts both.
"""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import parse_qsl, urlencode

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.core.config import PROJECT_ROOT
from app.sandbox.slack.local import LocalSlack
from app.sandbox.slack.seed import AppSeed, ChannelSeed, PersonSeed, Seed
from app.sandbox.slack.serving import LOOPBACK, LoopbackServer

SCOPES: Final = [
    "channels:history", "channels:join", "channels:read", "chat:write", "chat:write.customize",
    "chat:write.public", "files:read", "files:write", "groups:read", "im:write", "reactions:read",
    "reactions:write", "team:read", "users:read", "users:read.email",
]  # fmt: skip
NARROW: Final = ["users:read"]
HOST: Final = Path(__file__).parent / "emulate.mjs"
START_SECONDS: Final = 30


@dataclass
class Side:
    name: str
    client: AsyncWebClient
    narrow: AsyncWebClient
    """A client whose token has few scopes."""
    trigger: Callable[[str, str], Awaitable[str]]
    """A trigger_id for a person, who acts in a view or in none."""
    ids: dict[str, str] = field(default_factory=dict)
    """The ids of channels and people by name."""


@asynccontextmanager
async def our_side() -> AsyncIterator[Side]:
    here = Seed(
        team="Acme",
        people=(PersonSeed("Ana", admin=True),),
        channels=(ChannelSeed("support"), ChannelSeed("closed", private=True, bot=False)),
        app=AppSeed(scopes=frozenset(SCOPES)),
    )
    async with LocalSlack(here) as slack:

        async def trigger(user: str, view: str) -> str:
            return slack.emulator.views.give_trigger(user, view or None)

        narrow = slack.new_token(frozenset(NARROW))
        yield Side(
            "ours",
            AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[]),
            AsyncWebClient(token=narrow, base_url=slack.api_url, retry_handlers=[]),
            trigger,
            {**slack.channels, "ana": slack.users["Ana"]},
        )


@asynccontextmanager
async def their_side() -> AsyncIterator[Side]:
    async with emulated(seed()) as shim:
        yield await _through(shim)


@asynccontextmanager
async def emulated(with_: dict[str, object]) -> AsyncIterator["Shim"]:
    """npm's `emulate`, as its Slack service; the test is left out where it is not installed."""
    node = shutil.which("node")
    if node is None or not (PROJECT_ROOT / "node_modules" / "emulate").exists():
        pytest.skip("emulate is not installed: run npm ci (it needs Node 20 or newer)")
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        node, str(HOST), str(port), json.dumps(with_), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            while b"ready" not in await process.stdout.readline():
                assert process.returncode is None, "emulate stopped before it was ready"
        async with Shim(f"http://{LOOPBACK}:{port}") as shim:
            yield shim
    finally:
        process.terminate()
        await process.wait()


async def _through(shim: "Shim") -> Side:
    client = AsyncWebClient(token="xoxb-wide", base_url=shim.api_url, retry_handlers=[])

    async def trigger(user: str, view: str) -> str:
        arguments = {"user_id": user, **({"view_id": view} if view else {})}
        answer = await client.api_call("views.generateTriggerId", data=arguments)
        trigger_id: str = answer["trigger_id"]
        return trigger_id

    channels = await client.conversations_list(types="public_channel,private_channel")
    people = await client.users_list()
    ids = {one["name"]: one["id"] for one in (*channels["channels"], *people["members"])}
    narrow = AsyncWebClient(token="xoxb-narrow", base_url=shim.api_url, retry_handlers=[])
    return Side("emulate", client, narrow, trigger, ids)


CLIENT_ID: Final = "1.2"
CLIENT_SECRET: Final = "s"
REDIRECT: Final = "https://inbox.example.com/slack/oauth_redirect"


def seed() -> dict[str, object]:
    app = {
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "app_id": "A0SHAREDBOX",
        "name": "SharedBox", "bot_name": "sharedbox", "bot_id": "B0SHAREDBOX",
        "bot_user_id": "U0SHAREDBOX", "redirect_uris": [REDIRECT], "scopes": SCOPES,
    }  # fmt: skip
    token = {"user": "sharedbox", "type": "bot"}
    token |= {key: app[key] for key in ("app_id", "bot_id", "bot_user_id")}  # type: ignore[misc]
    workspace = {
        "team": {"name": "Acme", "domain": "acme"},
        "strict_scopes": True,
        "users": [{"name": "ana", "real_name": "Ana", "email": "ana@acme.example"}],
        "channels": [{"name": "support"}],
        "oauth_apps": [app],
        "tokens": [
            {"token": "xoxb-wide", "scopes": SCOPES, **token},
            {"token": "xoxb-narrow", "scopes": NARROW, **token},
        ],
    }
    return {"slack": workspace}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


class Shim:
    """Hands API calls on as POST with a form body; bodies that are JSON pass as they are."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream

    async def __aenter__(self) -> Self:
        both = ["GET", "POST"]
        routes = [
            Route("/api/{method}", self._hand_on, methods=both),
            Route("/oauth/{path:path}", self._show, methods=both),
        ]
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        self._server = await LoopbackServer(Starlette(routes=routes)).__aenter__()
        self.api_url = f"{self._server.url}/api/"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.__aexit__()
        await self._session.close()

    async def _hand_on(self, request: Request) -> Response:
        kind = request.headers.get("content-type", "application/x-www-form-urlencoded")
        body = await request.body()
        if "json" not in kind:
            fields = [*parse_qsl(body.decode(), keep_blank_values=True)]
            fields += parse_qsl(request.url.query, keep_blank_values=True)
            kind, body = "application/x-www-form-urlencoded", urlencode(fields).encode()
        headers = {"content-type": kind, "authorization": request.headers.get("authorization", "")}
        url = self._upstream + request.url.path
        async with self._session.post(url, data=body, headers=headers) as answer:
            content = await answer.read()
            return Response(content, answer.status, {"content-type": answer.content_type})

    async def _show(self, request: Request) -> Response:
        """A page, and what a browser posts to it, as they are."""
        url = f"{self._upstream}{request.url.path}?{request.url.query}"
        kind = {"content-type": request.headers.get("content-type", "")}
        body = await request.body()
        async with self._session.request(
            request.method, url, data=body, headers=kind if body else {}, allow_redirects=False
        ) as answer:
            where = answer.headers.get("location")
            return Response(
                await answer.read(),
                answer.status,
                {"location": where} if where else {},
                answer.content_type,
            )
