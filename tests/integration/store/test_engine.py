"""Connections that lie in a pool: those that are well are used again, the others replaced."""

import asyncio

import psycopg
import pytest
from sqlalchemy import URL, text
from sqlalchemy.pool import QueuePool

from app.store.engine import conninfo, open_engine
from app.store.queue import open_queue
from app.store.unit_of_work import Store, UnitOfWork
from tests.fixtures.database import Workspace
from tests.fixtures.round_trips import round_trips
from tests.fixtures.stack import eventually


async def backend_of(uow: UnitOfWork) -> int:
    connection = await uow.session.connection()
    pid: int = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    return pid


async def used(workspace: Workspace) -> int:
    """Use a connection, and put it back."""
    async with workspace.store.begin(workspace.id) as uow:
        return await backend_of(uow)


async def end(database: URL, backend: int) -> None:
    """End a backend as an operator would, and see that it is gone."""
    async with await psycopg.AsyncConnection.connect(
        conninfo(database), autocommit=True
    ) as connection:
        await connection.execute("SELECT pg_terminate_backend(%s)", (backend,))

        async def is_gone() -> bool:
            found = await connection.execute(
                "SELECT FROM pg_stat_activity WHERE pid = %s", (backend,)
            )
            return await found.fetchone() is None

        await eventually(is_gone)


class TestTakingAConnection:
    async def test_that_is_well(self, workspace: Workspace) -> None:
        assert await used(workspace) == await used(workspace)

    async def test_that_postgres_ended_meanwhile(self, workspace: Workspace) -> None:
        ended = await used(workspace)
        await end(workspace.url, ended)

        assert await used(workspace) != ended

    async def test_where_postgres_ended_several(self, workspace: Workspace) -> None:
        async with (
            workspace.store.begin(workspace.id) as one,
            workspace.store.begin(workspace.id) as other,
        ):
            ended = [await backend_of(one), await backend_of(other)]
        for backend in ended:
            await end(workspace.url, backend)

        async with (
            workspace.store.begin(workspace.id) as one,
            workspace.store.begin(workspace.id) as other,
        ):
            fresh = {await backend_of(one), await backend_of(other)}
        assert fresh.isdisjoint(ended)

    @pytest.mark.parametrize("steps", [1, 2])
    async def test_and_being_cancelled_halfway(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, steps: int
    ) -> None:
        """psycopg gives way to others while it is set up, once the loop was busy for long."""
        engine = open_engine(workspace.url)
        store = Store(engine)
        monkeypatch.setattr("psycopg.waiting.MAX_BUSY_TIME", 0)

        async def ask() -> int:
            async with store.without_transaction(workspace.id) as uow:
                return await backend_of(uow)

        await ask()
        asking = asyncio.create_task(ask())
        for _ in range(steps):
            await asyncio.sleep(0)
        asking.cancel()

        with pytest.raises(asyncio.CancelledError) as held:
            await asking

        assert isinstance(engine.pool, QueuePool)
        assert engine.pool.checkedout() == 0, f"lost with {held.value!r}, not given back"
        await engine.dispose()


class TestTakingOneOfTheQueue:
    async def test_that_is_well(self, database: URL) -> None:
        queue = open_queue(database)
        async with queue.open_async():
            with round_trips() as sent:
                await queue.connector.execute_query_one_async("SELECT pg_backend_pid() AS pid")

        assert sent == ["SELECT pg_backend_pid() AS pid"]

    async def test_that_postgres_ended_meanwhile(self, database: URL) -> None:
        queue = open_queue(database)
        async with queue.open_async():
            ask = queue.connector.execute_query_one_async
            ended = (await ask("SELECT pg_backend_pid() AS pid"))["pid"]
            await end(database, ended)

            assert (await ask("SELECT pg_backend_pid() AS pid"))["pid"] != ended
