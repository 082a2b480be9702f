"""The local workspace as a whole: start it, act in it, break it, and see what came of it.

    async with LocalSlack(request_url=…) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        …
        await slack.click("Ana", "support", ts, "conversation.done")

It listens on loopback only and makes its own token and signing secret: no real one reaches it.
"""

import asyncio
import secrets
from typing import Self

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from app.core.clock import Clock, SystemClock
from app.sandbox.slack.changes import Changes
from app.sandbox.slack.consent import Consent
from app.sandbox.slack.control import Control
from app.sandbox.slack.customer import Customer
from app.sandbox.slack.delivery import Courier, Delivery
from app.sandbox.slack.emulator import Emulator
from app.sandbox.slack.faults import Fault, FaultKind
from app.sandbox.slack.local_workspace import LocalWorkspace
from app.sandbox.slack.page_server import PageServer
from app.sandbox.slack.rates import RateMode
from app.sandbox.slack.seed import Seed
from app.sandbox.slack.serving import LOOPBACK, LoopbackServer
from app.sandbox.slack.site import Site
from app.sandbox.slack.sockets import Farewell, SocketLinks
from app.sandbox.slack.transport import HTTPTransport
from app.sandbox.slack.web_api import WebAPI


class LocalSlack(LocalWorkspace):
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
        self.site = Site(self.emulator)
        self.workspaces: list[LocalWorkspace] = [self]
        self.install_url: str | None = None
        """Where the app asks to be let into a further workspace; the page links to it."""
        self._closing = asyncio.Event()
        self._server = LoopbackServer(self._app(customer), port)
        self.page_url = f"{self._server.url}/"
        self.api_url = f"{self._server.url}/api/"
        self.control_url = f"{self._server.url}/control/"
        self.emulator.base_url = self._server.url

    def add_workspace(self, seed: Seed) -> LocalWorkspace:
        """A further workspace at the same address. The app has to be installed there first."""
        home = self.emulator
        emulator = Emulator(seed, home.clock, self._courier, home.changes, beside=home)
        self.site.emulators.append(emulator)
        self.workspaces.append(LocalWorkspace(emulator))
        home.changes.tell("channels")
        return self.workspaces[-1]

    def _app(self, customer: Customer | None) -> Starlette:
        routes = [
            *WebAPI(self.site, self._closing).routes,
            *Consent(self.site).routes,
            *Control(self, self.control_secret).routes,
            *PageServer(self.workspaces, customer, self._closing, lambda: self.install_url).routes,
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
    def client_id(self) -> str:
        return self.site.client_id

    @property
    def client_secret(self) -> str:
        return self.site.client_secret

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

    @property
    def deliveries(self) -> list[Delivery]:
        return list(self._courier.log)

    async def until_delivered(self, seconds: float = 10.0) -> None:
        """Wait until no event is on its way to the app."""
        await self.wait_for(lambda: self._courier.outstanding == 0, seconds)
