"""Servers that take IDLE or NOTIFY and then say nothing: they lose the trust they had."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.jobs.trust import Proofs, Trust
from app.mailbox.port import MailSession
from app.store.notify import Waker
from tests.fixtures.stack import eventually
from tests.fixtures.syncing import Sync
from tests.rig.asking import put
from tests.rig.imap_answers import Reply
from tests.rig.imap_server import Call, HostileServer

HOST = "mail.example.com"


async def deaf(call: Call) -> None:
    """IDLE that tells nothing, not even at its end."""
    await call.send(b"+ idling\r\n")
    assert await call.session.reader.readline() == b"DONE\r\n"
    await call.send_reply(Reply())


@pytest.fixture
def proofs() -> Proofs:
    return Proofs()


@asynccontextmanager
async def connected(sync: Sync, proofs: Proofs) -> AsyncIterator[tuple[MailSession, Trust]]:
    """A connection that waits in INBOX, with what is remembered of its server."""
    async with sync.session() as session:
        trust = Trust(proofs, HOST, sync.syncing, session)
        inbox = await sync.mailbox()
        trust.recall([inbox])
        trust.idle_in = inbox.id
        await sync.look(session)
        yield session, trust


async def comes(sync: Sync, session: MailSession, trust: Trust, *, asked: bool = False) -> bool:
    """Have a mail come in while we wait, and look; answers whether the server is trusted then."""
    folder, server = (await sync.mailbox()).id, sync.inbox
    before = len(server.commands("IDLE"))
    waiting = asyncio.create_task(session.idle(Waker(), 0.5))

    async def has_begun() -> bool:
        return len(server.commands("IDLE")) > before

    await eventually(has_begun)
    put(server, f"Number {len(await sync.announced())}")
    await waiting
    trust.is_judged = not asked
    look = await sync.look_at(session, folder)
    assert look.found == 1
    await trust.judge(folder, found=look.found)
    return trust.holds(folder)


async def late(call: Call) -> None:
    """IDLE that tells everything at its end, and nothing before."""
    await call.send(b"+ idling\r\n")
    assert await call.session.reader.readline() == b"DONE\r\n"
    await call.send_reply(Reply(call.session.answers.news()))


class TestTrust:
    async def test_begins_with_the_first_mail_that_is_announced(
        self, watched: Sync, proofs: Proofs
    ) -> None:
        folder = (await watched.mailbox()).id
        async with connected(watched, proofs) as (session, trust):
            assert not trust.holds(folder)

            assert await comes(watched, session, trust)

        async with connected(watched, proofs) as (_, another):
            assert another.holds(folder)

    async def test_ends_with_the_first_that_is_not(
        self, watched: Sync, hostile: HostileServer, proofs: Proofs
    ) -> None:
        async with connected(watched, proofs) as (session, trust):
            assert await comes(watched, session, trust)
            hostile.on("IDLE", deaf, times=None)

            assert not await comes(watched, session, trust)

        assert (await watched.mailbox()).untold_at == watched.clock.now()

    async def test_is_neither_given_nor_taken_for_what_is_announced_late_once(
        self, watched: Sync, hostile: HostileServer, proofs: Proofs
    ) -> None:
        async with connected(watched, proofs) as (session, trust):
            hostile.on("IDLE", late)
            assert not await comes(watched, session, trust)
            assert await comes(watched, session, trust)
            hostile.on("IDLE", late)
            assert await comes(watched, session, trust)

        assert (await watched.mailbox()).untold_at is None

    async def test_ends_where_all_is_announced_late(
        self, watched: Sync, hostile: HostileServer, proofs: Proofs
    ) -> None:
        async with connected(watched, proofs) as (session, trust):
            assert await comes(watched, session, trust)
            hostile.on("IDLE", late, times=None)

            trusted = [await comes(watched, session, trust) for _ in range(2)]

        assert trusted == [True, False]

    async def test_is_not_ended_by_what_comes_while_somebody_asks(
        self, watched: Sync, hostile: HostileServer, proofs: Proofs
    ) -> None:
        async with connected(watched, proofs) as (session, trust):
            assert await comes(watched, session, trust)
            hostile.on("IDLE", deaf, times=None)

            assert await comes(watched, session, trust, asked=True)

        assert (await watched.mailbox()).untold_at is None

    async def test_is_remembered_to_have_ended(
        self, watched: Sync, hostile: HostileServer, proofs: Proofs
    ) -> None:
        async with connected(watched, proofs) as (session, trust):
            hostile.on("IDLE", deaf)
            assert not await comes(watched, session, trust)

        async with connected(watched, proofs) as (session, trust):
            assert not await comes(watched, session, trust)

    async def test_returns_once_ten_in_a_row_were_announced(
        self, watched: Sync, hostile: HostileServer, proofs: Proofs
    ) -> None:
        async with connected(watched, proofs) as (session, trust):
            hostile.on("IDLE", deaf)
            assert not await comes(watched, session, trust)

            trusted = [await comes(watched, session, trust) for _ in range(10)]

        assert trusted == [False] * 9 + [True]
        assert (await watched.mailbox()).untold_at is None
