"""Which folders are watched, whatever becomes of them on a real Dovecot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.clock import SystemClock
from app.core.ids import MailboxId
from app.mailbox.port import Security
from app.sandbox.mail.dovecot import DovecotInbox
from app.store.models import Mailbox
from app.sync.folders import read_folders
from app.sync.poll import catch_up
from tests.fixtures.faultproxy import FaultProxy
from tests.fixtures.faults import Replace
from tests.fixtures.mailservers import log_in
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import MakeSync, Sync

FOLDERS = ["INBOX", "Orders"]


async def look_at_all(sync: Sync) -> list[MailboxId]:
    """List the folders, and catch up with each that is watched and there."""
    async with sync.session() as session:
        watched = await read_folders(sync.syncing, session)
        for folder in watched:
            await catch_up(sync.syncing, session, folder)
    return watched


async def save(sync: Sync, folder: str, *subjects: str) -> None:
    for subject in subjects:
        raw = mail(subject, f"{subject.replace(' ', '.')}@acme.example")
        await sync.inbox.server.save(sync.inbox.username, folder, raw)


async def folders(sync: Sync) -> dict[str, Mailbox]:
    async with sync.rows() as uow:
        return {one.name: one for one in await uow.mailboxes.of_account(sync.syncing.account_id)}


async def watched_names(sync: Sync) -> list[str]:
    return [one.name for one in (await folders(sync)).values() if one.watched]


async def events(sync: Sync) -> list[str]:
    async with sync.rows() as uow:
        page = await uow.events.after(0, limit=1000)
        return [one.type for one in page if one.type.startswith("mailbox.")]


@asynccontextmanager
async def through(sync: Sync, to_client: Replace) -> AsyncIterator[FaultProxy]:
    """Have the server say something else than it does."""
    spec = sync.spec
    async with FaultProxy(sync.inbox.host, sync.inbox.server.imap_port) as proxy:
        proxy.set(to_client=to_client)
        sync.spec = replace(spec, port=proxy.port, security=Security.NONE)
        try:
            yield proxy
        finally:
            sync.spec = spec


@pytest.fixture
async def sync(make_sync: MakeSync, mail_user: DovecotInbox) -> Sync:
    """An account that watches two folders, each looked at once."""
    with log_in(mail_user) as client:
        client.create("Orders")
    sync = await make_sync(mail_user, folders=FOLDERS, watch_sent=False)
    sync.clock.set(SystemClock().now() - timedelta(minutes=1))
    await look_at_all(sync)
    return sync


class TestVanished:
    async def test_is_said_while_the_others_go_on(self, sync: Sync) -> None:
        with log_in(sync.inbox) as client:
            client.delete("Orders")
        await save(sync, "INBOX", "Hello")

        watched = await look_at_all(sync)

        rows = await folders(sync)
        assert watched == [rows["INBOX"].id]
        assert not rows["Orders"].listed
        assert "There is no folder “Orders” on the server" in rows["Orders"].detail
        assert await sync.announced() == ["Hello"]
        assert await events(sync) == ["mailbox.missing"]

    async def test_and_made_anew_brings_in_what_is_new_there(self, sync: Sync) -> None:
        await save(sync, "Orders", "Known")
        await look_at_all(sync)
        before = (await folders(sync))["Orders"]
        with log_in(sync.inbox) as client:
            client.delete("Orders")
        await look_at_all(sync)
        with log_in(sync.inbox) as client:
            client.create("Orders")
        await save(sync, "Orders", "Known", "New")

        await look_at_all(sync)

        after = (await folders(sync))["Orders"]
        assert after.id == before.id
        assert after.uidvalidity != before.uidvalidity
        assert (after.listed, after.detail) == (True, "")
        assert await sync.announced() == ["Known", "New"]
        assert await events(sync) == ["mailbox.missing", "mailbox.appeared", "mailbox.reset"]


class TestRenamed:
    async def test_keeps_its_history_and_its_watermark(self, sync: Sync) -> None:
        await save(sync, "Orders", "Before")
        await look_at_all(sync)
        before = (await folders(sync))["Orders"]
        with log_in(sync.inbox) as client:
            client.rename("Orders", "Bestellungen")
        await save(sync, "Bestellungen", "After")

        await look_at_all(sync)

        rows = await folders(sync)
        assert "Orders" not in rows
        assert rows["Bestellungen"].id == before.id
        assert rows["Bestellungen"].watermark == 3
        assert await sync.announced() == ["Before", "After"]
        async with sync.rows() as uow:
            account = await uow.accounts.get(sync.syncing.account_id)
        assert account.folders == ["INBOX", "Bestellungen"]
        assert await events(sync) == ["mailbox.renamed"]

    async def test_while_it_was_empty(self, sync: Sync) -> None:
        before = (await folders(sync))["Orders"]
        with log_in(sync.inbox) as client:
            client.rename("Orders", "Bestellungen")

        await look_at_all(sync)

        assert (await folders(sync))["Bestellungen"].id == before.id

    async def test_is_not_believed_of_a_folder_with_other_mails(self, sync: Sync) -> None:
        await save(sync, "Orders", "Ours")
        await look_at_all(sync)
        uidvalidity = (await folders(sync))["Orders"].uidvalidity or 0
        with log_in(sync.inbox) as client:
            client.delete("Orders")
            client.create("Private")
        await save(sync, "Private", "Nobody’s business")
        server, user = sync.inbox.server, sync.inbox.username
        await server.change_uidvalidity(user, "Private", uidvalidity)

        await look_at_all(sync)

        rows = await folders(sync)
        assert not rows["Orders"].listed
        assert not rows["Private"].watched
        assert await sync.announced() == ["Ours"]


class TestAskedForBeforeItIsThere:
    async def test_is_said_and_what_comes_into_it_is_news(
        self, make_sync: MakeSync, mail_user: DovecotInbox
    ) -> None:
        sync = await make_sync(mail_user, folders=FOLDERS, watch_sent=False)
        sync.clock.set(SystemClock().now() - timedelta(minutes=1))
        await look_at_all(sync)
        assert "There is no folder “Orders”" in (await folders(sync))["Orders"].detail

        with log_in(mail_user) as client:
            client.create("Orders")
        await save(sync, "Orders", "First order")
        await look_at_all(sync)

        assert (await folders(sync))["Orders"].detail == ""
        assert await sync.announced() == ["First order"]


class TestOddLists:
    async def test_a_folder_that_only_holds_others_cannot_be_watched(self, sync: Sync) -> None:
        hollow = Replace(rb'\(\\HasNoChildren\) "/" Orders', rb'(\\Noselect) "/" Orders')
        async with through(sync, hollow) as proxy:
            watched = await look_at_all(sync)

        rows = await folders(sync)
        assert proxy.fired
        assert watched == [rows["INBOX"].id]
        assert "only holds other folders" in rows["Orders"].detail

    async def test_an_empty_list_changes_nothing(self, sync: Sync) -> None:
        before = await folders(sync)
        async with through(sync, Replace(rb"\* LIST [^\r\n]*\r\n", b"")) as proxy:
            watched = await look_at_all(sync)

        assert proxy.fired
        assert len(watched) == 2
        assert {name: one.listed for name, one in (await folders(sync)).items()} == {
            name: one.listed for name, one in before.items()
        }

    async def test_a_list_without_inbox_is_not_believed(self, sync: Sync) -> None:
        only_sent = Replace(rb"\* LIST [^\r\n]*(INBOX|Orders|Archive|Trash)\r\n", b"")
        async with through(sync, only_sent) as proxy:
            await look_at_all(sync)

        assert proxy.fired
        assert all(one.listed for one in (await folders(sync)).values())

    async def test_a_list_that_leaves_a_watched_folder_out_is_checked(self, sync: Sync) -> None:
        async with through(sync, Replace(rb"\* LIST [^\r\n]*Orders\r\n", b"")) as proxy:
            watched = await look_at_all(sync)

        assert proxy.fired
        assert len(watched) == 2
        assert (await folders(sync))["Orders"].listed

    async def test_inbox_may_be_listed_in_another_case(self, sync: Sync) -> None:
        await save(sync, "INBOX", "Hello")
        async with through(
            sync, Replace(rb"(\* LIST [^\r\n]*)INBOX\r\n", rb"\1Inbox\r\n")
        ) as proxy:
            await look_at_all(sync)

        assert proxy.fired
        assert await watched_names(sync) == FOLDERS
        assert await sync.announced() == ["Hello"]

    async def test_a_name_in_any_script_is_watched(
        self, make_sync: MakeSync, mail_user: DovecotInbox
    ) -> None:
        name = 'Größe & "日本"'
        with log_in(mail_user) as client:
            client.create('"Gr&APYA3w-e &- \\"&ZeVnLA-\\""')
        sync = await make_sync(mail_user, folders=["INBOX", name], watch_sent=False)
        await look_at_all(sync)

        await save(sync, name, "Hello")
        await look_at_all(sync)

        assert await sync.announced() == ["Hello"]


class TestSent:
    async def test_is_watched_last_unless_it_was_switched_off(
        self, make_sync: MakeSync, mail_user: DovecotInbox
    ) -> None:
        sync = await make_sync(mail_user)
        watched = await look_at_all(sync)
        rows = await folders(sync)
        assert watched == [rows["INBOX"].id, rows["Sent"].id]

        async with sync.rows() as uow:
            (await uow.accounts.get(sync.syncing.account_id)).watch_sent = False

        assert await look_at_all(sync) == [rows["INBOX"].id]
        assert await watched_names(sync) == ["INBOX"]

    async def test_watched_anew_begins_where_it_stands(
        self, make_sync: MakeSync, mail_user: DovecotInbox
    ) -> None:
        sync = await make_sync(mail_user)
        await look_at_all(sync)
        for watch, subject in [(False, "Unseen"), (True, "Too late")]:
            async with sync.rows() as uow:
                (await uow.accounts.get(sync.syncing.account_id)).watch_sent = watch
            await save(sync, "Sent", subject)
            await look_at_all(sync)

        assert await sync.subjects() == []
        assert (await folders(sync))["Sent"].watermark == 3

    async def test_knows_whose_server_it_is(self, sync: Sync) -> None:
        async with sync.rows() as uow:
            account = await uow.accounts.get(sync.syncing.account_id)

        assert account.provider == "dovecot"
