"""Nothing is missing, and it is proven: the server's UIDs against the ledger, on a real Dovecot."""

from datetime import timedelta

import pytest

from app.core.ids import MessageId
from app.mail.flags import FLAGGED
from app.mailbox import uid_windows
from app.sandbox.mail.dovecot import DovecotInbox
from app.store.models import Event, Message, Placement, PlacementState
from app.sync import reconcile
from app.sync.backfill import count, import_portion
from app.sync.folders import read_folders
from app.sync.reconcile import EVERY, Reconciler
from tests.fixtures.mailservers import log_in
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import MakeSync, Sync


async def deliver(sync: Sync, *subjects: str) -> None:
    for subject in subjects:
        await sync.inbox.deliver(mail(subject, f"{subject}@acme.example"))


async def reconcile_all(sync: Sync) -> list[str]:
    """Everything that is due, an hour later; answers the folders, in their order."""
    sync.clock.advance(hours=1.2)
    names: list[str] = []
    async with sync.session() as session:
        await read_folders(sync.syncing, session)
        reconciler = Reconciler(sync.syncing, session)
        while (folder := await reconciler.step()) is not None:
            async with sync.rows() as uow:
                names.append((await uow.mailboxes.get(folder)).name)
    return names


async def place_of(sync: Sync, subject: str) -> list[str]:
    (message,) = [one for one in await sync.all(Message) if one.subject == subject]
    async with sync.rows() as uow:
        placed = await uow.ledger.live_of_messages([MessageId(message.id)])
    return sorted(mailbox.name for _, mailbox in placed)


async def forget(sync: Sync, uid: int) -> None:
    """Lose a line of the ledger, as no code of ours ever should."""
    async with sync.rows() as uow:
        mailbox = await sync.mailbox()
        row = await uow.session.get(
            Placement, (sync.workspace.id, mailbox.id, mailbox.uidvalidity, uid)
        )
        await uow.session.delete(row)


