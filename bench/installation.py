"""A whole installation to measure: the real processes, a local Slack, a Dovecot full of users."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from app.sandbox.mail.dovecot import Dovecot
from app.sandbox.mail.process import free_ports
from app.sandbox.slack.local import LocalSlack
from app.sandbox.slack.seed import ChannelSeed, Seed
from app.store.embedded import EmbeddedPostgres
from app.store.engine import conninfo
from app.store.migrate import migrate

_API_KEY: Final = "key-of-the-bench"
_CHANNELS: Final = 50
_SECONDS_TO_STOP: Final = 20


@dataclass(frozen=True, slots=True)
class Installation:
    dovecot: Dovecot
    slack: LocalSlack
    api: httpx.AsyncClient
    worker_pid: int
    url: str
    """Of the web process."""
    database: str
    """Where the rows are, as psycopg takes it."""

    async def connect(self, user: str, channel: str, folders: Sequence[str] = ("INBOX",)) -> None:
        """Have a user's folders watched."""
        body = {
            "address": user,
            "imap": {
                "host": "127.0.0.1",
                "port": self.dovecot.imaps_port,
                "security": "tls",
                "username": user,
                "password": self.dovecot.password(user),
            },
            "channel": self.slack.channels[channel],
            "folders": list(folders),
        }
        (await self.api.post("/accounts", json=body)).raise_for_status()

    async def until_live(self, count: int) -> None:
        """Wait until so many accounts are watched."""
        async with asyncio.timeout(30 + count):
            while await self._live() < count:  # noqa: ASYNC110 -- it is in another process
                await asyncio.sleep(0.5)

    async def _live(self) -> int:
        live = 0
        cursor: str | None = None
        while True:
            page = await self._page(cursor)
            live += sum(bool(one["state"] == "live") for one in page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                return live

    async def _page(self, cursor: str | None) -> dict[str, Any]:
        query = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
        page: dict[str, Any] = (await self.api.get("/accounts", params=query)).json()
        return page


def channel(number: int) -> str:
    """The name of a channel; there are few, and accounts share them."""
    return f"bench-{number % _CHANNELS:02}"


@asynccontextmanager
async def installation(folder: Path, users: Mapping[str, str]) -> AsyncIterator[Installation]:
    """Everything runs inside the context, each process as an operator would start it."""
    seed = Seed(channels=tuple(ChannelSeed(channel(number)) for number in range(_CHANNELS)))
    (port,) = free_ports(1)
    async with (
        Dovecot(users) as dovecot,
        EmbeddedPostgres(folder / "postgres") as postgres,
        LocalSlack(seed) as slack,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}/api/v1",
            headers={"Authorization": f"Bearer {_API_KEY}"},
            timeout=60,
        ) as api,
    ):
        await asyncio.to_thread(migrate, postgres.url)
        environment = {
            "SHAREDBOX_DATABASE_URL": conninfo(postgres.url),
            "SHAREDBOX_DATA_DIR": str(folder / "data"),
            "SHAREDBOX_PORT": str(port),
            "SHAREDBOX_BOOTSTRAP_API_KEY": _API_KEY,
            "SHAREDBOX_SLACK_API_URL": slack.api_url,
            "SHAREDBOX_SLACK_BOT_TOKEN": slack.bot_token,
            "SHAREDBOX_SLACK_SIGNING_SECRET": slack.signing_secret,
            "SHAREDBOX_ALLOW_PRIVATE_MAIL_HOSTS": "true",
            "SHAREDBOX_CARDS_PER_MINUTE": "0",
            "SHAREDBOX_TLS_CA_FILE": str(dovecot.ca_file),
            "SHAREDBOX_LOG_LEVEL": "WARNING",
        }
        async with _process("web", environment), _process("worker", environment) as worker:
            await _until_ready(api, port)
            site = f"http://127.0.0.1:{port}"
            database = environment["SHAREDBOX_DATABASE_URL"]
            yield Installation(dovecot, slack, api, worker.pid, site, database)


@asynccontextmanager
async def _process(
    name: str, environment: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "run", name), env={**os.environ, **environment}
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _SECONDS_TO_STOP)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _until_ready(api: httpx.AsyncClient, port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                answer = await api.get(f"http://127.0.0.1:{port}/readyz")
            except httpx.TransportError:
                pass
            else:
                if answer.status_code == 200:
                    return
            await asyncio.sleep(0.2)
