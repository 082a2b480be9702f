"""The local workspace as a whole: start it, act in it, break it, and see what came of it.

    async with LocalSlack(request_url=…) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        …
        await slack.click("Ana", "support", ts, "conversation.done")

It listens on loopback only and makes its own token and signing secret: no real one reaches it.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Self, TypeVar

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from app.core.clock import Clock, SystemClock
from app.sandbox.slack.changes import Changes
from app.sandbox.slack.control import Control
from app.sandbox.slack.customer import Customer
from app.sandbox.slack.delivery import Courier, Delivery
from app.sandbox.slack.emulator import Emulator, Write
from app.sandbox.slack.faults import Fault, FaultKind
from app.sandbox.slack.page_server import PageServer
from app.sandbox.slack.people import People
from app.sandbox.slack.rates import RateMode
from app.sandbox.slack.room import Message
from app.sandbox.slack.seed import Seed
from app.sandbox.slack.serving import LOOPBACK, LoopbackServer
from app.sandbox.slack.sockets import Farewell, SocketLinks
from app.sandbox.slack.transport import HTTPTransport
from app.sandbox.slack.web_api import WebAPI
from app.sandbox.slack.wire import JSON

Value = TypeVar("Value")


class LocalSlack(People):
    """`request_url` is where the app takes events and interactions; it may be set later.

    With `socket_mode` the app comes by WebSocket instead, with `app_token` for its first call.

    `time_scale` shortens the minutes between the retries of an event; `ack_seconds` is how long the
    app may take to acknowledge.
    """

    def __init__(
        self,
        seed: Seed | None = None,
        *,
        port: int = 0,
        request_url: str | None = None,
        socket_mode: bool = False,
        customer: Customer | None = None,
        rate_mode: RateMode = RateMode.OFF,
        clock: Clock | None = None,
        ack_seconds: float = 3.0,
        time_scale: float = 1.0,
    ) -> None:
        clock, changes = clock or SystemClock(), Changes()
        self.signing_secret = secrets.token_hex(16)
        self.control_secret = secrets.token_urlsafe(24)
        self._sockets = SocketLinks()
        self._sockets.enabled = socket_mode
        self._courier = Courier(
            changes,
            clock,
            HTTPTransport(self.signing_secret),
            self._sockets,
            ack_seconds=ack_seconds,
            time_scale=time_scale,
        )
        self.request_url = request_url
        super().__init__(Emulator(seed or Seed(), clock, self._courier, changes))
        self._sockets.app_id = self.app_id
        self.emulator.rates.mode = rate_mode
        self._closing = asyncio.Event()
        self._server = LoopbackServer(self._app(customer), port)
        self.page_url = f"{self._server.url}/"
        self.api_url = f"{self._server.url}/api/"
        self.control_url = f"{self._server.url}/control/"
        self.emulator.base_url = self._server.url

    def _app(self, customer: Customer | None) -> Starlette:
        routes = [
            *WebAPI(self.emulator, self._closing).routes,
            *Control(self, self.control_secret).routes,
            *PageServer(self, customer, self._closing).routes,
        ]
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"])
        return Starlette(routes=routes, middleware=[hosts])

    async def __aenter__(self) -> Self:
        await self._sockets.__aenter__()
        await self._server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await self._courier.close()
        await self._sockets.__aexit__()
        await self._server.__aexit__()

    # Who and where

    @property
    def bot_token(self) -> str:
        return self.emulator.bot_token

    @property
    def team_id(self) -> str:
        return self.emulator.workspace.team_id

    @property
    def app_id(self) -> str:
        return self.emulator.workspace.app_id

    @property
    def bot_id(self) -> str:
        return self.emulator.workspace.bot_id

    @property
    def bot_user_id(self) -> str:
        return self.emulator.workspace.bot.id

    @property
    def channels(self) -> dict[str, str]:
        """Ids by name."""
        rooms = self.emulator.workspace.channels.values()
        return {room.name: room.id for room in rooms if not room.direct_with}

    @property
    def users(self) -> dict[str, str]:
        """Ids by name, people only."""
        people = self.emulator.workspace.people.values()
        return {person.real_name: person.id for person in people if not person.bot}

    # The app

    @property
    def request_url(self) -> str | None:
        return self._courier.http.request_url

    @request_url.setter
    def request_url(self, url: str | None) -> None:
        self._courier.http.request_url = url

    async def connect(self, request_url: str) -> None:
        """Set the request URL once the app has answered its challenge. Raises `NotReachable`."""
        await self._courier.verify(request_url)

    @property
    def app_token(self) -> str:
        """The app-level token, with which Socket Mode begins."""
        return self.emulator.app_token

    @property
    def sockets_open(self) -> int:
        """How many connections the app has open in Socket Mode."""
        return self._sockets.count

    async def set_socket_mode(self, *, enabled: bool) -> None:
        await self._courier.use_sockets(enabled=enabled)

    async def disconnect_sockets(self, reason: Farewell = Farewell.REFRESH) -> None:
        """Say goodbye to every connection, as Slack does every few hours."""
        await self._sockets.disconnect(reason)

    def new_token(self, scopes: frozenset[str]) -> str:
        """A further bot token, with these scopes only."""
        return self.emulator.new_token(scopes)

    def revoke_token(self, token: str | None = None) -> None:
        self.emulator.revoke(token or self.bot_token)

    def remove_bot(self, channel: str) -> None:
        self.emulator.workspace.leave(self.emulator.workspace.channel(channel), self.bot_user_id)

    def add_bot(self, channel: str) -> None:
        self.emulator.workspace.join(self.emulator.workspace.channel(channel), self.bot_user_id)

    # People

    def change_person(
        self, user: str, *, guest: bool = False, deleted: bool = False, home: str = ""
    ) -> None:
        """Make somebody a guest, switch their account off, or have them come from elsewhere."""
        person = self.emulator.workspace.person(user)
        person.guest, person.deleted, person.home = guest, deleted, home

    def remove_user(self, user: str, channel: str) -> None:
        here = self.emulator.workspace
        here.leave(here.channel(channel), here.person(user).id)

    def add_user(self, user: str, channel: str) -> None:
        here = self.emulator.workspace
        here.join(here.channel(channel), here.person(user).id)

    # Channels

    def archive_channel(self, channel: str, *, archived: bool = True) -> None:
        here = self.emulator.workspace
        room = here.channel(channel)
        here.archive(room, room.creator, archived=archived)

    def rename_channel(self, channel: str, name: str) -> None:
        self.emulator.workspace.rename(self.emulator.workspace.channel(channel), name)

    # Trouble

    def fail_next(
        self,
        method: str,
        kind: FaultKind,
        *,
        times: int = 1,
        error: str = "fatal_error",
        status: int = 500,
        seconds: float = 1.0,
    ) -> None:
        """Have the next calls of a method fail.

        `*` is any method; `upload` and `response_url` are the two requests that are no methods.
        `seconds` is the delay, or what Retry-After says.
        """
        fault = Fault(kind, error=error, status=status, seconds=seconds)
        self.emulator.faults.add(method, fault, times)

    def set_rate_mode(self, mode: RateMode) -> None:
        self.emulator.rates.mode = mode

    def reset(self) -> None:
        """Forget messages, views, files, faults and logs; people, channels and tokens stay."""
        self.emulator.reset()

    # What came of it

    def messages(self, channel: str) -> list[JSON]:
        """What the channel shows, oldest first, metadata included; thread replies are elsewhere."""
        room = self.emulator.workspace.channel(channel)
        shown = (one for one in room.messages.values() if not one.thread_ts or one.broadcast)
        return [self._json(message) for message in shown]

    def replies(self, channel: str, thread_ts: str) -> list[JSON]:
        """The replies in a thread, without its head."""
        room = self.emulator.workspace.channel(channel)
        replies = (one for one in room.messages.values() if one.thread_ts == thread_ts)
        return [self._json(message) for message in replies]

    def message(self, channel: str, ts: str) -> JSON:
        return self._json(self._find(channel, ts)[1])

    def ephemerals(self, user: str, channel: str) -> list[JSON]:
        """What only this person sees in a channel."""
        here = self.emulator.workspace
        key = (here.channel(channel).id, here.person(user).id)
        return [self._json(one) for where, who, one in here.ephemerals if (where, who) == key]

    def views(self, user: str) -> list[JSON]:
        """The modals open before a person, the top one last."""
        who = self.emulator.workspace.person(user).id
        return [view.as_json() for view in self.emulator.views.stack(who)]

    def home(self, user: str) -> JSON | None:
        home = self.emulator.views.home(self.emulator.workspace.person(user).id)
        return home.as_json() if home else None

    def file_bytes(self, file_id: str) -> bytes:
        return self.emulator.files.complete(file_id).data or b""

    @property
    def writes(self) -> list[Write]:
        """Every call that was accepted and changed something, answered or not, in order."""
        return list(self.emulator.writes)

    @property
    def deliveries(self) -> list[Delivery]:
        return list(self._courier.log)

    async def wait_for(self, found: Callable[[], Value], seconds: float = 10.0) -> Value:
        """Wait until `found()` is true of the workspace; answers what it found.

        Raises `Unavailable` when the time is up.
        """
        return await self.emulator.changes.until(found, seconds)

    async def until_delivered(self, seconds: float = 10.0) -> None:
        """Wait until no event is on its way to the app."""
        await self.wait_for(lambda: self._courier.outstanding == 0, seconds)

    def _json(self, message: Message) -> JSON:
        return self.emulator.workspace.message_json(message, metadata=True)
