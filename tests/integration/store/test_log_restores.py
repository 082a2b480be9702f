"""A database that comes from a backup gives no number of its event log to a second event."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from sqlalchemy import URL
from sqlmodel import select

from app.store.engine import conninfo, open_engine
from app.store.models import Event
from app.store.unit_of_work import Store
from tests.fixtures.database import Workspace


@asynccontextmanager
async def restored(workspace: Workspace) -> AsyncIterator[Store]:
    """The same rows in another database, as `pg_restore` leaves them."""
    source = workspace.url.database
    await workspace.store._engine.dispose()
    async with await psycopg.AsyncConnection.connect(
        conninfo(workspace.url.set(database="postgres")), autocommit=True
    ) as admin:
        await admin.execute(f"CREATE DATABASE {source}_r TEMPLATE {source}".encode())
        url: URL = workspace.url.set(database=f"{source}_r")
        engine = open_engine(url)
        try:
            yield Store(engine)
        finally:
            await engine.dispose()
            await admin.execute(f"DROP DATABASE {source}_r WITH (FORCE)".encode())


async def start(store: Store) -> int:
    """What every process does when it starts."""
    async with store.across_workspaces() as fleet:
        return await fleet.go_on_after_restore()


async def emit(store: Store, workspace: Workspace, *types: str) -> None:
    async with store.begin(workspace.id) as uow:
        for type_ in types:
            uow.emit(type_)


async def events(store: Store, workspace: Workspace) -> list[Event]:
    async with store.begin(workspace.id) as uow:
        return list((await uow.session.exec(select(Event).order_by("seq"))).all())


class TestGoingOn:
    async def test_in_the_same_database_changes_nothing(self, workspace: Workspace) -> None:
        assert await start(workspace.store) == 0
        await emit(workspace.store, workspace, "one")

        assert await start(workspace.store) == 0

        assert [one.seq for one in await events(workspace.store, workspace)] == [1]

    async def test_after_a_restore_begins_far_above_and_says_so(self, workspace: Workspace) -> None:
        await start(workspace.store)
        await emit(workspace.store, workspace, "before", "the backup")

        async with restored(workspace) as store:
            assert await start(store) == 1
            assert await start(store) == 0
            await emit(store, workspace, "after")
            _, before, told, after = await _all(store, workspace)

        assert (told.type, told.data) == ("log.restored", {"after": before.seq})
        assert told.seq > 2**50
        assert told.seq < 2**53  # JavaScript can count to there
        assert after.seq == told.seq + 1

    async def test_from_a_backup_of_a_version_that_knew_no_marks(
        self, workspace: Workspace
    ) -> None:
        """Nobody can tell then; the numbers go on as they always did."""
        await emit(workspace.store, workspace, "before")

        async with restored(workspace) as store:
            assert await start(store) == 0
            assert [one.seq for one in await events(store, workspace)] == [1]

    async def test_by_somebody_who_is_no_superuser(self, workspace: Workspace) -> None:
        async with workspace.store._engine.connect() as connection:
            await connection.exec_driver_sql("CREATE ROLE plain")
            try:
                await connection.exec_driver_sql("SET ROLE plain")
                await connection.exec_driver_sql(
                    "SELECT system_identifier, timeline_id"
                    " FROM pg_control_system(), pg_control_checkpoint()"
                )
            finally:
                await connection.rollback()


async def _all(store: Store, workspace: Workspace) -> list[Event]:
    found = await events(store, workspace)
    assert len(found) == 4
    return found
