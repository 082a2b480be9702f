"""The connection to Postgres, with a limit on every wait."""

import select
from typing import Any, Final, TypeVar, cast

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from app.core.errors import InvalidInput
from app.store.workers import process_name

Answer = TypeVar("Answer")

CONNECT_SECONDS: Final = 10
_PATIENCE_SECONDS: Final = 60.0
TROUBLE: Final = (DBAPIError, PoolTimeout, OSError)
"""What a database that is away, or in no state to answer, raises."""
_SERVER_SETTINGS: Final = (
    "-c statement_timeout=30s -c lock_timeout=15s -c idle_in_transaction_session_timeout=60s "
    "-c timezone=UTC"
)
_LIMITS: Final[dict[str, object]] = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


def parse_database_url(text: str) -> URL:
    """Read a `postgresql://` URL. Raises `InvalidInput` for any other database."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise InvalidInput(
            "SHAREDBOX_DATABASE_URL is not the URL of a database.",
            field="SHAREDBOX_DATABASE_URL",
            fix="Write postgresql://user:password@host/name, with %-escapes in the password.",
        ) from None
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise InvalidInput(
            f"SHAREDBOX_DATABASE_URL names a {url.get_backend_name()} database.",
            field="SHAREDBOX_DATABASE_URL",
            fix="SharedBox keeps its data in PostgreSQL: write postgresql://user:password@host/name.",
        )
    return url.set(drivername="postgresql+psycopg")


def open_engine(url: URL, *, pool_size: int = 10) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=15,
        pool_use_lifo=True,  # the one that was used last has its statements prepared
        hide_parameters=True,  # an error must not carry mail or secrets into the log
        connect_args={
            **_LIMITS,
            "options": _SERVER_SETTINGS,
            "application_name": process_name(),
            "prepare_threshold": 1,  # most statements of ours take longer to plan than to run
        },
    )
    event.listen(engine.sync_engine, "checkout", _see_that_it_is_quiet)
    return engine


def _see_that_it_is_quiet(_: DBAPIConnection, entry: ConnectionPoolEntry, *_rest: object) -> None:
    """Have a connection that Postgres ended while it lay in the pool replaced by a new one."""
    if not is_quiet(cast("psycopg.AsyncConnection[Any]", entry.driver_connection)):
        raise DisconnectionError("Postgres ended the connection.")


def is_quiet(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Whether a connection that lay in a pool is well.

    Nobody asked it anything, so there is nothing to read from one that is. To see that costs no
    round trip, as a pool's own question would before every transaction.
    """
    if connection.closed:
        return False
    socket = select.poll()
    socket.register(connection.fileno(), select.POLLIN)
    return not socket.poll(0)


def in_autocommit(engine: AsyncEngine) -> AsyncEngine:
    """The same engine over the same pool, with connections that begin no transaction.

    SQLAlchemy's own option of an engine loses the connection to whoever is cancelled just then:
    what would give it back to the pool is not made yet.
    """
    same = engine.execution_options()
    event.listen(same.sync_engine, "engine_connect", _begin_no_transaction)
    return same


def _begin_no_transaction(connection: Connection) -> None:
    try:
        connection.execution_options(isolation_level="AUTOCOMMIT")
    except BaseException as error:
        connection.invalidate(error)  # nobody knows how far it came
        raise


class PatientConnection(psycopg.AsyncConnection[Any]):
    """One that waits until Postgres speaks: for LISTEN.

    psycopg's own looks around ten times a second meanwhile, for the sake of Ctrl-C, which reaches
    an event loop by itself.
    """

    async def wait(
        self,
        gen: PQGen[Answer],
        interval: float = _PATIENCE_SECONDS,
        timeout: float | None = None,  # noqa: ASYNC109 -- psycopg's own
    ) -> Answer:
        return await super().wait(gen, interval, timeout)


def conninfo(url: URL) -> str:
    """The same database for psycopg itself, whose URLs know no driver name."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def listen_options() -> dict[str, object]:
    """How a connection is opened that stays idle for hours: for LISTEN and for advisory locks."""
    return {**_LIMITS, "autocommit": True, "application_name": process_name()}
