"""One line of migrations, without forks."""

from alembic.script import ScriptDirectory
from sqlalchemy import make_url

from app.store.migrate import alembic_config


def scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config(make_url("postgresql+psycopg://")))


class TestMigrations:
    def test_have_one_head(self) -> None:
        assert len(scripts().get_heads()) == 1

    def test_are_numbered_in_their_order(self) -> None:
        newest_first = [one.revision for one in scripts().walk_revisions()]

        assert newest_first == [f"{n:04}" for n in range(len(newest_first), 0, -1)]

    def test_are_named_by_their_number(self) -> None:
        for one in scripts().walk_revisions():
            assert one.path.rpartition("/")[2].startswith(f"{one.revision}_")
