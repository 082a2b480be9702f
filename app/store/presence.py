"""Locks that a process holds for as long as it lives, on one connection of its own.

Postgres frees session-level advisory locks when their connection ends, however it ends. So a lock
says that its holder lives, and nobody has to wait until a lease has run out.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any, Final, Self
from uuid import UUID

import psycopg
from sqlalchemy import URL

from app.core.errors import SharedBoxError
from app.store.engine import conninfo, listen_options
from app.store.queue import WORKER_PRESENCE
from app.store.workers import END_SILENT, LIVE, WORKERS, LiveWorker

_ACCOUNTS: Final = 0x5B0D
"""Sets the locks of accounts apart from other uses of the same numbers."""
_SECONDS: Final = 10


class PresenceLost(SharedBoxError):
    """The connection that held our locks is gone, and the locks with it."""


class Presence:
    """An open connection and the locks on it. Every method may raise `PresenceLost`."""

    def __init__(self, url: URL) -> None:
        self._conninfo = conninfo(url)
        self._turn = asyncio.Lock()
        self._answered_at = float("-inf")
        self._connection: psycopg.AsyncConnection

    async def __aenter__(self) -> Self:
        self._connection = await psycopg.AsyncConnection.connect(
            self._conninfo,
            **listen_options(),  # type: ignore[arg-type]
        )
        try:
            await self._run("SELECT pg_advisory_lock_shared(%s, 1)", (WORKERS,))
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(psycopg.Error):
            await self._connection.close()

    @property
    def quiet_seconds(self) -> float:
        """Since it was asked something last, and answered."""
        return time.monotonic() - self._answered_at

    async def take(self, ids: Sequence[UUID], *, most: int) -> set[UUID]:
        """Lock those of these accounts that nobody has, up to so many; answers which."""
        rows = await self._run(
            "SELECT id FROM unnest(%s::uuid[]) AS id"
            " WHERE pg_try_advisory_lock(hashtextextended(id::text, %s)) LIMIT %s",
            (list(ids), _ACCOUNTS, most),
        )
        return {id_ for (id_,) in rows}

    async def give_back(self, id_: UUID) -> None:
        await self._run(
            "SELECT pg_advisory_unlock(hashtextextended(%s::text, %s))", (str(id_), _ACCOUNTS)
        )

    async def show_worker(self, worker_id: int) -> None:
        """Show that this worker of the job queue lives."""
        await self._run("SELECT pg_advisory_lock(%s, %s)", (WORKER_PRESENCE, worker_id))

    async def workers(self) -> list[LiveWorker]:
        """Every worker that lives, this one included."""
        return [LiveWorker(*row) for row in await self._run(LIVE, ())]

    async def end_silent(self, seconds: float) -> list[str]:
        """End the connections of workers that gave no sign of life for so long; their names."""
        return [name for (name,) in await self._run(END_SILENT, (seconds,))]

    async def check(self) -> None:
        """Make sure that the connection, and so every lock on it, is still there."""
        await self._run("SELECT 1", ())

    async def _run(self, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            async with self._turn, asyncio.timeout(_SECONDS):
                cursor = await self._connection.execute(statement.encode(), values)
                rows = await cursor.fetchall()
        except (psycopg.Error, TimeoutError) as error:
            raise PresenceLost(f"The lock connection was lost: {error}") from error
        self._answered_at = time.monotonic()
        return rows
