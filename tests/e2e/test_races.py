"""Two things at once, of which each alone is harmless."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL

from app.accounts.connect import AccountChange, Gate, ServerLogin, change, remove
from app.mailbox.port import Security
from app.sandbox.slack.faults import FaultKind
from app.store.engine import conninfo
from app.store.models import Account, Message, Post
from tests.fixtures.sessions import mail
from tests.fixtures.stack import Stack, eventually, text_of
from tests.rig.asking import put
from tests.rig.fixtures import Tended
from tests.rig.imap_server import Call, Script


def while_it_waits(do: Callable[[], Any]) -> Script:
    """Something happens while the client waits for its answer."""

    async def script(call: Call) -> None:
        await do()
        await call.send_reply(call.honest())

    return script


class TestDuringASync:
    async def test_the_credentials_are_edited(self, tended: Tended) -> None:
        server, sync = tended.server, tended.sync

        async def edit() -> None:
            server.password = "another"
            login = ServerLogin("127.0.0.1", server.port, Security.NONE, server.username, "another")
            async with sync.rows() as uow:
                gate = Gate(tended.settings.vault(), allow_private=True)
                await change(uow, gate, sync.syncing.account_id, AccountChange(imap=login))

        server.on("FETCH", while_it_waits(edit), skip=1)
        put(server, "First", "Second")

        await tended.brings_in("First", "Second")

        async def is_settled() -> bool:
            account = await tended.account()
            return account.settled_revision == account.revision and account.state == "live"

        await eventually(is_settled)
        assert server.fired["FETCH"] == 1
        assert sorted(await sync.announced()) == ["First", "Second"]
        assert await tended.events("account.refused") == []

    async def test_the_account_is_removed(self, tended: Tended) -> None:
        server, sync = tended.server, tended.sync

        async def take_away() -> None:
            async with sync.rows() as uow:
                await remove(uow, sync.syncing.account_id)

        server.on("FETCH", while_it_waits(take_away), skip=1)
        put(server, "First")
        await server.until_fired()

        async def is_let_go() -> bool:
            return server.open_connections == 0

        await eventually(is_let_go)
        connections = server.connections
        await asyncio.sleep(2.5)  # longer than a worker waits before it claims accounts again
        assert server.connections == connections
        for model in (Account, Message, Post):
            assert await sync.all(model) == []


class TestAKeyThatIsRevoked:
    async def test_during_a_request_that_it_was_good_for(self, stack: Stack) -> None:
        account = await stack.connect_account()
        body = {"name": "Script", "scopes": ["read", "admin"]}
        made = (await stack.api.post("/api-keys", json=body)).json()
        own = {"Authorization": f"Bearer {made['key']}"}
        await stack.stop_worker()
        slow = asyncio.create_task(
            stack.api.post(f"/accounts/{account['id']}/test", headers=own, timeout=30)
        )
        await asyncio.sleep(0.3)  # it waits for a worker by now

        revoked = await stack.api.delete(f"/api-keys/{made['id']}")
        await stack.start_worker()

        assert revoked.status_code == 204
        assert (await slow).status_code in {200, 401}
        assert (await stack.api.get("/accounts", headers=own)).status_code == 401


class TestAChannelThatIsChanged:
    async def test_while_posts_for_the_old_one_wait(self, stack: Stack) -> None:
        account = await stack.connect_account()
        stack.slack.fail_next("chat.postMessage", FaultKind.RATE_LIMITED, seconds=2)
        for n in range(3):
            await stack.inbox.deliver(mail(f"Before {n}", f"b{n}@acme.example"))

        async def all_are_stored() -> bool:
            return len((await stack.api.get("/conversations")).json()["items"]) == 3

        await eventually(all_are_stored)

        changed = await stack.api.patch(
            f"/accounts/{account['id']}", json={"channel": stack.slack.channels["sales"]}
        )
        assert changed.status_code == 200
        await stack.inbox.deliver(mail("After", "after@acme.example"))

        await stack.card("After", "sales")
        for n in range(3):
            await stack.card(f"Before {n}")
        everywhere = [text_of(one) for name in ("support", "sales") for one in stack.cards(name)]
        for subject in ("Before 0", "Before 1", "Before 2", "After"):
            assert sum(subject in text for text in everywhere) == 1


class TestAnOlderBackup:
    async def test_that_is_restored_adopts_what_slack_has(
        self, stack: Stack, postgres: URL, database: URL, tmp_path: Path
    ) -> None:
        await stack.connect_account()
        await stack.stop_worker()
        await stack.stop_web()
        await copy_database(postgres, database, "backup")
        await stack.start_web()
        await stack.start_worker()
        await stack.inbox.deliver(mail("After the backup", "1@acme.example"))
        await stack.card("After the backup")

        await stack.stop_worker()
        await stack.stop_web()
        await copy_database(postgres, postgres.set(database="backup"), str(database.database))
        await stack.start_web()
        await stack.start_worker()
        await stack.inbox.deliver(mail("After the restore", "2@acme.example"))
        await stack.card("After the restore")

        (shown,) = [one for one in stack.cards() if "After the backup" in text_of(one)]

        async def is_drawn_again() -> bool:
            return bool(stack.slack.message("support", shown["ts"]).get("edited"))

        await eventually(is_drawn_again)
        await stack.slack.click("Ana", "support", shown["ts"], "conversation.done")
        await stack.card_says(shown["ts"], "Done")


async def copy_database(postgres: URL, source: URL, target: str) -> None:
    """Make `target` what `source` is; nobody may be connected to either."""
    async with await psycopg.AsyncConnection.connect(conninfo(postgres), autocommit=True) as one:
        await one.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)".encode())
        await one.execute(f"CREATE DATABASE {target} TEMPLATE {source.database}".encode())
