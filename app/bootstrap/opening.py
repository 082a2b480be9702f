"""What every process begins with: the database, the container, and the Slack installations."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from sqlalchemy import URL

from app.container import Container
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.errors import SharedBoxError
from app.providers.oauth.registry import oauth_providers
from app.slack.client import web_client
from app.slack.installations import Installations, adopt_until_done
from app.store.blobs import Blobs
from app.store.embedded import EmbeddedPostgres
from app.store.engine import open_engine, parse_database_url
from app.store.migrate import is_current
from app.store.notify import NotificationHub
from app.store.queue import open_queue
from app.store.unit_of_work import Store


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
        store = Store(engine)
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


async def open_installations(
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
