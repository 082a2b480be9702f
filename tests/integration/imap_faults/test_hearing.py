"""Servers that will not tell of other folders, or do so no more (RFC 5465)."""

from collections.abc import AsyncIterator

import pytest

from app.mailbox.port import MailSession
from app.store.notify import Waker
from tests.fixtures.syncing import MakeSync, Sync
from tests.rig.asking import put
from tests.rig.imap_answers import Reply
from tests.rig.imap_server import Call, HostileServer
from tests.rig.scripts import refuse

FOLDERS = ["Sent", "Archive"]


@pytest.fixture
async def hostile() -> AsyncIterator[HostileServer]:
    async with HostileServer(more={"NOTIFY"}) as server:
        yield server


@pytest.fixture
async def sync(make_sync: MakeSync, hostile: HostileServer) -> Sync:
    return await make_sync(hostile)


async def agree(call: Call) -> None:
    await call.send_reply(Reply())


async def overflow(call: Call) -> None:
    await call.send(b"+ idling\r\n", b"* OK [NOTIFICATIONOVERFLOW] Too much\r\n")
    assert await call.session.reader.readline() == b"DONE\r\n"
    await call.send_reply(Reply())


async def hears_of_new_mail(session: MailSession, server: HostileServer) -> bool:
    put(server, "Hello")
    return await session.idle(Waker(), 30)


class TestRefused:
    @pytest.mark.parametrize(
        "words",
        ["[BADEVENT (MessageNew MessageExpunge)] Not of flags", "Too many mailboxes"],
        ids=["BADEVENT", "NO"],
    )
    async def test_leaves_all_as_it_is(
        self, sync: Sync, hostile: HostileServer, words: str
    ) -> None:
        hostile.on("NOTIFY", refuse(words), times=None)
        async with sync.session() as session:
            await session.examine("INBOX")

            await session.hear_of(FOLDERS)
            await session.hear_of(FOLDERS)

            assert session.hears_of == frozenset()
            assert hostile.fired["NOTIFY"] == 1
            assert await hears_of_new_mail(session, hostile)

    async def test_by_a_server_that_does_not_know_it_after_all(
        self, sync: Sync, hostile: HostileServer
    ) -> None:
        async with sync.session() as session:
            await session.examine("INBOX")

            await session.hear_of(FOLDERS)

            assert session.hears_of == frozenset()
            assert await hears_of_new_mail(session, hostile)


class TestOverflow:
    async def test_has_all_looked_at_and_asks_for_the_open_folder_alone(
        self, sync: Sync, hostile: HostileServer
    ) -> None:
        hostile.on("NOTIFY", agree, times=None)
        hostile.on("IDLE", overflow)
        async with sync.session() as session:
            await session.examine("INBOX")
            await session.hear_of(FOLDERS)
            assert session.hears_of == set(FOLDERS)

            assert await session.idle(Waker(), 30)
            told = await session.take_told()
            for _ in range(2):
                await session.hear_of(FOLDERS)

            assert told == set(FOLDERS)
            assert session.hears_of == frozenset()
            first, second = hostile.commands("NOTIFY")
            assert "MAILBOXES" in first
            assert "SELECTED-DELAYED" in second
            assert "MAILBOXES" not in second
