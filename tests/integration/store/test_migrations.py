"""The migrations build what the models say, and can be run again."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, create_engine

from app.store import models
from app.store.base import metadata
from app.store.migrate import is_current, migrate

OF_THE_QUEUE = "procrastinate_"


def ours(_object: object, name: str | None, type_: str, _reflected: bool, _other: object) -> bool:
    return not (type_ == "table" and str(name).startswith(OF_THE_QUEUE))


@pytest.fixture
def differences(database: URL) -> list[object]:
    engine = create_engine(database)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": ours, "compare_server_default": True}
        )
        found = compare_metadata(context, metadata)
    engine.dispose()
    return list(found)


class TestMigrate:
    def test_builds_what_the_models_say(self, differences: list[object]) -> None:
        assert len(metadata.tables) == len(models.__all__) - _kinds_without_a_table()
        assert differences == []

    def test_again_changes_nothing(self, database: URL) -> None:
        migrate(database)

        assert is_current(database)


def _kinds_without_a_table() -> int:
    return sum(not hasattr(getattr(models, name), "__tablename__") for name in models.__all__)
