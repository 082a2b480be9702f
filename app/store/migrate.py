"""Bring the schema up to date, by Alembic."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.exc import OperationalError

from alembic import command
from app.core.config import PROJECT_ROOT
from app.core.errors import Unavailable
from app.store.engine import CONNECT_SECONDS

_INSTALLED: Final = Path(__file__).parent / "alembic"
SCRIPTS: Final = _INSTALLED if _INSTALLED.is_dir() else PROJECT_ROOT / "alembic"
"""The migrations: beside us where SharedBox was installed from a wheel, else in the checkout."""
_LOCK: Final = 0x5B0C_0001
"""Held while migrating, so that two processes that start together do not migrate together."""


class DatabaseUnreachable(Unavailable):
    """Postgres does not let us in, or is not there."""

    def __init__(self, url: URL, error: OperationalError) -> None:
        place = url.host or url.query.get("host", "the local socket")
        why = " ".join(str(error.orig).split())
        super().__init__(
            f"The database {url.database} at {place} cannot be reached: {why}",
            fix="Check that Postgres runs, and SHAREDBOX_DATABASE_URL.",
        )


def alembic_config(url: URL) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["url"] = url
    return config


def migrate(url: URL) -> None:
    """Upgrade to the newest schema; nothing happens where it is there already.

    Raises `DatabaseUnreachable`.
    """
    config = alembic_config(url)
    with _connected(url) as connection, connection.begin():
        connection.exec_driver_sql("SET lock_timeout = '10s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(url: URL) -> bool:
    """Whether the database has the schema this code was written for.

    Raises `DatabaseUnreachable`.
    """
    with _connected(url) as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
    return set(heads) == set(ScriptDirectory.from_config(alembic_config(url)).get_heads())


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    """A connection of its own, for what runs once at a start."""
    engine = create_engine(url, connect_args={"connect_timeout": CONNECT_SECONDS})
    try:
        try:
            connection = engine.connect()
        except OperationalError as error:
            raise DatabaseUnreachable(url, error) from None
        with connection:
            yield connection
    finally:
        engine.dispose()
