"""What Alembic asks for: a connection and the metadata. Run by `sharedbox migrate`."""

from sqlalchemy import create_engine

from alembic import context
from app.core.config import Settings
from app.store import models  # noqa: F401 -- makes the tables known
from app.store.base import metadata
from app.store.engine import parse_database_url


def run(connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, include_object=_ours)
    with context.begin_transaction():
        context.run_migrations()


def _ours(_object, name, type_, _reflected, _compare_to) -> bool:
    return not (type_ == "table" and name.startswith("procrastinate_"))


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    url = context.config.attributes.get("url") or parse_database_url(Settings().database_url or "")
    with create_engine(url).connect() as opened, opened.begin():
        run(opened)
