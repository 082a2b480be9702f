"""Importing what was there before us, on a real Dovecot: all of it, once, without a word."""

import imaplib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet

from app.accounts import history
from app.accounts.history import Window
from app.commands.undo import process_again
from app.core.crypto import Vault
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.ids import MailboxId
from app.core.retry import RetryLadder
from app.jobs.context import Tending
from app.jobs.importing import Importing
from app.mailbox.port import MailSession
from app.sandbox.mail.dovecot import DovecotInbox
from app.store.models import Conversation, HistoryImport, ImportState, Message, Placement, Post
from app.store.notify import NotificationHub
from app.sync import backfill
from tests.fixtures.mailservers import log_in
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import MakeSync, Sync

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def put(inbox: DovecotInbox, subject: str, *, age_days: float, raw: bytes | None = None) -> None:
    """A mail that the server received so long ago."""
    when = imaplib.Time2Internaldate(NOW - timedelta(days=age_days))
    with log_in(inbox) as client:
        client.append("INBOX", "", when, raw or mail(subject, f"{subject}@acme.example"))


class Imports:
    """An account's import, step by step."""

    def __init__(self, sync: Sync, session: MailSession, folder: MailboxId) -> None:
        self.sync, self._session, self._folders = sync, session, [folder]
        self.tending = Tending(
            store=sync.workspace.store,
            blobs=sync.syncing.blobs,
            parser=sync.syncing.parser,
            servers=sync.servers,
            hub=NotificationHub(sync.workspace.url),
            clock=sync.clock,
            vault=Vault([Fernet.generate_key().decode()]),
            announce=sync.syncing.announce,
            ladder=RetryLadder.parse("0 60"),
            poll_seconds=60,
            idle_renew_seconds=120,
            largest_mail=1_000_000,
            import_mails_per_minute=1_000_000,
        )
        self.connect_anew()

    def connect_anew(self) -> None:
        """As after a crash: all that was counted is forgotten."""
        self.importing = Importing(self.tending, self.sync.syncing, self._session)

    async def ask(self, window: Window, *, mails_per_minute: int | None = None) -> None:
        async with self.sync.rows() as uow:
            account_id = self.sync.syncing.account_id
            await history.start(uow, account_id, window, mails_per_minute=mails_per_minute)

    async def cancel(self) -> None:
        async with self.sync.rows() as uow:
            await history.cancel(uow, self.sync.syncing.account_id, now=self.sync.clock.now())

    async def step(self) -> bool:
        self.sync.clock.advance(seconds=1)
        return await self.importing.step(self._folders)

    async def to_the_end(self) -> None:
        for _ in range(100):
            await self.step()
            if (await self.row()).state is not ImportState.RUNNING:
                return
        raise AssertionError("the import does not come to its end")

    async def row(self) -> HistoryImport:
        async with self.sync.rows() as uow:
            return await history.find(uow, self.sync.syncing.account_id)

    async def counts(self) -> tuple[int | None, int, int]:
        row = await self.row()
        return row.found, row.done, row.failed

    async def events(self) -> list[str]:
        async with self.sync.rows() as uow:
            return [event.type for event in await uow.events.after(0, limit=1000)]


@pytest.fixture
async def imports(
    make_sync: MakeSync, mail_user: DovecotInbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Imports]:
    """Five mails of 1, 2, 3, 40 and 400 days, and an import in portions of two."""
    monkeypatch.setattr(backfill, "PORTION", 2)
    sync = await make_sync(mail_user)
    for age in (400, 40, 3, 2, 1):
        put(mail_user, f"Aged-{age}", age_days=age)
    sync.clock.set(NOW)
    await sync.look()
    folder = (await sync.mailbox()).id
    async with sync.session() as session:
        yield Imports(sync, session, folder)


class TestWindows:
    @pytest.mark.parametrize(
        ("window", "ages"),
        [
            (Window(since=NOW - timedelta(days=2)), [1, 2]),
            (Window(since=NOW - timedelta(days=30)), [1, 2, 3]),
            (Window(), [1, 2, 3, 40, 400]),
        ],
    )
    async def test_bring_in_all_that_is_in_them(
        self, imports: Imports, window: Window, ages: list[int]
    ) -> None:
        await imports.ask(window)

        await imports.to_the_end()

        assert await imports.sync.subjects() == sorted(f"Aged-{age}" for age in ages)
        assert await imports.counts() == (len(ages), len(ages), 0)

    async def test_of_days_reach_back_from_the_request(self, imports: Imports) -> None:
        await imports.ask(Window(days=3650))

        await imports.to_the_end()

        assert await imports.counts() == (5, 5, 0)

    @pytest.mark.parametrize("days", [0, -1, 100_000])
    async def test_of_no_use_are_refused(self, imports: Imports, days: int) -> None:
        with pytest.raises(InvalidInput):
            await imports.ask(Window(days=days))

    async def test_hold_no_mail_that_came_since_we_watch(self, imports: Imports) -> None:
        await imports.sync.inbox.deliver(mail("Fresh", "fresh@acme.example"))
        await imports.ask(Window())

        await imports.to_the_end()

        assert "Fresh" not in await imports.sync.subjects()
        await imports.sync.look()
        assert await imports.sync.announced() == ["Fresh"]


