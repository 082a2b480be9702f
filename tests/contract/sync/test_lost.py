"""A worker that lost its account, and does not know yet, writes nothing of what it finds out."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from app.mailbox.port import Identity
from app.mailbox.sessions import IMAPSession
from app.store.models import Event, Mailbox, Placement, Post
from app.store.repositories.accounts import OwnershipLost
from app.sync.poll import catch_up
from app.sync.reconcile import Reconciler
from tests.fixtures.mailservers import log_in
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import Sync

Happening = Callable[[Sync], Awaitable[None]]


async def new_mail(sync: Sync) -> None:
    await sync.inbox.deliver(mail("Third", "third@acme.example"))


async def flags(sync: Sync) -> None:
    with log_in(sync.inbox) as client:
        client.select("INBOX")
        client.uid("STORE", "1", "+FLAGS", "(\\Flagged)")


async def removal(sync: Sync) -> None:
    with log_in(sync.inbox) as client:
        client.select("INBOX")
        client.uid("STORE", "1", "+FLAGS", "(\\Deleted)")
        client.expunge()


async def new_uids(sync: Sync) -> None:
    uidvalidity = (await sync.mailbox()).uidvalidity or 0
    await sync.inbox.server.change_uidvalidity(sync.inbox.username, "INBOX", uidvalidity + 1)


async def all_that_is_written(sync: Sync) -> list[dict[str, Any]]:
    models = (Event, Mailbox, Placement, Post)
    return [row.model_dump() for model in models for row in await sync.all(model)]


@pytest.fixture
async def known(sync: Sync) -> Sync:
    for subject in ("First", "Second"):
        await sync.inbox.deliver(mail(subject, f"{subject}@acme.example"))
    await sync.look()
    return sync


async def lose(sync: Sync) -> list[dict[str, Any]]:
    """Another worker takes the account; answers what stood there then."""
    async with sync.rows() as uow:
        (await uow.accounts.lock(sync.syncing.account_id)).fence += 1
    return await all_that_is_written(sync)


class TestALook:
    @pytest.mark.parametrize("happening", [new_mail, flags, removal, new_uids])
    async def test_writes_nothing(self, known: Sync, happening: Happening) -> None:
        await happening(known)
        inbox = await known.mailbox()
        async with known.session() as session:
            before = await lose(known)

            with pytest.raises(OwnershipLost):
                await catch_up(known.syncing, session, inbox.id)

        assert await all_that_is_written(known) == before


class TestAReset:
    async def test_that_loses_it_on_its_way_writes_nothing_more(
        self, known: Sync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await new_uids(known)
        inbox, honest = await known.mailbox(), IMAPSession.identify
        before: list[dict[str, Any]] = []

        async def lose_it(session: IMAPSession, uids: Sequence[int]) -> dict[int, Identity]:
            before[:] = before or await lose(known)
            return await honest(session, uids)

        monkeypatch.setattr(IMAPSession, "identify", lose_it)
        async with known.session() as session:
            with pytest.raises(OwnershipLost):
                await catch_up(known.syncing, session, inbox.id)

        assert before
        assert await all_that_is_written(known) == before


async def return_to_sight(sync: Sync) -> None:
    """A mail is where it was, and the ledger has it as gone."""
    inbox = await sync.mailbox()
    async with sync.rows() as uow:
        await uow.live.leave(inbox.id, inbox.uidvalidity or 0, [1])


class TestAReconciliation:
    @pytest.mark.parametrize("happening", [new_mail, removal, return_to_sight])
    async def test_writes_nothing(self, known: Sync, happening: Happening) -> None:
        await happening(known)
        known.clock.advance(hours=1.2)
        async with known.session() as session:
            before = await lose(known)

            with pytest.raises(OwnershipLost):
                await Reconciler(known.syncing, session).step()

        assert await all_that_is_written(known) == before
