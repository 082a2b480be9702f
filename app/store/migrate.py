"""Bring the schema up to date, by Alembic."""

from pathlib import Path
from typing import Final

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, create_engine

from alembic import command
from app.core.config import PROJECT_ROOT

_INSTALLED: Final = Path(__file__).parent / "alembic"
SCRIPTS: Final = _INSTALLED if _INSTALLED.is_dir() else PROJECT_ROOT / "alembic"
"""The migrations: beside us where SharedBox was installed from a wheel, else in the checkout."""
_LOCK: Final = 0x5B0C_0001
"""Held while migrating, so that two processes that start together do not migrate together."""


def alembic_config(url: URL) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["url"] = url
    return config


def migrate(url: URL) -> None:
    """Upgrade to the newest schema; nothing happens where it is there already."""
    engine = create_engine(url)
    config = alembic_config(url)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SET lock_timeout = '10s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def is_current(url: URL) -> bool:
    """Whether the database has the schema this code was written for."""
    engine = create_engine(url)
    with engine.connect() as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
    engine.dispose()
    return set(heads) == set(ScriptDirectory.from_config(alembic_config(url)).get_heads())