class TestProof:
    async def test_is_there_from_the_first_look_on(
        self, make_sync: MakeSync, mail_user: DovecotInbox
    ) -> None:
        sync = await make_sync(mail_user)
        await deliver(sync, "Old one", "Old two")

        await sync.look()

        mailbox = await sync.mailbox()
        assert (mailbox.uids_on_server, mailbox.older, mailbox.missing) == (2, 2, 0)
        assert mailbox.last_reconciled_at == sync.clock.now()

    async def test_counts_what_is_ours_and_what_is_older(
        self, make_sync: MakeSync, mail_user: DovecotInbox
    ) -> None:
        sync = await make_sync(mail_user)
        await deliver(sync, "Old one", "Old two")
        await sync.look()
        await deliver(sync, "First", "Second", "Third")
        await sync.look()

        assert await reconcile_all(sync) == ["INBOX"]

        mailbox = await sync.mailbox()
        assert (mailbox.uids_on_server, mailbox.older, mailbox.missing) == (5, 2, 0)
        assert mailbox.last_reconciled_at == sync.clock.now()

    async def test_of_an_import_leaves_nothing_older(
        self, make_sync: MakeSync, mail_user: DovecotInbox
    ) -> None:
        sync = await make_sync(mail_user)
        await deliver(sync, "Old one", "Old two")
        await sync.look()
        async with sync.session() as session:
            history = await count(sync.syncing, session, (await sync.mailbox()).id, since=None)
            assert history is not None
            await import_portion(sync.syncing, session, history)

        await reconcile_all(sync)

        mailbox = await sync.mailbox()
        assert (mailbox.uids_on_server, mailbox.older, mailbox.missing) == (2, 0, 0)

    async def test_is_repeated_about_every_hour(self, sync: Sync) -> None:
        assert await reconcile_all(sync) == ["INBOX"]
        due = (await sync.mailbox()).next_reconcile_at

        assert due is not None
        assert timedelta(minutes=50) < due - sync.clock.now() < timedelta(minutes=70)
        assert timedelta(hours=1) == EVERY

    @pytest.mark.parametrize("equal", [pytest.param(20, id="equal"), pytest.param(0, id="counted")])
    async def test_does_not_depend_on_how_it_is_cut_into_windows(
        self, sync: Sync, monkeypatch: pytest.MonkeyPatch, equal: int
    ) -> None:
        monkeypatch.setattr(uid_windows, "_EQUAL_WINDOWS", equal)
        await deliver(sync, *(f"Mail {number}" for number in range(7)))
        await sync.look()
        await forget(sync, 4)
        monkeypatch.setattr(uid_windows, "UIDS_A_SEARCH", 2)

        await reconcile_all(sync)

        mailbox = await sync.mailbox()
        assert (mailbox.uids_on_server, mailbox.missing, mailbox.watermark) == (7, 1, 4)

    async def test_of_a_large_folder_goes_on_between_other_work(
        self, sync: Sync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(uid_windows, "UIDS_A_SEARCH", 2)
        monkeypatch.setattr(reconcile, "WINDOWS_A_STEP", 1)
        await deliver(sync, *(f"Mail {number}" for number in range(6)))
        await sync.look()
        await forget(sync, 5)
        sync.clock.advance(hours=1.2)

        async with sync.session() as session:
            reconciler = Reconciler(sync.syncing, session)
            await reconciler.step()
            await deliver(sync, "Meanwhile")
            await sync.look(session)
            begun = await sync.mailbox()
            steps = 1
            while await reconciler.step() is not None:
                steps += 1

        mailbox = await sync.mailbox()
        assert begun.last_reconciled_at != mailbox.last_reconciled_at
        assert steps == 3
        assert (mailbox.missing, mailbox.watermark) == (1, 5)

    async def test_begins_anew_where_the_uids_changed_in_between(
        self, sync: Sync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(uid_windows, "UIDS_A_SEARCH", 2)
        monkeypatch.setattr(reconcile, "WINDOWS_A_STEP", 1)
        await deliver(sync, *(f"Mail {number}" for number in range(4)))
        await sync.look()
        await forget(sync, 1)
        sync.clock.advance(hours=1.2)

        async with sync.session() as session:
            reconciler = Reconciler(sync.syncing, session)
            await reconciler.step()
            old = (await sync.mailbox()).uidvalidity or 0
            inbox = sync.inbox
            await inbox.server.change_uidvalidity(inbox.username, "INBOX", old + 1)
            await sync.look()
            while await reconciler.step() is not None:
                pass

        mailbox = await sync.mailbox()
        assert (mailbox.uidvalidity, mailbox.missing, mailbox.watermark) == (old + 1, 0, 5)


class TestMissing:
    async def test_mail_is_fetched_and_announced(self, sync: Sync) -> None:
        await deliver(sync, "First", "Second", "Third")
        async with sync.session() as session:
            await sync.look(session)
        async with sync.rows() as uow:
            (message,) = [one for one in await sync.all(Message) if one.subject == "Second"]
            await uow.session.delete(await uow.messages.get(MessageId(message.id)))
        assert await sync.ledger() == {1: "stored", 3: "stored"}

        await reconcile_all(sync)
        found = await sync.mailbox()
        await sync.look()

        assert (found.missing, found.watermark) == (1, 2)
        assert await sync.announced() == ["First", "Third", "Second"]
        assert await sync.ledger() == {1: "stored", 2: "stored", 3: "stored"}
        settled = await sync.mailbox()
        assert (settled.missing, settled.watermark) == (0, 4)
        (event,) = [one for one in await sync.all(Event) if one.type == "mailbox.mail_missing"]
        assert event.data["count"] == 1

    async def test_mail_that_could_not_be_fetched_at_first_is_tried_again(self, sync: Sync) -> None:
        """The server listed it, did not hand it over, and has it after all."""
        await deliver(sync, "First", "Second")
        await sync.look()
        async with sync.rows() as uow:
            (message,) = [one for one in await sync.all(Message) if one.subject == "Second"]
            await uow.session.delete(await uow.messages.get(MessageId(message.id)))
            mailbox = await sync.mailbox()
            row = Placement(
                workspace_id=sync.workspace.id,
                mailbox_id=mailbox.id,
                uidvalidity=mailbox.uidvalidity or 0,
                uid=2,
                state=PlacementState.VANISHED,
                attempts=3,
            )
            await uow.session.flush()
            uow.session.add(row)

        await reconcile_all(sync)
        await sync.look()

        assert await sync.ledger() == {1: "stored", 2: "stored"}
        assert await sync.announced() == ["First", "Second"]

    async def test_new_mail_is_not_called_lost(self, sync: Sync) -> None:
        await deliver(sync, "First")

        await reconcile_all(sync)

        assert [one for one in await sync.all(Event) if one.type == "mailbox.mail_missing"] == []
        await sync.look()
        assert await sync.announced() == ["First"]


class TestGone:
    async def test_mail_that_is_there_after_all_is_there_again(self, sync: Sync) -> None:
        await deliver(sync, "First")
        await sync.look()
        async with sync.rows() as uow:
            mailbox = await sync.mailbox()
            await uow.live.leave(mailbox.id, mailbox.uidvalidity or 0, [1])
        assert await place_of(sync, "First") == []

        await reconcile_all(sync)

        assert await place_of(sync, "First") == ["INBOX"]
        assert await sync.announced() == ["First"]

    async def test_old_mail_that_left_is_noticed_and_followed(
        self, sync: Sync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Below the newest that every look compares."""
        monkeypatch.setattr("app.sync.follow.NEWEST", 2)
        monkeypatch.setattr("app.sync.follow.GLANCE", 2)
        await deliver(sync, "First", "Second", "Third")
        await sync.look()
        sync.clock.advance(minutes=6)
        with log_in(sync.inbox) as client:
            client.select("INBOX")
            client.uid("MOVE", "1", "Archive")
        await sync.look()
        before = await place_of(sync, "First")
        due = (await sync.mailbox()).next_reconcile_at

        await reconcile_all(sync)

        assert (before, due) == (["INBOX"], None)
        assert await place_of(sync, "First") == ["Archive"]

    async def test_mail_in_a_folder_nobody_watches_is_visited(self, sync: Sync) -> None:
        await deliver(sync, "First", "Second")
        await sync.look()
        with log_in(sync.inbox) as client:
            client.select("INBOX")
            client.uid("MOVE", "1:2", "Archive")
        await sync.look()
        with log_in(sync.inbox) as client:
            client.select("Archive")
            client.uid("MOVE", "1", "Trash")
            client.uid("STORE", "2", "+FLAGS", "(\\Deleted)")
            client.expunge()

        assert await reconcile_all(sync) == ["Archive", "Trash", "INBOX"]

        assert await place_of(sync, "First") == ["Trash"]
        assert await place_of(sync, "Second") == []
        assert set(await reconcile_all(sync)) == {"INBOX", "Trash"}

    async def test_mail_in_a_folder_of_new_uids_is_found_again(self, sync: Sync) -> None:
        await deliver(sync, "First")
        await sync.look()
        with log_in(sync.inbox) as client:
            client.select("INBOX")
            client.uid("MOVE", "1", "Archive")
        await sync.look()
        before = (await sync.mailbox("Archive")).uidvalidity or 0
        await sync.inbox.server.change_uidvalidity(sync.inbox.username, "Archive", before + 7)

        await reconcile_all(sync)

        assert await place_of(sync, "First") == ["Archive"]
        assert (await sync.mailbox("Archive")).uidvalidity == before + 7


class TestFlags:
    async def test_of_every_mail_are_compared_where_the_server_keeps_no_modseq(
        self,
        make_sync: MakeSync,
        plain_user: DovecotInbox,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("app.sync.follow.GLANCE", 1)
        monkeypatch.setattr(reconcile, "_FLAGS_A_STEP", 2)
        sync = await make_sync(plain_user)
        await sync.look()
        await deliver(sync, *(f"Mail {number}" for number in range(5)))
        await sync.look()
        with log_in(plain_user) as client:
            client.select("INBOX")
            client.uid("STORE", "1,3", "+FLAGS", "(\\Flagged)")
        await sync.look()
        before = [one.uid for one in await sync.all(Placement) if FLAGGED in one.flags]

        steps = await reconcile_all(sync)

        assert before == []
        assert steps == ["INBOX"] * 5
        assert [one.uid for one in await sync.all(Placement) if FLAGGED in one.flags] == [1, 3]
