"""The web process: Slack's deliveries, the REST API, and the admin."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn

from app.bootstrap.opening import open_container, open_installations
from app.core.config import Settings
from app.slack.bolt import build_apps, signing_secret
from app.slack.client import http_session
from app.slack.home_keeper import HomeKeeper
from app.slack.http import SlackHTTP
from app.slack.install import SlackInstall
from app.slack.oauth import SlackOAuth
from app.slack.sign_in import SlackSignIn
from app.slack.socket import SocketMode
from app.team.joining import first_link, link_path
from app.web.app import create_app

STOP_SECONDS: Final = 15


async def run_web(
    settings: Settings, stop: asyncio.Event, welcome: Callable[[str], None] | None = None
) -> None:
    """Serve HTTP until `stop` is set.

    `welcome` is told the link that makes the first owner, as long as there is none.
    """
    async with contextlib.AsyncExitStack() as stack:
        container = await stack.enter_async_context(open_container(settings))
        secret = await first_link(container.store, now=container.clock.now())
        if secret is not None and welcome is not None:
            welcome(settings.base_url.rstrip("/") + link_path(secret))
        http = await stack.enter_async_context(http_session())
        installations = await open_installations(container, http, stack)
        slack = None
        if settings.slack_signing_secret is not None:
            slack = SlackHTTP(build_apps(container, installations, http), signing_secret(settings))
        socket = None
        if settings.slack_app_token is not None:
            apps = build_apps(container, installations, http)
            token = settings.slack_app_token.get_secret_value()
            socket = await stack.enter_async_context(SocketMode(apps, token))
        if slack is not None or socket is not None:
            keeper = HomeKeeper(container, installations, http)
            keeping = asyncio.create_task(keeper.run(), name="keep homes")
            stack.push_async_callback(_end, keeping)
        install = sign_in = None
        if settings.install_url is not None:
            store, vault = container.store, container.vault
            oauth = SlackOAuth(settings, store, vault, installations, http)
            install, sign_in = SlackInstall(oauth), SlackSignIn(oauth)
        app = create_app(container, slack, install, sign_in, socket)
        stack.push_async_callback(app.state.mail_frames.aclose)
        server = _Server(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        stopping = asyncio.create_task(_stop_server(server, stop), name="stop")
        try:
            await server.serve()
        finally:
            stopping.cancel()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


class _Server(uvicorn.Server):
    """Leaves signals to whoever started us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _stop_server(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True
