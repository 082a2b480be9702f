"""The command line, on a real database: what it prints, and how it ends."""

import asyncio
import json
import re
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString, TypeVar

import psycopg
import pytest
from sqlalchemy import URL
from typer.testing import CliRunner, Result

from app.__main__ import cli
from app.core.crypto import Vault, digest
from app.core.ids import AccountId, ChannelId, new_id
from app.sandbox.mail.process import free_ports
from app.store.engine import conninfo, open_engine
from app.store.models import (
    AccountState,
    EventCounter,
    Installation,
    PostKind,
    PostState,
    Workspace,
)
from app.store.new import NewPost
from app.store.unit_of_work import Store, UnitOfWork
from tests import factories
from tests.fixtures.shell import KEY, settle_in

PASSWORD = "a-password-of-the-command-line"
ADD = ["accounts", "add", "--address", "support@example.com", "--host", "imap.example.com",
       "--channel", "C0SUPPORT"]  # fmt: skip
Value = TypeVar("Value")


class Shell:
    """Calls commands as a person would; what they wrote can be looked at in the database."""

    def __init__(self, database: URL) -> None:
        self.database = database

    def __call__(self, *arguments: str, typed: str = "", **settings: str) -> Result:
        runner = CliRunner()
        return runner.invoke(cli, arguments, input=typed, env=settings)

    def json(self, *arguments: str, **how: str) -> Any:
        result = self(*arguments, "--json", **how)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def rows(self, statement: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(conninfo(self.database)) as connection:
            return connection.execute(statement, values).fetchall()

    def store(self, do: Callable[[UnitOfWork], Awaitable[Value]]) -> Value:
        async def work() -> Value:
            engine = open_engine(self.database)
            store = Store(engine)
            async with store.across_workspaces() as fleet:
                workspace_id = await fleet.default_workspace()
            async with store.begin(workspace_id) as uow:
                answer = await do(uow)
            await engine.dispose()
            return answer

        return asyncio.run(work())


@pytest.fixture
def shell(database: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    settle_in(monkeypatch, database, tmp_path)
    return Shell(database)


class TestUsage:
    def test_every_level_has_help(self, shell: Shell) -> None:
        for words in (
            [],
            ["accounts"],
            ["channels"],
            ["keys"],
            ["secrets"],
            ["accounts", "add"],
            ["migrate"],
        ):
            result = shell(*words, "--help")

            assert result.exit_code == 0, words
            assert "Usage:" in result.stdout

    def test_wrong_words_end_with_two(self, shell: Shell) -> None:
        for words in (
            ["nonsense"],
            ["accounts", "fly"],
            ["keys", "create"],
            ["keys", "create", "x", "--scope", "root"],
            ["keys", "revoke", "42"],
            ["secrets", "new", "--count", "11"],
            [*ADD, "--port", "0"],
            [*ADD, "--password", PASSWORD],
            [*ADD, "--security", "ssl"],
        ):
            result = shell(*words)

            assert result.exit_code == 2, (words, result.output)
            assert result.stderr
            assert "Traceback" not in result.output


class TestTrouble:
    def test_a_database_that_is_down_is_said_in_words(self, shell: Shell) -> None:
        (port,) = free_ports(1)
        url = f"postgresql://ann:hush-hush@127.0.0.1:{port}/sharedbox"

        for words in (["accounts", "list"], ["migrate"], ["keys", "list"], ["secrets", "rotate"]):
            result = shell(*words, SHAREDBOX_DATABASE_URL=url)

            assert result.exit_code == 1, words
            assert "cannot be reached" in result.stderr
            assert "SHAREDBOX_DATABASE_URL" in result.stderr
            assert "hush-hush" not in result.output
            assert isinstance(result.exception, SystemExit)

    def test_a_schema_of_another_version_names_the_command(self, shell: Shell) -> None:
        with psycopg.connect(conninfo(shell.database), autocommit=True) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '0001'")

        result = shell("accounts", "list")

        assert result.exit_code == 1
        assert "sharedbox migrate" in result.stderr

    def test_settings_that_are_wrong_are_named(self, shell: Shell, tmp_path: Path) -> None:
        for name, value in {
            "SHAREDBOX_PORT": "many",
            "SHAREDBOX_DATABASE_URL": "mysql://x/y",
            "SHAREDBOX_SECRET_KEYS": "not-a-key",
            "SHAREDBOX_BLOB_URL": "nonsense://x",
            "SHAREDBOX_RETRY_LADDER": "often",
        }.items():
            result = shell("accounts", "list", **{name: value})

            assert result.exit_code == 2, (name, result.output)
            assert name in result.stderr
            assert isinstance(result.exception, SystemExit)
        for url in ("nonsense", "postgresql://x:y@[::1/z", "postgresql://h:port/x"):
            result = shell("accounts", "list", SHAREDBOX_DATABASE_URL=url)
            assert result.exit_code == 2, (url, result.output)


class TestMigrate:
    def test_brings_an_empty_database_up_and_may_be_repeated(
        self, shell: Shell, postgres: URL
    ) -> None:
        name = f"empty_{new_id().hex}"
        with psycopg.connect(conninfo(postgres), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
            url = conninfo(postgres.set(database=name))

            for _ in range(2):
                result = shell("migrate", SHAREDBOX_DATABASE_URL=url)
                assert result.exit_code == 0, result.output
            assert shell("accounts", "list", SHAREDBOX_DATABASE_URL=url).exit_code == 0
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class TestOwner:
    def test_gets_a_link_that_works_whether_there_is_one_or_not(self, shell: Shell) -> None:
        for _ in range(2):
            result = shell("owner", SHAREDBOX_BASE_URL="https://mail.example.com/")

            assert result.exit_code == 0
            (secret,) = re.findall(
                r"^https://mail\.example\.com/join/([\w-]{43})$", result.stdout, re.MULTILINE
            )
            (kept,) = shell.rows("SELECT role FROM invitations WHERE digest = %s", digest(secret))
            assert kept == ("owner",)


class TestSlackLink:
    def test_needs_an_app_that_can_be_installed(self, shell: Shell) -> None:
        result = shell("slack-link")

        assert result.exit_code == 2
        assert "SHAREDBOX_SLACK_CLIENT_ID" in result.output

    def test_is_for_who_has_no_slack_yet(self, shell: Shell) -> None:
        app = {"SHAREDBOX_SLACK_CLIENT_ID": "1.2", "SHAREDBOX_SLACK_CLIENT_SECRET": "secret"}

        result = shell("slack-link", SHAREDBOX_BASE_URL="https://mail.example.com/", **app)

        assert result.exit_code == 0, result.output
        link = result.stdout.strip()
        assert re.fullmatch(r"https://mail\.example\.com/slack/install\?permit=[\w=-]+", link)


class TestKeys:
    def test_are_made_listed_and_revoked(self, shell: Shell) -> None:
        made = shell("keys", "create", "reports [x]", "--scope", "read", "--scope", "write")
        assert made.exit_code == 0
        key = made.stdout.strip()
        assert key.startswith("sbx_")

        (row,) = shell.json("keys", "list")
        assert (row["name"], row["scopes"], row["state"]) == (
            "reports [x]",
            "read, write",
            "active",
        )
        assert key not in str(row)
        table = shell("keys", "list")
        assert "reports [x]" in table.stdout
        assert shell("keys", "revoke", row["id"]).exit_code == 0
        assert shell.json("keys", "list")[0]["state"] == "revoked"

    def test_print_json_for_scripts(self, shell: Shell) -> None:
        made = shell.json("keys", "create", "x", "--scope", "admin")

        assert set(made) == {"id", "key"}

    def test_cannot_be_bound_to_what_is_not_there(self, shell: Shell) -> None:
        for id_ in (str(new_id()), "42"):
            result = shell("keys", "create", "x", "--scope", "read", "--account", id_)

            assert result.exit_code == 2
            assert shell.json("keys", "list") == []

    def test_that_are_not_there_cannot_be_revoked(self, shell: Shell) -> None:
        result = shell("keys", "revoke", str(new_id()))

        assert result.exit_code == 1
        assert "no such key" in result.stderr


class TestAccounts:
    def test_are_added_with_a_password_from_standard_input(self, shell: Shell) -> None:
        result = shell(*ADD, "--password-stdin", typed=f"{PASSWORD}\n")

        assert result.exit_code == 0, result.output
        assert PASSWORD not in result.output
        assert "sharedbox accounts test support@example.com" in result.stdout
        (row,) = shell.json("accounts", "list")
        assert (row["address"], row["state"], row["missing"]) == (
            "support@example.com", "connecting", 0,
        )  # fmt: skip
        account = shell.store(lambda uow: uow.accounts.get(AccountId(row["id"])))
        assert Vault([KEY]).open(account.imap_secret) == PASSWORD
        assert account.imap_username == "support@example.com"

    def test_are_added_by_asking_for_what_is_missing(self, shell: Shell) -> None:
        answers = ["support@gmail.com", PASSWORD, "C0SUPPORT", ""]

        result = shell("accounts", "add", "--folder", "Support", typed="\n".join(answers))

        assert result.exit_code == 0, result.output
        assert PASSWORD not in result.output
        assert "imap.gmail.com:993" in result.stderr
        account = shell.store(lambda uow: uow.accounts.find_by_address("support@gmail.com"))
        assert account is not None
        assert (account.imap_host, account.smtp_host) == ("imap.gmail.com", "smtp.gmail.com")
        assert account.folders == ["Support"]
        assert Vault([KEY]).open(account.imap_secret) == PASSWORD

    def test_that_cannot_be_are_refused_in_words(self, shell: Shell) -> None:
        for words, told in (
            (["--host", "127.0.0.1"], "not a public mail server"),
            (["--host", "a b"], "only its name"),
            (["--channel", "#support"], "id of a Slack channel"),
            (["--address", "support"], "not a mail address"),
            (["--history-days", "99999"], "0 to"),
        ):
            result = shell(*ADD, *words, "--password-stdin", typed=f"{PASSWORD}\n")

            assert result.exit_code == 2, words
            assert told in result.stderr
            assert PASSWORD not in result.output
        assert shell(*ADD, "--password-stdin", typed="").exit_code == 2
        assert shell.json("accounts", "list") == []

    def test_that_are_there_already_are_not_added(self, shell: Shell) -> None:
        shell(*ADD, "--password-stdin", typed=f"{PASSWORD}\n")

        result = shell(*ADD, "--password-stdin", typed=f"{PASSWORD}\n")

        assert result.exit_code == 1
        assert "connected already" in result.stderr

    def test_are_shown_with_their_folders(self, shell: Shell) -> None:
        shell(*ADD, "--password-stdin", typed=f"{PASSWORD}\n")

        async def look(uow: UnitOfWork) -> None:
            account = await uow.accounts.find_by_address("support@example.com")
            assert account is not None
            account.state, account.detail = AccountState.REFUSED, "Wrong [password]."
            folder = await uow.mailboxes.named(account.id, "INBOX")
            folder.watched, folder.missing = True, 3

        shell.store(look)

        shown = shell("accounts", "show", "SUPPORT@example.com")
        assert "support@example.com: refused" in shown.stdout
        assert "Wrong [password]." in shown.stdout
        assert "INBOX" in shown.stdout
        told = shell.json("accounts", "show", "support@example.com")
        assert told["mailboxes"][0]["missing"] == 3
        assert shell.json("accounts", "list")[0]["missing"] == 3

    def test_are_tried_out_by_a_worker(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.accounts.trying.TRY_SECONDS", 0.2)
        shell(*ADD, "--password-stdin", typed=f"{PASSWORD}\n")

        nobody = shell("accounts", "test", "support@example.com")
        assert (nobody.exit_code, "worker" in nobody.stderr) == (1, True)

        monkeypatch.setattr("app.accounts.trying.TRY_SECONDS", 10)
        for state, detail, code in (
            (AccountState.LIVE, "", 0),
            (AccountState.REFUSED, "The server refused the password.", 1),
        ):
            shell.store(settled_before)
            worker = threading.Thread(target=settle, args=(shell, state, detail))
            worker.start()
            result = shell("accounts", "test", "support@example.com", "--json")
            worker.join()

            assert result.exit_code == code, result.output
            assert json.loads(result.stdout) == {
                "ok": code == 0, "state": state, "detail": detail,
            }  # fmt: skip
            assert detail in result.stderr

    def test_are_paused_and_resumed_once(self, shell: Shell) -> None:
        assert shell(*ADD, "--password-stdin", typed=f"{PASSWORD}\n").exit_code == 0

        for verb, state, again in (
            ("pause", "paused", "paused already"), ("resume", "connecting", "is not paused"),
        ):  # fmt: skip
            result = shell("accounts", verb, "support@example.com")
            assert result.exit_code == 0, result.output
            (row,) = shell.json("accounts", "list")
            assert row["state"] == state
            result = shell("accounts", verb, "support@example.com")
            assert (result.exit_code, again in result.output) == (1, True)
        acts = shell.rows(
            "SELECT act, actor_name, origin FROM audit_entries"
            " WHERE act <> 'account.connected' ORDER BY id"
        )
        somebody = "somebody on the command line"
        assert acts == [("account.paused", somebody, "cli"), ("account.resumed", somebody, "cli")]

    def test_are_removed_once_one_is_sure(self, shell: Shell) -> None:
        shell(*ADD, "--password-stdin", typed=f"{PASSWORD}\n")

        unsure = shell("accounts", "remove", "support@example.com", typed="n\n")
        assert unsure.exit_code == 1
        assert len(shell.json("accounts", "list")) == 1
        assert shell("accounts", "remove", "support@example.com", typed="y\n").exit_code == 0
        assert shell.json("accounts", "list") == []
        acts = shell.rows("SELECT act, about FROM audit_entries ORDER BY id")
        about = "support@example.com"
        assert acts == [("account.connected", about), ("account.removed", about)]

    def test_that_are_not_there_are_named(self, shell: Shell) -> None:
        for command in (["show"], ["test"], ["remove", "--yes"]):
            for name in ("nobody@example.com", str(new_id())):
                result = shell("accounts", *command, name)

                assert result.exit_code == 1, command
                assert f"no account {name}" in result.stderr


def settle(shell: Shell, state: AccountState, detail: str) -> None:
    """Do what a worker does once somebody asks for a test."""

    async def look(uow: UnitOfWork) -> bool:
        account = await uow.accounts.find_by_address("support@example.com")
        assert account is not None
        if account.settled_revision >= account.revision:
            return False
        account.state, account.detail = state, detail
        account.settled_revision = account.revision
        return True

    for _ in range(200):
        if shell.store(look):
            return


async def settled_before(uow: UnitOfWork) -> None:
    account = await uow.accounts.find_by_address("support@example.com")
    assert account is not None
    account.settled_revision = account.revision


class TestImport:
    def test_is_of_an_account_of_the_workspace_that_is_named(self, shell: Shell) -> None:
        shell(*ADD, "--password-stdin", typed=f"{PASSWORD}\n")

        async def second(uow: UnitOfWork) -> None:
            other = Workspace(slack_team_id="T0OTHER", created_at=datetime(2999, 1, 1, tzinfo=UTC))
            uow.session.add(other)
            await uow.session.flush()
            uow.session.add(EventCounter(workspace_id=other.id))
            uow.session.add(factories.account(other.id, address="sales@example.org"))

        shell.store(second)

        ours = shell("import", "sales@example.org", "--days", "3")
        theirs = shell("import", "sales@example.org", "--days", "3", SHAREDBOX_WORKSPACE="T0OTHER")

        assert (ours.exit_code, "There is no account" in ours.output) == (1, True)
        assert theirs.exit_code == 0, theirs.output
        assert "Waiting for the worker" in theirs.output


class TestAliases:
    def test_are_added_listed_and_verified_again(self, shell: Shell) -> None:
        shell(*ADD, "--password-stdin", typed=f"{PASSWORD}\n")
        wrong = shell("aliases", "add", "nobody@example.com", "billing@example.com")
        made = shell("aliases", "add", "support@example.com", "Billing@example.com")

        assert (wrong.exit_code, made.exit_code) == (1, 0), made.output
        (row,) = shell.json("aliases", "list")
        assert row == {
            "id": made.stdout.strip(), "address": "billing@example.com",
            "account": "support@example.com", "state": "waiting", "detail": "",
        }  # fmt: skip
        assert shell("aliases", "verify", row["id"]).exit_code == 0
        assert shell("aliases", "verify", "nonsense").exit_code == 2


class TestSecrets:
    def test_new_prints_keys_that_work(self, shell: Shell) -> None:
        keys = shell("secrets", "new", "--count", "2").stdout.split()

        assert len(set(keys)) == 2
        assert Vault(keys).open(Vault(keys[:1]).seal("x")) == "x"

    def test_rotate_encrypts_everything_with_the_first_key(self, shell: Shell) -> None:
        shell(*ADD, "--password-stdin", typed=f"{PASSWORD}\n")
        install(shell, Vault([KEY]))
        new = shell("secrets", "new").stdout.strip()

        result = shell("secrets", "rotate", SHAREDBOX_SECRET_KEYS=f"{new},{KEY}")

        assert result.exit_code == 0, result.output
        assert "2 encrypted with the first key" in result.stdout
        account, installation = shell.store(stored)
        alone = Vault([new])
        assert alone.open(account.imap_secret) == PASSWORD
        assert alone.open(installation.bot_token) == "xoxb-1"
        again = shell("secrets", "rotate", SHAREDBOX_SECRET_KEYS=new)
        assert again.exit_code == 0

    def test_rotate_tells_what_it_cannot_read_and_goes_on(self, shell: Shell) -> None:
        shell(*ADD, "--password-stdin", typed=f"{PASSWORD}\n")
        new = shell("secrets", "new").stdout.strip()
        install(shell, Vault([new]))

        result = shell("secrets", "rotate", SHAREDBOX_SECRET_KEYS=new)

        assert result.exit_code == 1
        assert "1 encrypted" in result.stdout
        assert "support@example.com" in result.stderr
        assert "Keep the old keys" in result.stderr
        account, _ = shell.store(stored)
        assert Vault([KEY]).open(account.imap_secret) == PASSWORD


def install(shell: Shell, vault: Vault) -> None:
    async def do(uow: UnitOfWork) -> None:
        uow.installations.add(
            Installation(
                workspace_id=uow.workspace_id, team_id="T1", bot_id="B1", bot_user_id="U1",
                bot_token=vault.seal("xoxb-1"),
            )
        )  # fmt: skip

    shell.store(do)


async def stored(uow: UnitOfWork) -> tuple[Any, Any]:
    account = await uow.accounts.find_by_address("support@example.com")
    return account, await uow.installations.current()


class TestChannels:
    def test_are_listed_and_tried_again(self, shell: Shell) -> None:
        assert "Nothing here yet." in shell("channels", "list").stdout
        nowhere = shell("channels", "retry", "C0NOWHERE")
        assert (nowhere.exit_code, "no such channel" in nowhere.stderr) == (1, True)

        shell.store(park_a_post)

        told = {"id": "C0SUPPORT", "state": "open", "unsent": 0, "parked": 1, "detail": "Too long."}
        assert shell.json("channels", "list") == [told]
        diagnosed = shell("doctor").stdout
        assert "Channel C0SUPPORT: Slack refused 1 post there. Too long." in diagnosed
        assert "sharedbox channels retry C0SUPPORT" in diagnosed
        assert shell("channels", "retry", "C0SUPPORT").exit_code == 0
        assert shell.json("channels", "list") == [told | {"unsent": 1, "parked": 0, "detail": ""}]


async def park_a_post(uow: UnitOfWork) -> None:
    channel = await uow.channels.get(ChannelId("C0SUPPORT"))
    post = NewPost(
        workspace_id=uow.workspace_id,
        channel_id=channel.id,
        kind=PostKind.NOTICE,
        state=PostState.PARKED,
        detail="Too long.",
    )
    await uow.posts.add_all([post])
