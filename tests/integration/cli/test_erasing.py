"""A workspace is erased from the command line: whole, resumably, and no other one with it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from sqlalchemy import URL
from typer.testing import CliRunner, Result

from app.__main__ import cli
from app.core.ids import WorkspaceId
from app.store.engine import conninfo, open_engine
from app.store.unit_of_work import Store
from app.team.erase import erase
from app.team.joining import first_link
from tests.fixtures.shell import settle_in
from tests.fixtures.tenants import ONE_ROW_EACH, Counts, counts, fill

Value = TypeVar("Value")


class Shell:
    """Two workspaces with a row in every table, and commands called as a person would."""

    def __init__(self, database: URL) -> None:
        self.database = database
        self.acme = self.store(lambda store: fill(store, "Acme", "T0ACME"))
        self.other = self.store(lambda store: fill(store, "Other", "T0OTHER"))

    def __call__(self, *arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(cli, ["erase", *arguments], input=typed)

    def store(self, do: Callable[[Store], Awaitable[Value]]) -> Value:
        async def work() -> Value:
            engine = open_engine(self.database)
            try:
                return await do(Store(engine))
            finally:
                await engine.dispose()

        return asyncio.run(work())

    def counts(self, workspace_id: WorkspaceId) -> Counts:
        return self.store(lambda store: counts(store, workspace_id))


@pytest.fixture
def shell(database: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    settle_in(monkeypatch, database, tmp_path)
    return Shell(database)


class TestErase:
    def test_without_a_workspace_is_wrong_usage(self, shell: Shell) -> None:
        result = shell("--yes")

        assert result.exit_code == 2
        assert "--workspace" in result.stderr

    def test_a_workspace_that_is_not_there_is_said_with_those_that_are(self, shell: Shell) -> None:
        result = shell("--workspace", "Acne", "--yes")

        assert result.exit_code == 1
        assert "There is no workspace Acne." in result.stderr
        assert str(shell.other) in result.stderr
        assert shell.counts(shell.acme) == ONE_ROW_EACH

    def test_no_name_names_none_that_is_without_one(self, shell: Shell) -> None:
        nameless = shell.store(lambda store: fill(store, "", "T0NAMELESS"))

        result = shell("--workspace", "", "--yes")

        assert result.exit_code == 1
        assert shell.counts(nameless) == ONE_ROW_EACH

    def test_a_name_that_two_have_is_refused(self, shell: Shell) -> None:
        twin = shell.store(lambda store: fill(store, "acme", "T0TWIN"))

        result = shell("--workspace", "Acme", "--yes")

        assert result.exit_code == 2
        assert str(shell.acme) in result.stderr
        assert str(twin) in result.stderr
        assert shell.counts(shell.acme) == shell.counts(twin) == ONE_ROW_EACH

    def test_the_wrong_name_erases_nothing(self, shell: Shell) -> None:
        result = shell("--workspace", "T0ACME", typed="Other\n")

        assert result.exit_code == 2
        assert "That is not its name. Nothing was erased." in result.stderr
        assert shell.counts(shell.acme) == ONE_ROW_EACH

    def test_nobody_to_type_the_name_erases_nothing(self, shell: Shell) -> None:
        result = shell("--workspace", "Acme")

        assert result.exit_code == 1
        assert shell.counts(shell.acme) == ONE_ROW_EACH

    def test_says_what_goes_and_what_stays(self, shell: Shell) -> None:
        result = shell("--workspace", "acme", typed="Acme\n")

        assert result.exit_code == 0, result.output
        assert "accounts, with their passwords and tokens: 1" in result.stdout
        assert "people, with their sign-ins: 1" in result.stdout
        assert "Mails that wait to be sent, and will not be: 1" in result.stdout
        assert "Remove the app in Slack" in result.stdout

    @pytest.mark.parametrize("named", ["Acme", "T0ACME", "id"])
    def test_leaves_nothing_of_it_and_all_of_the_other(self, shell: Shell, named: str) -> None:
        result = shell("--workspace", str(shell.acme) if named == "id" else named, "--yes")

        assert result.exit_code == 0, result.output
        left = {name for name, count in shell.counts(shell.acme).items() if count}
        assert left == {"workspaces", "event_counters", "unneeded_blobs"}
        assert shell.counts(shell.other) == ONE_ROW_EACH

    def test_that_was_broken_off_goes_on(self, shell: Shell) -> None:
        async def break_off(store: Store) -> None:
            async for _ in erase(store, shell.acme):
                break

        shell.store(break_off)
        assert f"{shell.acme} (Acme, being erased)" in shell("--workspace", "T0ACME").stderr

        result = shell("--workspace", "Acme", "--yes")

        assert result.exit_code == 0, result.output
        assert "and goes on." in result.stdout
        assert shell.counts(shell.acme)["messages"] == 0
        assert shell.counts(shell.other) == ONE_ROW_EACH

    def test_of_the_last_one_lets_sharedbox_begin_anew(self, shell: Shell) -> None:
        for name in ("Acme", "Other"):
            assert shell("--workspace", name, "--yes").exit_code == 0

        secret = shell.store(lambda store: first_link(store, now=datetime.now(UTC)))

        assert secret is not None
        with psycopg.connect(conninfo(shell.database)) as connection:
            (born,) = connection.execute(
                "SELECT workspace_id FROM invitations JOIN workspaces AS one"
                " ON one.id = workspace_id WHERE one.erasing_since IS NULL"
            ).fetchall()
        assert born[0] not in (shell.acme, shell.other)
