"""Many accounts that catch up at once, on a real Dovecot: they share the room of their worker."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.mailbox.sessions import IMAPSession
from app.sandbox.mail.dovecot import Dovecot
from app.store.repositories.accounts import OwnershipLost
from app.sync.fetch import Portion
from app.sync.in_flight import InFlight
from app.sync.ingest import Ingest, Prepared
from tests.fixtures.mailservers import PASSWORD, log_in
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import MakeSync, Sync

MB = 1024 * 1024
ROOM = 12 * MB
ACCOUNTS, MAILS = 4, 5


class Gauge:
    """Bytes that were fetched and are not read yet, and the most there ever were of them."""

    def __init__(self, room: InFlight, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = self.most = self.most_held = 0
        fetch, prepare = IMAPSession.fetch, Ingest.prepare

        async def counted_fetch(session: IMAPSession, uids: Sequence[int]) -> dict[int, bytes]:
            raws = await fetch(session, uids)
            self.now += sum(len(raw) for raw in raws.values())
            self.most, self.most_held = max(self.most, self.now), max(self.most_held, room.held)
            return raws

        async def counted_prepare(ingest: Ingest, portion: Portion) -> Prepared:
            size = sum(len(one.raw) for one in portion.mails)
            try:
                return await prepare(ingest, portion)
            finally:
                self.now -= size

        monkeypatch.setattr(IMAPSession, "fetch", counted_fetch)
        monkeypatch.setattr(Ingest, "prepare", counted_prepare)


async def own(make_sync: MakeSync, dovecot: Dovecot, user: str, room: InFlight) -> Sync:
    """An account that begins with an empty folder and then gets large mails."""
    inbox = dovecot.add_user(user, PASSWORD)
    sync = await make_sync(inbox)
    sync.syncing = replace(sync.syncing, in_flight=room)
    await sync.look()
    with log_in(inbox) as client:
        for n in range(MAILS):
            raw = mail(f"Large {n}", f"{n}@{user}", ("x" * 70 + "\r\n") * (MB // 72))
            client.append("INBOX", "", "", raw)
    return sync


class TestCatchUp:
    async def test_of_many_accounts_keeps_within_the_room(
        self, make_sync: MakeSync, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        room = InFlight(ROOM)
        gauge = Gauge(room, monkeypatch)
        users = [f"crowd{n}@example.com" for n in range(ACCOUNTS)]
        syncs = [await own(make_sync, dovecot, user, room) for user in users]

        await asyncio.gather(*(sync.look() for sync in syncs))

        for sync in syncs:
            assert await sync.ledger() == dict.fromkeys(range(1, MAILS + 1), "stored")
        assert 2 * MB < gauge.most <= gauge.most_held <= ROOM
        assert (gauge.now, room.held, room.waiting) == (0, 0, 0)

    async def test_that_breaks_off_gives_its_room_back(
        self, make_sync: MakeSync, dovecot: Dovecot
    ) -> None:
        room = InFlight(ROOM)
        sync = await own(make_sync, dovecot, "lost@example.com", room)
        async with sync.workspace.store.across_workspaces() as fleet:
            await fleet.raise_fences(list(await fleet.accounts()))

        with pytest.raises(OwnershipLost):
            await sync.look()

        assert room.held == 0
