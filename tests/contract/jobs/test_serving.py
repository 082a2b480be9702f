"""Several watched folders in one connection to a real Dovecot."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import event

from app.commands.claim import Executing
from app.commands.types import Flag, MarkRead
from app.core.crypto import Vault
from app.core.retry import RetryLadder
from app.jobs import serving as jobs_serving
from app.jobs.context import Tending
from app.jobs.serving import Serving
from app.mailbox.errors import CommandRefused
from app.mailbox.port import Security
from app.sandbox.mail.dovecot import DovecotInbox
from app.store.models import Mailbox
from app.store.notify import NotificationHub, Waker
from app.sync import poll
from app.sync.unstable import FOLLOWED
from tests.fixtures.faultproxy import FaultProxy
from tests.fixtures.faults import Replace, Step, Stream
from tests.fixtures.mailservers import log_in
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import MakeSync, Sync
from tests.rig.asking import ask, outcome

POLL = 60
NO_SUCH = rb"NO (?:\[[A-Z]+\] )?Mailbox doesn't exist[^\r\n]*"


@dataclass
class Overheard:
    """Passes everything on and remembers the commands."""

    said: bytearray = field(default_factory=bytearray)

    def steps(self, data: bytes, stream: Stream) -> Iterator[Step]:
        self.said += data
        yield data

    def commands(self) -> list[str]:
        found = re.findall(rb"^[A-Z]{3,}\d+ (UID [A-Z]+|[A-Z]+)", bytes(self.said), re.MULTILINE)
        self.said.clear()
        return [one.decode() for one in found]


@dataclass
class Served:
    """Rounds with an IDLE between them, as the tender makes them."""

    serving: Serving
    waker: Waker
    sync: Sync
    has_begun: bool = False

    async def round(self) -> None:
        if self.has_begun:
            self.waker.wake()
            await self.serving.wait()
        self.has_begun = True
        await self.serving.round()

    async def tick(self) -> bool:
        """What the clock alone brings about; answers whether there is more to do at once.

        What is due ends the wait at once, so it is only waited for where something is.
        """
        await self.serving.wait()
        return await self.serving.turn()

    async def until_announced(self, subject: str) -> None:
        """Turns until a mail has come in; a server may tell of other things before."""
        async with asyncio.timeout(30):
            while subject not in await self.sync.announced():
                await self.tick()

    def is_due(self) -> bool:
        return self.serving.longest_wait() < 1

    async def settle(self) -> None:
        """Rounds until nothing is left to do and the server's numbers are known."""
        await self.serving.turn()
        for _ in range(3):
            self.waker.wake()
            await self.serving.wait()
            self.sync.clock.advance(seconds=POLL)
            self.serving._session._examined_at = float("-inf")  # type: ignore[attr-defined]
            await self.serving.turn()


@asynccontextmanager
async def serving(sync: Sync, proxy: FaultProxy) -> AsyncIterator[Served]:
    tending = Tending(
        store=sync.workspace.store,
        blobs=sync.syncing.blobs,
        parser=sync.syncing.parser,
        servers=sync.servers,
        hub=NotificationHub(sync.workspace.url),
        clock=sync.clock,
        vault=Vault([Fernet.generate_key().decode()]),
        announce=sync.syncing.announce,
        ladder=RetryLadder.parse("0 60"),
        poll_seconds=POLL,
        idle_renew_seconds=120,
        largest_mail=1_000_000,
    )
    executing = Executing(
        sync.workspace.store,
        sync.clock,
        sync.workspace.id,
        sync.syncing.account_id,
        1,
        sync.syncing.blobs,
    )

    async def on_live() -> None:
        return None

    spec = replace(sync.spec, port=proxy.port, security=Security.NONE)
    waker = Waker()
    async with sync.servers.open(spec) as session:
        serving = Serving(tending, sync.syncing, executing, session, waker, 0, on_live)
        yield Served(serving, waker, sync)


