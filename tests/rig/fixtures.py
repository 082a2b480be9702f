"""The hostile server as a fixture: with one look at a time, or with a whole worker beside it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.accounts.connect import ask_for_test
from app.bootstrap.worker import run_worker
from app.core.config import Settings
from app.mailbox import guard, imap, sessions
from app.store.engine import conninfo
from app.store.models import Account, Event
from tests.fixtures.database import Workspace
from tests.fixtures.stack import eventually
from tests.fixtures.syncing import MakeSync, Sync
from tests.rig.imap_server import HostileServer

QUICK = 1.0
"""The time limit of every IMAP call under `quick_limits`, in seconds."""


@pytest.fixture
async def hostile() -> AsyncIterator[HostileServer]:
    """A server with every extension, an empty mailbox, and nothing planned."""
    async with HostileServer() as server:
        yield server


@pytest.fixture
async def watched(make_sync: MakeSync, hostile: HostileServer) -> Sync:
    """An account on the hostile server that was looked at once, while it was empty."""
    sync = await make_sync(hostile)
    await sync.look()
    return sync


@pytest.fixture
def quick_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every IMAP call ends within a second or so, as it else does within a minute or so."""
    monkeypatch.setattr(guard, "CONNECT_SECONDS", QUICK)
    monkeypatch.setattr(imap, "CONNECT_SECONDS", QUICK)
    monkeypatch.setattr(imap, "READ_SECONDS", QUICK)
    monkeypatch.setattr(sessions, "LOGIN_SECONDS", QUICK)
    monkeypatch.setattr(sessions, "IDLE_SECONDS", QUICK)
    monkeypatch.setattr(sessions, "FETCH_SECONDS", QUICK)
    monkeypatch.setattr(sessions, "LOGOUT_SECONDS", QUICK)
    monkeypatch.setattr(sessions.IMAPSession._call, "__kwdefaults__", {"seconds": QUICK})


@dataclass
class Tended:
    """One account on a hostile server, and a whole worker that tends it; no Slack."""

    server: HostileServer
    sync: Sync
    settings: Settings

    def __post_init__(self) -> None:
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._stop.clear()
        self._task = asyncio.create_task(run_worker(self.settings, self._stop))

    async def stop(self) -> None:
        if self._task is not None:
            self._stop.set()
            await asyncio.wait_for(self._task, 20)
            self._task = None

    async def account(self) -> Account:
        async with self.sync.rows() as uow:
            return await uow.accounts.get(self.sync.syncing.account_id)

    async def reaches(self, state: str, *, within: float = 40) -> Account:
        """The account, once it is in this state."""

        async def look() -> Account | None:
            account = await self.account()
            return account if account.state == state else None

        account: Account = await eventually(look, within)
        return account

    async def retry_now(self) -> None:
        """End a rest, as a person's *Retry now* does."""
        async with self.sync.rows() as uow:
            await ask_for_test(uow, self.sync.syncing.account_id)

    async def brings_in(self, *subjects: str, within: float = 40) -> None:
        """Wait until these, and only these, mails were brought in."""

        async def look() -> bool:
            return set(await self.sync.subjects()) >= set(subjects)

        await eventually(look, within)
        assert await self.sync.subjects() == sorted(subjects)

    async def events(self, type_: str) -> list[Event]:
        return [one for one in await self.sync.all(Event) if one.type == type_]


MakeTended = Callable[..., Awaitable[Tended]]


@pytest.fixture
async def make_tended(
    make_sync: MakeSync, workspace: Workspace, tmp_path: Path
) -> AsyncIterator[MakeTended]:
    """Have a worker tend an account: `await make_tended(server, poll_seconds=5)`."""
    started: list[Tended] = []

    async def make(
        server: HostileServer, *, folders: Sequence[str] = ("INBOX",), **values: Any
    ) -> Tended:
        settings = Settings(
            _env_file=None,
            **{
                "database_url": conninfo(workspace.url),
                "data_dir": tmp_path,
                "allow_private_mail_hosts": True,
                "parser_processes": 1,
                "retry_ladder": "0.2 0.2@600 0.2",
                **values,
            },
        )
        sync = await make_sync(
            server,
            folders=list(folders),
            imap_port=server.port,
            imap_secret=settings.vault().seal(server.password),
        )
        tended = Tended(server, sync, settings)
        started.append(tended)
        await tended.start()
        await tended.reaches("live")
        return tended

    yield make
    for tended in started:
        await tended.stop()


@pytest.fixture
async def tended(hostile: HostileServer, make_tended: MakeTended) -> Tended:
    """A worker that watches the hostile server already."""
    return await make_tended(hostile)
