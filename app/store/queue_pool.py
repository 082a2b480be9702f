"""The connections by which the queue takes jobs and is done with them.

Each of these is one statement, which takes no transaction. Nor is the disk waited for: should
Postgres forget that a job was taken or done, it is done once more, and every job may be.
"""

from typing import Any, Final

import psycopg
from psycopg_pool import AsyncConnectionPool

from app.store.engine import PatientConnection, is_quiet
from app.store.workers import process_name

_MOST: Final = 8


def pool_options() -> dict[str, Any]:
    """What procrastinate's connector is made with, besides where the database is."""
    return {
        "pool_factory": _pool,
        "connection_class": PatientConnection,
        "configure": _without_transactions,
        "kwargs": {
            "options": "-c timezone=UTC -c synchronous_commit=off",
            "application_name": process_name(),
        },
        "min_size": 1,
        "max_size": _MOST,
    }


def _pool(**options: Any) -> AsyncConnectionPool:  # noqa: ANN401 -- the queue's own
    return AsyncConnectionPool(**{**options, "check": _see_that_it_lives})


async def _see_that_it_lives(connection: psycopg.AsyncConnection[Any]) -> None:
    if not is_quiet(connection):
        await connection.close()  # or the pool takes it back
        raise psycopg.OperationalError("Postgres ended the connection.")


async def _without_transactions(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