class TestAnImport:
    async def test_is_silent(self, imports: Imports) -> None:
        await imports.ask(Window())

        await imports.to_the_end()

        assert await imports.sync.all(Post) == []
        assert {one.status for one in await imports.sync.all(Conversation)} == {"done"}
        assert (await imports.sync.mailbox()).watermark == 6

    async def test_takes_the_newest_first(self, imports: Imports) -> None:
        await imports.ask(Window())

        await imports.step()
        assert await imports.sync.subjects() == ["Aged-1", "Aged-2"]
        await imports.step()
        assert await imports.counts() == (5, 4, 0)
        assert "Aged-400" not in await imports.sync.subjects()

    async def test_goes_on_where_it_was_broken_off(self, imports: Imports) -> None:
        await imports.ask(Window())
        await imports.step()

        imports.connect_anew()
        await imports.to_the_end()

        assert len(await imports.sync.all(Message)) == 5
        assert await imports.counts() == (5, 5, 0)

    async def test_tells_of_its_beginning_and_its_end(self, imports: Imports) -> None:
        await imports.ask(Window())

        await imports.to_the_end()

        events = await imports.events()
        assert events[0] == "account.import_started"
        assert events[-1] == "account.history_imported"
        assert events.count("message.imported") == 5
        assert (await imports.row()).finished_at == imports.sync.clock.now()

    async def test_keeps_its_pace(self, imports: Imports) -> None:
        await imports.ask(Window(), mails_per_minute=4)

        assert not await imports.step()
        assert imports.importing.waits_for() == timedelta(seconds=30)
        for _ in range(29):
            assert not await imports.step()
        assert await imports.counts() == (5, 2, 0)
        await imports.step()
        assert await imports.counts() == (5, 4, 0)

    async def test_tells_how_long_the_rest_will_take(self, imports: Imports) -> None:
        await imports.ask(Window(), mails_per_minute=4)
        await imports.step()
        now = imports.sync.clock.advance(seconds=20)

        progress = history.progress_of(await imports.row(), now)

        assert progress.eta_seconds == 30

    async def test_ends_when_it_is_cancelled_and_keeps_what_is_in(self, imports: Imports) -> None:
        await imports.ask(Window())
        await imports.step()
        await imports.cancel()

        assert not await imports.step()

        assert len(await imports.sync.all(Message)) == 2
        assert (await imports.row()).state is ImportState.CANCELLED
        assert (await imports.events())[-1] == "account.import_cancelled"
        with pytest.raises(Conflict):
            await imports.cancel()

    async def test_gives_way_to_another_request(self, imports: Imports) -> None:
        await imports.ask(Window())
        await imports.step()

        await imports.ask(Window(since=NOW - timedelta(days=3)))
        await imports.to_the_end()

        assert await imports.sync.subjects() == ["Aged-1", "Aged-2", "Aged-3"]
        assert await imports.counts() == (3, 3, 0)

    async def test_counts_again_when_the_folder_is_given_new_uids(self, imports: Imports) -> None:
        sync = imports.sync
        await imports.ask(Window())
        await imports.step()
        old = (await sync.mailbox()).uidvalidity or 0

        await sync.inbox.server.change_uidvalidity(sync.inbox.username, "INBOX", old + 1)
        async with sync.session() as session:
            imports._session = session
            imports.connect_anew()
            assert not await imports.step()
            await sync.look(session)
            await imports.to_the_end()

        assert len(await sync.all(Message)) == 2
        assert await sync.all(Post) == []

    async def test_that_nobody_asked_for_does_nothing(self, imports: Imports) -> None:
        assert not await imports.step()

        assert imports.importing.waits_for() is None
        with pytest.raises(NotFound):
            await imports.row()


class TestAMailThatCannotBeRead:
    async def test_is_set_aside_without_a_word_and_counted(self, imports: Imports) -> None:
        put(imports.sync.inbox, "", age_days=1, raw=b"\r\n")
        await self.begin_after_it(imports)
        await imports.ask(Window())

        await imports.to_the_end()

        assert await imports.counts() == (6, 5, 1)
        assert await imports.sync.all(Post) == []

    async def test_can_be_tried_again(self, imports: Imports) -> None:
        await self.test_is_set_aside_without_a_word_and_counted(imports)
        (placement,) = [
            one for one in await imports.sync.all(Placement) if one.state == "quarantined"
        ]

        async with imports.sync.rows() as uow:
            await process_again(uow, placement.id)
        assert (await imports.row()).state is ImportState.RUNNING
        await imports.to_the_end()

        assert await imports.counts() == (6, 5, 1)
        assert await imports.sync.all(Post) == []

    async def begin_after_it(self, imports: Imports) -> None:
        """As if we had begun to watch when it was there already."""
        async with imports.sync.rows() as uow:
            mailbox = await uow.mailboxes.named(imports.sync.syncing.account_id, "INBOX")
            mailbox.first_uid = mailbox.watermark = 7


class TestAnAnswerToHistory:
    async def test_brings_a_card_and_opens_the_conversation(self, imports: Imports) -> None:
        await imports.ask(Window(days=3650))
        await imports.to_the_end()
        answer = mail("Re: Aged-1", "2@acme.example").replace(
            b"Date:", b"In-Reply-To: <Aged-1@acme.example>\r\nDate:", 1
        )
        await imports.sync.inbox.deliver(answer)

        await imports.sync.look()

        (conversation,) = [
            one for one in await imports.sync.all(Conversation) if one.status == "open"
        ]
        assert conversation.message_count == 2
        assert await imports.sync.announced() == ["Re: Aged-1"]
