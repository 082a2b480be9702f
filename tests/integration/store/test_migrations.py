"""The migrations build what the models say, and can be run again."""

from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, create_engine

from app.sandbox.mail.process import free_ports
from app.store import models
from app.store.base import metadata
from app.store.engine import parse_database_url
from app.store.migrate import DatabaseUnreachable, is_current, migrate

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


class TestADatabaseThatIsNotThere:
    @pytest.mark.parametrize("ask", [migrate, is_current])
    def test_is_spoken_of_in_words(self, database: URL, ask: Callable[[URL], object]) -> None:
        with pytest.raises(DatabaseUnreachable) as error:
            ask(database.set(database="nowhere"))

        assert "The database nowhere at " in str(error.value)
        assert 'database "nowhere" does not exist' in str(error.value)
        assert "SHAREDBOX_DATABASE_URL" in error.value.fix

    def test_is_not_told_the_password(self) -> None:
        (port,) = free_ports(1)
        url = parse_database_url(f"postgresql://ann:hunter2@127.0.0.1:{port}/sharedbox")

        with pytest.raises(DatabaseUnreachable) as error:
            is_current(url)

        assert "hunter2" not in error.value.sentence
        assert "Connection refused" in error.value.sentence


class TestMigrate:
    def test_builds_what_the_models_say(self, differences: list[object]) -> None:
        assert len(metadata.tables) == len(models.__all__) - _kinds_without_a_table()
        assert differences == []

    def test_again_changes_nothing(self, database: URL) -> None:
        migrate(database)

        assert is_current(database)


def _kinds_without_a_table() -> int:
    return sum(not hasattr(getattr(models, name), "__tablename__") for name in models.__all__)
