"""Postgres in trouble, seen by a whole worker: nothing is lost, nothing doubled, and it goes on."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from app.commands.types import Archive
from app.core.config import PROJECT_ROOT
from app.store import engine
from app.store.engine import conninfo
from app.store.migrate import is_current
from tests.fixtures.stack import eventually
from tests.fixtures.syncing import Sync
from tests.rig.asking import ask, check_prefix, outcome, put, subjects_in
from tests.rig.fixtures import MakeTended, Tended
from tests.rig.imap_server import HostileServer

TRIGGER = """
CREATE SEQUENCE trouble;
CREATE FUNCTION make_trouble() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('trouble') <= 2 THEN
        RAISE EXCEPTION 'made by a test' USING ERRCODE = '{code}';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trouble BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION make_trouble();
"""


@pytest.fixture
async def rogue(database: URL) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A session of somebody else in the same database."""
    async with await psycopg.AsyncConnection.connect(conninfo(database)) as connection:
        await connection.set_autocommit(True)
        yield connection


class TestAFailingTransaction:
    @pytest.mark.parametrize(
        "code",
        [pytest.param("40P01", id="deadlock"), pytest.param("40001", id="serialization-failure")],
    )
    async def test_is_made_again(
        self, tended: Tended, rogue: psycopg.AsyncConnection[Any], code: str
    ) -> None:
        await rogue.execute(TRIGGER.format(code=code).encode())
        put(tended.server, "First")

        await tended.brings_in("First", within=40)

        assert await tended.sync.announced() == ["First"]
        await check_prefix(tended.sync, tended.server)
        row = await (await rogue.execute("SELECT last_value FROM trouble")).fetchone()
        assert row is not None
        assert row[0] >= 3

    async def test_that_waits_for_a_lock_gives_up_and_comes_again(
        self,
        hostile: HostileServer,
        make_tended: MakeTended,
        rogue: psycopg.AsyncConnection[Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        short = engine._SERVER_SETTINGS.replace("lock_timeout=15s", "lock_timeout=300ms")
        assert short != engine._SERVER_SETTINGS
        monkeypatch.setattr(engine, "_SERVER_SETTINGS", short)
        tended = await make_tended(hostile)
        async with rogue.transaction():
            await rogue.execute("SELECT * FROM accounts FOR UPDATE")
            put(hostile, "First")
            await asyncio.sleep(1)  # the lock is held for longer than anybody waits for it

        await tended.brings_in("First", within=40)

        assert await tended.sync.announced() == ["First"]

    async def test_in_a_database_that_became_read_only(
        self, tended: Tended, rogue: psycopg.AsyncConnection[Any]
    ) -> None:
        name = tended.sync.workspace.url.database
        await rogue.execute(
            f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode()
        )
        await end_others(rogue)
        put(tended.server, "First")
        await eventually(lambda: refused(tended, "First"))

        await rogue.execute("SET default_transaction_read_only = off")
        await rogue.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
        await end_others(rogue)

        await tended.brings_in("First", within=40)
        assert await tended.sync.announced() == ["First"]

    async def test_whose_session_is_ended(
        self, tended: Tended, rogue: psycopg.AsyncConnection[Any]
    ) -> None:
        for subject in ("First", "Second", "Third"):
            put(tended.server, subject)
            await end_others(rogue)

        await tended.brings_in("First", "Second", "Third", within=40)

        assert sorted(await tended.sync.announced()) == ["First", "Second", "Third"]
        await check_prefix(tended.sync, tended.server)


async def end_others(rogue: psycopg.AsyncConnection[Any]) -> None:
    """When this returns they have ended: one that is only told to may still answer a question."""
    await rogue.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def refused(tended: Tended, subject: str) -> bool:
    """Whether the worker has tried, in vain, to bring a mail in."""
    try:
        stored = await tended.sync.subjects()
    except DBAPIError:
        return False
    assert subject not in stored
    return bool(tended.server.commands("SEARCH", "FETCH", "STATUS", "EXAMINE"))


class LostCommit:
    """The n-th COMMIT from now on reaches Postgres, and its answer reaches nobody."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        commit = psycopg.AsyncConnection.commit
        lost = self

        async def lose(connection: psycopg.AsyncConnection[Any]) -> None:
            await commit(connection)
            if lost.left is not None:
                lost.left -= 1
                if not lost.left:
                    lost.left = None
                    await connection.close()
                    raise psycopg.OperationalError("the connection was lost after COMMIT")

        monkeypatch.setattr(psycopg.AsyncConnection, "commit", lose)

    async def sweep(self, work: Callable[[], Awaitable[object]]) -> int:
        """Do the work again and again until it comes to its end, losing one commit each time.

        First the first of its commits is lost, then the second, and so on.
        """
        for number in range(1, 100):
            self.left = number
            try:
                await work()
            except DBAPIError:
                continue
            if self.left is not None:
                self.left = None
                return number - 1
        raise AssertionError("the work never came to its end")


class TestAnUnknownCommit:
    async def test_on_a_mails_way_in(self, watched: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
        put(watched.inbox, "First", "Second")
        lost = LostCommit(monkeypatch)

        assert await lost.sweep(watched.look) >= 1

        assert await watched.announced() == ["First", "Second"]
        assert await watched.ledger() == {1: "stored", 2: "stored"}

    async def test_on_a_clicks_way_out(
        self, watched: Sync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(watched.inbox, "First")
        await watched.look()
        command = await ask(watched, "First", Archive())
        lost = LostCommit(monkeypatch)

        assert await lost.sweep(watched.run_commands) >= 1

        assert await outcome(watched, command) == ("done", "")
        assert subjects_in(watched.inbox, "Archive") == ["First"]
        assert subjects_in(watched.inbox, "INBOX") == []


class TestAMigration:
    async def test_that_is_killed_is_made_by_the_next_one(self, postgres: URL) -> None:
        name = f"killed_{int(time.time() * 1000)}"
        async with await psycopg.AsyncConnection.connect(
            conninfo(postgres), autocommit=True
        ) as server:
            await server.execute(f"CREATE DATABASE {name}".encode())
            url = postgres.set(database=name)
            environment = {
                **os.environ,
                "PYTHONPATH": str(PROJECT_ROOT),
                "SHAREDBOX_DATABASE_URL": conninfo(url),
            }
            killed, code = 0, -signal.SIGKILL
            while code:
                child = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "app", "migrate", env=environment, cwd=PROJECT_ROOT,
                    stdout=asyncio.subprocess.DEVNULL,
                )  # fmt: skip
                if not killed:
                    await eventually(lambda: _is_migrating(server, name), within=30)
                    child.kill()
                    killed += 1
                code = await child.wait()

            assert killed
            assert await asyncio.to_thread(is_current, url)
            await server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


async def _is_migrating(server: psycopg.AsyncConnection[Any], name: str) -> bool:
    rows = await server.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_xid IS NOT NULL",
        (name,),
    )
    row = await rows.fetchone()
    return bool(row and row[0])
