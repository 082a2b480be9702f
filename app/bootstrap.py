"""Building everything: the only place that knows which concrete part stands behind which port."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import uvicorn
from sqlalchemy import URL

from app.accounts.tokens import GrantTokens
from app.container import Container
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.errors import SharedBoxError
from app.feed.context import Feeding
from app.jobs.checking import Checker
from app.jobs.context import Tending
from app.jobs.trying import Trying
from app.jobs.vitals import serving_vitals
from app.jobs.worker import Worker
from app.mailbox.sessions import IMAPServers
from app.outside.http import open_outside
from app.providers.oauth.registry import oauth_providers
from app.rules.arrivals import Arrivals
from app.sending.context import Sending
from app.sending.kept import KeptLines
from app.sending.smtp import SMTPTransport
from app.slack.bolt import build_apps, signing_secret
from app.slack.client import WorkspaceClients, http_session, web_client
from app.slack.home_keeper import HomeKeeper
from app.slack.http import SlackHTTP
from app.slack.install import SlackInstall
from app.slack.installations import Installations, adopt_until_done
from app.slack.oauth import SlackOAuth
from app.slack.sign_in import SlackSignIn
from app.slack.socket import SocketMode
from app.store.blobs import Blobs
from app.store.embedded import EmbeddedPostgres
from app.store.engine import open_engine, parse_database_url
from app.store.migrate import is_current
from app.store.notify import NotificationHub
from app.store.queue import open_queue
from app.store.unit_of_work import Store
from app.sync.parsing import ParserPool
from app.team.joining import first_link, link_path
from app.web.app import create_app
from app.webhooks.deliver import Delivering

STOP_SECONDS: Final = 15


class SchemaOutdated(SharedBoxError):
    """The database has a schema that this code was not written for."""


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[URL]:
    """Where the database is; one of our own is started where none is given."""
    if settings.database_url:
        yield parse_database_url(settings.database_url)
        return
    async with EmbeddedPostgres(settings.data_dir / "postgres") as postgres:
        yield postgres.url


@asynccontextmanager
async def open_container(settings: Settings) -> AsyncIterator[Container]:
    """What every process needs, opened in order and closed in reverse. Raises `SchemaOutdated`."""
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(open_database(settings))
        if not await asyncio.to_thread(is_current, url):
            raise SchemaOutdated(
                "The database has not the schema of this version.", fix="Run: sharedbox migrate"
            )
        engine = open_engine(url)
        stack.push_async_callback(engine.dispose)
        queue = open_queue(url)
        hub = await stack.enter_async_context(NotificationHub(url))
        store = Store(engine, queue)
        async with store.across_workspaces() as fleet:
            await fleet.go_on_after_restore()
        yield Container(
            settings=settings,
            url=url,
            store=store,
            queue=queue,
            blobs=Blobs(settings.blob_location),
            hub=hub,
            vault=settings.vault(),
            clock=SystemClock(),
            oauth=oauth_providers(settings),
        )


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
        installations = await _installations(container, http, stack)
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


async def run_worker(settings: Settings, stop: asyncio.Event) -> None:
    """Tend accounts and run jobs until `stop` is set."""
    async with contextlib.AsyncExitStack() as stack:
        if settings.metrics_port is not None:
            vitals = serving_vitals(settings.host, settings.metrics_port)
            await stack.enter_async_context(vitals)
        container = await stack.enter_async_context(open_container(settings))
        http = await stack.enter_async_context(http_session())
        installations = await _installations(container, http, stack)
        parser = await stack.enter_async_context(ParserPool(settings.parser_processes))
        servers = await stack.enter_async_context(
            IMAPServers(
                threads=settings.imap_threads,
                largest_mail=settings.max_mail_bytes,
                allow_private=settings.allow_private_mail_hosts,
                ca_file=settings.tls_ca_file,
                dials_per_second=settings.dials_per_second,
            )
        )
        tokens = GrantTokens(container.store, container.hub, container.vault, container.oauth)
        tending = Tending(
            store=container.store,
            blobs=container.blobs,
            parser=parser,
            servers=servers,
            hub=container.hub,
            clock=container.clock,
            vault=container.vault,
            announce=Arrivals(container.clock),
            ladder=settings.ladder(),
            poll_seconds=settings.poll_seconds,
            idle_renew_seconds=settings.idle_renew_seconds,
            largest_mail=settings.max_mail_bytes,
            reconnect_after_seconds=settings.reconnect_after_seconds,
            import_mails_per_minute=settings.import_mails_per_minute,
            worker_silent_seconds=settings.worker_silent_seconds,
            tokens=tokens,
        )
        feeding = Feeding(
            store=container.store,
            blobs=container.blobs,
            slack=WorkspaceClients(installations, http, settings.slack_api_url),
            hub=container.hub,
            clock=container.clock,
            site=settings.slack_api_url,
            pages=settings.base_url,
            cards_per_minute=settings.cards_per_minute,
            stop=stop,
        )
        sending = await _sending(container, parser, tokens, stack)
        gate = open_outside(allow_private=settings.allow_private_webhook_hosts)
        delivering = Delivering(
            store=container.store,
            outside=await stack.enter_async_context(gate),
            vault=container.vault,
            clock=container.clock,
        )
        trying = Trying(container.store, container.vault, tokens, checker(settings, servers))
        await Worker(container, tending, feeding, sending, delivering, tokens, trying).run(stop)


def checker(settings: Settings, servers: IMAPServers) -> Checker:
    """What tries a mailbox's servers, step by step."""
    allow_private, ca_file = settings.allow_private_mail_hosts, settings.tls_ca_file
    transport = SMTPTransport(allow_private=allow_private, ca_file=ca_file)
    return Checker(servers, transport, allow_private=allow_private, ca_file=ca_file)


class _Server(uvicorn.Server):
    """Leaves signals to whoever started us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _sending(
    container: Container, parser: ParserPool, tokens: GrantTokens, stack: contextlib.AsyncExitStack
) -> Sending:
    settings = container.settings
    allow_private = settings.allow_private_mail_hosts
    kept = await stack.enter_async_context(KeptLines(container.hub))
    return Sending(
        store=container.store,
        blobs=container.blobs,
        transport=SMTPTransport(
            allow_private=allow_private, ca_file=settings.tls_ca_file, kept=kept
        ),
        reader=parser,
        outside=await stack.enter_async_context(open_outside(allow_private=allow_private)),
        vault=container.vault,
        sends_per_hour=settings.sends_per_hour,
        tokens=tokens,
    )


async def _installations(
    container: Container, http: aiohttp.ClientSession, stack: contextlib.AsyncExitStack
) -> Installations:
    """The installations, with the configured bot token adopted in the background."""
    installations = Installations(container.store, container.vault)
    async with container.store.across_workspaces() as fleet:
        workspace_id = await fleet.default_workspace()
    token = container.settings.slack_bot_token
    if token is not None:
        client = web_client(http, container.settings.slack_api_url, token.get_secret_value())
        task = asyncio.create_task(
            adopt_until_done(installations, workspace_id, client), name="slack installation"
        )
        stack.push_async_callback(_cancel, task)
    return installations


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _stop_server(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True
