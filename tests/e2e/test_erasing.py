"""A workspace is erased while its mailbox is watched, and SharedBox begins anew."""

from collections.abc import AsyncIterator

import pytest

from tests.fixtures.faultproxy import FaultProxy
from tests.fixtures.sessions import mail
from tests.fixtures.stack import Stack, eventually


@pytest.fixture
async def proxy(stack: Stack) -> AsyncIterator[FaultProxy]:
    """Between us and the mail server: it counts the connections."""
    async with FaultProxy(stack.inbox.host, stack.inbox.port) as between:
        yield between


class TestErasing:
    async def test_ends_the_watch_and_lets_it_begin_anew(
        self, stack: Stack, proxy: FaultProxy
    ) -> None:
        imap = {**stack.account()["imap"], "port": proxy.port}
        former = await stack.connect_account(imap=imap)
        await stack.inbox.deliver(mail("Before the end", "1@acme.example"))
        await stack.card("Before the end")

        team_id = stack.slack.emulator.workspace.team_id
        code, said = await stack.sharedbox("erase", "--workspace", team_id, "--yes")

        async def is_alone() -> bool:
            return proxy.live == 0

        assert code == 0, said
        assert "mails, with their files: 1" in said
        await eventually(is_alone)
        assert (await stack.api.get("/accounts")).json()["items"] == []
        await stack.inbox.deliver(mail("Nobody looks", "2@acme.example"))
        await stack.stop_worker()
        await stack.stop_web()

        await stack.start_web()
        await stack.start_worker()
        account = await stack.connect_account(imap=imap)
        await stack.inbox.deliver(mail("A new beginning", "3@acme.example"))
        await stack.card("A new beginning")
        assert account["id"] != former["id"]
        assert len(stack.cards()) == 2
