"""An account is let be and gone on with, on a real mail server."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fixtures.faultproxy import FaultProxy
from tests.fixtures.mailservers import mails
from tests.fixtures.sessions import mail
from tests.fixtures.smtp import ScriptedSMTP
from tests.fixtures.stack import Stack, eventually, text_of


@pytest.fixture
async def smtp() -> AsyncIterator[ScriptedSMTP]:
    async with ScriptedSMTP() as server:
        yield server


@pytest.fixture
async def proxy(stack: Stack) -> AsyncIterator[FaultProxy]:
    """Between us and the mail server: it counts the connections."""
    async with FaultProxy(stack.inbox.host, stack.inbox.port) as between:
        yield between


async def watch(stack: Stack, proxy: FaultProxy, smtp: ScriptedSMTP) -> dict[str, Any]:
    """Connect the inbox, and have a mail come in; answers its conversation."""
    login = {"username": stack.inbox.username, "password": stack.inbox.password}
    sends = {"host": "127.0.0.1", "port": smtp.port, "security": "none", **login}
    await stack.connect_account(imap={**stack.account()["imap"], "port": proxy.port}, smtp=sends)
    await stack.inbox.deliver(mail("Before the pause", "1@acme.example"))
    await stack.card("Before the pause")
    (conversation,) = (await stack.api.get("/conversations")).json()["items"]
    found: dict[str, Any] = conversation
    return found


async def ask(stack: Stack, path: str, **body: Any) -> dict[str, Any]:
    answer = await stack.api.post(path, json=body)
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def let_be(stack: Stack, proxy: FaultProxy, account_id: str) -> None:
    """Pause it, and wait until nobody talks to its server."""
    told = await ask(stack, f"/accounts/{account_id}/pause")
    assert (told["state"], told["paused"]["by"]) == ("paused", "bootstrap key")

    async def is_alone() -> bool:
        return proxy.live == 0

    await eventually(is_alone, 10)


class TestPausing:
    async def test_holds_what_it_is_asked_for_and_catches_up_once_resumed(
        self, stack: Stack, proxy: FaultProxy, smtp: ScriptedSMTP
    ) -> None:
        conversation = await watch(stack, proxy, smtp)
        account_id, ts = conversation["account_id"], (await stack.card("Before the pause"))["ts"]
        reply = {"account_id": account_id, "conversation_id": conversation["id"]}

        await let_be(stack, proxy, account_id)
        dialled = proxy.connections
        await stack.inbox.deliver(mail("While paused", "2@acme.example"))
        wish = await ask(stack, "/commands", type="archive", conversation_id=conversation["id"])
        out = await ask(stack, "/outgoing", **reply, text="Later.", undo_seconds=0)

        await stack.card_says(ts, "Archive waits: the mailbox is paused")
        (line,) = [
            one for one in await stack.replies(ts) if "once the mailbox is resumed" in text_of(one)
        ]
        ready = (await stack.api.get(f"{stack.settings.base_url}/readyz")).json()
        assert (ready["status"], ready["paused"][0]["by"]) == ("ready", "bootstrap key")
        code, said = await stack.sharedbox("doctor")
        assert (code, "Paused by bootstrap key" in said) == (0, True), said
        assert (await stack.api.get(f"/commands/{wish['id']}")).json()["state"] == "queued"
        assert (proxy.connections, smtp.taken) == (dialled, [])

        await ask(stack, f"/accounts/{account_id}/resume")
        await stack.card("While paused")
        await stack.card_says(ts, "Archived")

        async def has_left() -> bool:
            row = (await stack.api.get(f"/outgoing/{out['id']}")).json()
            return bool(row["state"] == "sent")

        await eventually(has_left)
        assert len(smtp.taken) == 1
        assert len(stack.cards()) == 2
        assert len(mails(stack.inbox, "Archive")) == 1
        assert line["ts"] in {one["ts"] for one in await stack.replies(ts)}
        assert await stack.events("account.paused")
        assert not await stack.events("mailbox.silent")

    async def test_survives_a_worker_that_begins_anew(
        self, stack: Stack, proxy: FaultProxy, smtp: ScriptedSMTP
    ) -> None:
        conversation = await watch(stack, proxy, smtp)
        await let_be(stack, proxy, conversation["account_id"])
        await stack.stop_worker()
        dialled = proxy.connections

        await stack.start_worker()
        await stack.inbox.deliver(mail("While paused", "2@acme.example"))
        code, said = await stack.sharedbox("accounts", "resume", stack.inbox.username)
        await stack.card("While paused")

        assert code == 0, said
        assert proxy.connections == dialled + 1