@contextmanager
def statements(sync: Sync) -> Iterator[list[str]]:
    """What the database is asked inside the context."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    engine = sync.workspace.store._engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def folder(sync: Sync, name: str) -> Mailbox:
    async with sync.rows() as uow:
        return await uow.mailboxes.named(sync.syncing.account_id, name)


@pytest.fixture
async def sync(make_sync: MakeSync, mail_user: DovecotInbox) -> Sync:
    with log_in(mail_user) as client:
        client.create("Orders")
    return await make_sync(mail_user, folders=["INBOX", "Orders"])


@pytest.fixture
async def proxy(mail_user: DovecotInbox, tmp_path: Path) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(mail_user.host, mail_user.server.imap_port) as running:
        yield running


@pytest.mark.usefixtures("nothing_else_is_told")
class TestPolling:
    async def test_costs_one_round_trip_a_folder_and_writes_nothing(
        self, sync: Sync, proxy: FaultProxy
    ) -> None:
        overheard = Overheard()
        proxy.set(to_server=overheard)
        async with serving(sync, proxy) as served:
            await served.round()
            before = [await folder(sync, name) for name in ("INBOX", "Orders", "Sent")]
            overheard.commands()

            await served.round()
            quiet = overheard.commands()
            sync.clock.advance(seconds=POLL)
            await served.round()
            due = overheard.commands()

        assert quiet == ["IDLE", "UID SEARCH"]
        assert due == ["IDLE", "STATUS", "STATUS", "UID SEARCH"]
        assert [await folder(sync, name) for name in ("INBOX", "Orders", "Sent")] == before

    async def test_brings_in_the_news_of_every_folder(self, sync: Sync, proxy: FaultProxy) -> None:
        async with serving(sync, proxy) as served:
            await served.round()
            for name in ("INBOX", "Orders"):
                raw = mail(f"To {name}", f"{name}@acme.example")
                await sync.inbox.server.save(sync.inbox.username, name, raw)
            sync.clock.advance(seconds=POLL)
            await served.round()
            await served.round()

        assert sorted(await sync.announced()) == ["To INBOX", "To Orders"]


@pytest.mark.usefixtures("nothing_else_is_told")
class TestAGlance:
    async def test_costs_one_round_trip_a_folder_and_no_statement(
        self, sync: Sync, proxy: FaultProxy
    ) -> None:
        overheard = Overheard()
        proxy.set(to_server=overheard)
        async with serving(sync, proxy) as served:
            await served.settle()
            sync.clock.advance(seconds=POLL)
            overheard.commands()

            with statements(sync) as asked:
                has_more = await served.tick()

            assert overheard.commands() == ["IDLE", "STATUS", "STATUS", "EXAMINE", "IDLE"]
            assert asked == []
            assert not has_more
            assert not served.is_due()

    async def test_is_all_that_a_folder_needs_from_its_first_look_on(
        self, sync: Sync, proxy: FaultProxy
    ) -> None:
        async with serving(sync, proxy) as served:
            await served.serving.turn()
            sync.clock.advance(seconds=POLL)

            with statements(sync) as asked:
                await served.tick()

        assert asked == []

    async def test_at_many_folders_is_taken_in_parts(
        self, sync: Sync, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(jobs_serving, "AT_A_GLANCE", 1)
        overheard = Overheard()
        proxy.set(to_server=overheard)
        async with serving(sync, proxy) as served:
            await served.settle()
            sync.clock.advance(seconds=POLL)
            overheard.commands()

            with statements(sync) as asked:
                await served.tick()
                first, is_due = overheard.commands(), served.is_due()
                await served.tick()

            assert (first, is_due) == (["IDLE", "STATUS", "EXAMINE", "IDLE"], True)
            assert overheard.commands() == ["STATUS", "EXAMINE", "IDLE"]
            assert asked == []
            assert not served.is_due()

    async def test_asks_for_the_list_of_folders_now_and_then(
        self, sync: Sync, proxy: FaultProxy
    ) -> None:
        overheard = Overheard()
        proxy.set(to_server=overheard)
        async with serving(sync, proxy) as served:
            await served.settle()
            sync.clock.advance(minutes=5)
            overheard.commands()

            with statements(sync) as asked:
                await served.tick()

            assert overheard.commands() == ["IDLE", "LIST", "STATUS", "STATUS", "EXAMINE", "IDLE"]
            assert asked == []

    async def test_sees_a_folder_that_was_made(self, sync: Sync, proxy: FaultProxy) -> None:
        async with serving(sync, proxy) as served:
            await served.settle()
            with log_in(sync.inbox) as client:
                client.create("Complaints")
            sync.clock.advance(minutes=5)

            await served.tick()

        assert (await folder(sync, "Complaints")).listed

    async def test_is_not_all_there_is_when_a_folder_is_to_be_reconciled(
        self, sync: Sync, proxy: FaultProxy
    ) -> None:
        async with serving(sync, proxy) as served:
            await served.settle()
            begun = sync.clock.now()
            sync.clock.advance(minutes=70)

            await served.tick()

        names = ("INBOX", "Orders", "Sent")
        proven = [(await folder(sync, name)).last_reconciled_at for name in names]
        assert any(at is not None and at > begun for at in proven)

    async def test_leaves_word_of_the_look_once(self, sync: Sync, proxy: FaultProxy) -> None:
        async with serving(sync, proxy) as served:
            await served.settle()
            served.serving.take_checks()
            sync.clock.advance(seconds=POLL)
            await served.tick()

            checks = served.serving.take_checks()

            assert {one.checked_at for one in checks} == {sync.clock.now()}
            assert len(checks) == 3
            assert served.serving.take_checks() == ()

    async def test_sees_what_nobody_announced(self, sync: Sync, proxy: FaultProxy) -> None:
        async with serving(sync, proxy) as served:
            await served.settle()
            raw = mail("Nobody heard of me", "quiet@acme.example")
            await sync.inbox.server.save(sync.inbox.username, "Orders", raw)
            sync.clock.advance(seconds=POLL)

            await served.tick()

        assert await sync.announced() == ["Nobody heard of me"]

    async def test_of_a_change_nobody_announced_is_followed_at_once(
        self, sync: Sync, proxy: FaultProxy
    ) -> None:
        async with serving(sync, proxy) as served:
            await served.settle()
            await sync.inbox.deliver(mail("Look here", "1@acme.example"))
            await served.settle()
            sync.clock.advance(seconds=POLL)
            await served.serving.wait()
            with log_in(sync.inbox) as client:
                client.select("INBOX")
                client.store("1", "+FLAGS", r"(\Flagged)")

            await served.serving.turn()

        inbox = await folder(sync, "INBOX")
        async with sync.rows() as uow:
            (one,) = await uow.live.newest(inbox.id, inbox.uidvalidity or 0, 5)
        assert r"\Flagged" in one.flags

    async def test_is_not_all_there_is_after_the_clock_was_set_back(
        self, sync: Sync, proxy: FaultProxy
    ) -> None:
        async with serving(sync, proxy) as served:
            await served.settle()
            sync.clock.advance(hours=-1)

            with statements(sync) as asked:
                await served.tick()

        assert asked

    async def test_is_no_more_than_a_glance_until_somebody_asks(
        self, sync: Sync, proxy: FaultProxy
    ) -> None:
        async with serving(sync, proxy) as served:
            await served.settle()
            served.waker.wake()

            with statements(sync) as asked:
                await served.tick()

        assert asked


class TestHearing:
    async def test_of_another_folder_looks_at_it_at_once(
        self, sync: Sync, proxy: FaultProxy
    ) -> None:
        overheard = Overheard()
        proxy.set(to_server=overheard)
        async with serving(sync, proxy) as served:
            await served.settle()
            overheard.commands()
            raw = mail("Answered elsewhere", "1@acme.example")
            await sync.inbox.server.save(sync.inbox.username, "Orders", raw)

            await served.until_announced("Answered elsewhere")

            assert "STATUS" in overheard.commands()

    async def test_is_asked_for_once(self, sync: Sync, proxy: FaultProxy) -> None:
        overheard = Overheard()
        proxy.set(to_server=overheard)
        async with serving(sync, proxy) as served:
            await served.settle()
            await served.round()

            assert overheard.commands().count("NOTIFY") == 1
            assert served.serving._session.hears_of == {"Orders", "Sent"}


class TestAFolderOfWhichTheServerTells:
    async def test_is_asked_about_half_as_often(self, sync: Sync, proxy: FaultProxy) -> None:
        async with serving(sync, proxy) as served:
            await served.settle()
            before = {served.serving._pause(one) for one in served.serving._folders}
            for name in ("INBOX", "Orders"):
                raw = mail(f"To {name}", f"{name}@acme.example")
                await sync.inbox.server.save(sync.inbox.username, name, raw)
                await served.until_announced(f"To {name}")
            after = {served.serving._pause(one) for one in served.serving._folders}

        assert before == {timedelta(seconds=POLL)}
        assert after == {timedelta(seconds=2 * POLL)}


@pytest.mark.usefixtures("nothing_else_is_told")
class TestALongBacklog:
    async def test_gives_wishes_a_turn_between_its_portions(
        self, sync: Sync, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(poll, "MOST_AT_ONCE", 2)
        async with serving(sync, proxy) as served:
            await served.settle()
            for number in range(3):
                await sync.inbox.deliver(mail(f"Number {number}", f"{number}@acme.example"))
            served.waker.wake()

            has_more = [await served.tick(), await served.serving.turn()]

        assert has_more == [True, False]
        assert await sync.announced() == ["Number 0", "Number 1", "Number 2"]


@pytest.mark.usefixtures("nothing_else_is_told")
class TestManyWishes:
    async def test_give_new_mail_a_turn(
        self, sync: Sync, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(jobs_serving, "WISHES_AT_ONCE", 1)
        async with serving(sync, proxy) as served:
            await served.settle()
            await sync.inbox.deliver(mail("First", "1@acme.example"))
            await served.tick()
            wishes = [await ask(sync, "First", wish) for wish in (Flag(), MarkRead())]
            await sync.inbox.deliver(mail("Second", "2@acme.example"))
            served.waker.wake()

            has_more = [await served.tick()]
            states = [(await outcome(sync, one))[0] for one in wishes]
            subjects = await sync.announced()
            has_more += [await served.serving.turn(), await served.serving.turn()]

        assert states == ["done", "queued"]
        assert subjects == ["First", "Second"]
        assert has_more == [True, True, False]
        assert (await outcome(sync, wishes[1]))[0] == "done"


class TestAFolderThatIsListedAndDoesNotOpen:
    async def test_is_parked_with_the_reason_and_holds_up_nobody(
        self, sync: Sync, proxy: FaultProxy
    ) -> None:
        proxy.set(
            to_server=Replace(rb'(EXAMINE|STATUS) "Orders"', rb'\1 "Ghost"'),
            to_client=Replace(NO_SUCH, b"NO Internal damage"),
        )
        async with serving(sync, proxy) as served:
            await served.round()
            await sync.inbox.deliver(mail("Hello", "1@acme.example"))
            await served.round()

            orders = await folder(sync, "Orders")
            assert "Internal damage" in orders.detail
            assert orders.parked_until == sync.clock.now() + timedelta(seconds=POLL)
            for minutes in (1, 2, 4, 8, 16, 32, 60, 60):
                sync.clock.advance(minutes=minutes)
                assert served.is_due()
                await served.round()
                assert not served.is_due()

            proxy.set()
            sync.clock.advance(minutes=60)
            await served.round()

        assert await sync.announced() == ["Hello"]
        orders = await folder(sync, "Orders")
        assert (orders.detail, orders.parked_until) == ("", None)
        assert orders.watermark == 1

    async def test_may_be_the_first_one(self, sync: Sync, proxy: FaultProxy) -> None:
        async with sync.rows() as uow:
            account = await uow.accounts.get(sync.syncing.account_id)
            account.folders = ["Orders", "INBOX"]
        proxy.set(
            to_server=Replace(rb'(EXAMINE|STATUS) "Orders"', rb'\1 "Ghost"'),
            to_client=Replace(NO_SUCH, b"NO Internal damage"),
        )
        async with serving(sync, proxy) as served:
            await served.round()
            await sync.inbox.deliver(mail("Hello", "1@acme.example"))
            sync.clock.advance(seconds=POLL)
            await served.round()

        assert await sync.announced() == ["Hello"]

    async def test_if_none_opens_the_account_says_so(self, sync: Sync, proxy: FaultProxy) -> None:
        proxy.set(
            to_server=Replace(rb'(EXAMINE|STATUS) "[^"]*"', rb'\1 "Ghost"'),
            to_client=Replace(NO_SUCH, b"NO Internal damage"),
        )
        async with serving(sync, proxy) as served:
            with pytest.raises(CommandRefused, match="Internal damage"):
                await served.round()

    async def test_that_is_only_busy_is_tried_again_soon(
        self, sync: Sync, proxy: FaultProxy
    ) -> None:
        proxy.set(
            to_server=Replace(rb'(EXAMINE|STATUS) "Orders"', rb'\1 "Ghost"'),
            to_client=Replace(NO_SUCH, b"NO [INUSE] Somebody else has it open"),
        )
        async with serving(sync, proxy) as served:
            for _ in range(3):
                await served.round()

                until = (await folder(sync, "Orders")).parked_until
                assert until == sync.clock.now() + timedelta(seconds=POLL)
                sync.clock.advance(seconds=POLL)


class TestAFolderWhoseUIDsDoNotLast:
    async def test_is_parked_and_holds_up_nobody_until_they_do(
        self, sync: Sync, proxy: FaultProxy
    ) -> None:
        inbox, server = sync.inbox, sync.inbox.server

        async def connect_and_look() -> None:
            """Dovecot ends a session whose folder it has numbered anew."""
            sync.clock.advance(seconds=POLL)
            async with serving(sync, proxy) as served:
                await served.round()

        await connect_and_look()
        first = (await folder(sync, "INBOX")).uidvalidity or 0
        for n in range(1, FOLLOWED + 2):
            await server.change_uidvalidity(inbox.username, "INBOX", first + n)
            await connect_and_look()
        parked = await folder(sync, "INBOX")
        await inbox.deliver(mail("In the gap", "gap@acme.example"))
        await server.save(inbox.username, "Orders", mail("Elsewhere", "else@acme.example"))
        await connect_and_look()
        meanwhile = await sync.announced()
        sync.clock.advance(minutes=4)
        await connect_and_look()

        assert "INBOX anew 4 times" in parked.detail
        assert parked.uidvalidity == first + FOLLOWED
        assert meanwhile == ["Elsewhere"]
        assert await sync.announced() == ["Elsewhere", "In the gap"]
        settled = await folder(sync, "INBOX")
        assert settled.uidvalidity == first + FOLLOWED + 1
        assert (settled.detail, settled.parked_until, settled.unstable_since) == ("", None, None)


class TestAFolderThatVanishes:
    async def test_while_it_is_watched_is_noticed_at_the_next_look(
        self, sync: Sync, proxy: FaultProxy
    ) -> None:
        async with serving(sync, proxy) as served:
            await served.round()
            with log_in(sync.inbox) as client:
                client.delete("Orders")
            sync.clock.advance(seconds=POLL)
            await served.round()
            await served.round()

        orders = await folder(sync, "Orders")
        assert not orders.listed
        assert "There is no folder" in orders.detail
        assert orders.parked_until is None
