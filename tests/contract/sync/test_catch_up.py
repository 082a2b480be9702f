"""What a look brings in, on a real Dovecot: nothing missing and nothing twice."""

from datetime import timedelta

import pytest

from app.accounts.pausing import pause, resume
from app.core.clock import SystemClock
from app.mailbox.errors import FolderMissing
from app.sandbox.mail.dovecot import DovecotInbox
from app.store.models import Attachment, Conversation, Message, Placement, Post, PostKind
from app.store.repositories.accounts import OwnershipLost
from app.sync.plan import Kind
from app.sync.poll import catch_up
from tests.fixtures.clock import ManualClock
from tests.fixtures.mailservers import log_in, mails
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import MakeSync, Sync


async def deliver(sync: Sync, *subjects: str) -> None:
    for subject in subjects:
        await sync.inbox.deliver(mail(subject, f"{subject.replace(' ', '.')}@acme.example"))


class TestFirstLook:
    async def test_begins_at_uidnext(self, make_sync: MakeSync, mail_user: DovecotInbox) -> None:
        sync = await make_sync(mail_user)
        await deliver(sync, "Old one", "Old two")

        look = await sync.look()

        assert look.kind is Kind.BEGIN
        mailbox = await sync.mailbox()
        assert (mailbox.watermark, mailbox.first_uid, mailbox.missing) == (3, 3, 0)
        assert await sync.all(Placement) == []

    async def test_knows_the_folders_and_what_they_are_for(self, sync: Sync) -> None:
        async with sync.rows() as uow:
            folders = await uow.mailboxes.of_account(sync.syncing.account_id)

        assert {one.role for one in folders} >= {"inbox", "archive", "trash", "junk", "sent"}
        assert [one.name for one in folders if one.watched] == ["INBOX", "Sent"]

    async def test_of_a_folder_that_is_not_there_says_so(
        self, make_sync: MakeSync, mail_user: DovecotInbox
    ) -> None:
        sync = await make_sync(mail_user)
        await sync.look()
        async with sync.rows() as uow:
            gone = await uow.mailboxes.named(sync.syncing.account_id, "Nowhere")

        async with sync.session() as session:
            with pytest.raises(FolderMissing):
                await catch_up(sync.syncing, session, gone.id)


class TestLook:
    async def test_brings_in_what_is_new_in_order(self, sync: Sync) -> None:
        await deliver(sync, "First", "Second")

        look = await sync.look()

        assert (look.kind, look.found) == (Kind.LOOK, 2)
        assert await sync.announced() == ["First", "Second"]
        assert await sync.ledger() == {1: "stored", 2: "stored"}
        assert (await sync.mailbox()).watermark == 3

    async def test_keeps_the_exact_bytes(self, sync: Sync) -> None:
        await deliver(sync, "First")
        await sync.look()

        (message,) = await sync.all(Message)

        assert await sync.syncing.blobs.get(message.raw_sha256) == mails(sync.inbox)[0]

    async def test_that_finds_nothing_writes_nothing(self, sync: Sync) -> None:
        await deliver(sync, "First")
        async with sync.session() as session:
            await sync.look(session)
            before = await sync.mailbox()
            look = await sync.look(session)

        assert look.kind is Kind.NOTHING
        assert (await sync.mailbox()) == before
        assert await sync.announced() == ["First"]

    async def test_a_hole_in_the_uids_is_normal(self, sync: Sync) -> None:
        await deliver(sync, "First", "Second", "Third")
        with log_in(sync.inbox) as client:
            client.select("INBOX")
            client.store("2", "+FLAGS", "\\Deleted")
            client.expunge()

        await sync.look()

        assert await sync.ledger() == {1: "stored", 3: "stored"}
        assert (await sync.mailbox()).watermark == 4

    async def test_a_mail_that_others_read_is_not_overlooked(self, sync: Sync) -> None:
        await deliver(sync, "First")
        with log_in(sync.inbox) as client:
            client.select("INBOX")
            client.fetch("1", "(BODY[])")

        await sync.look()

        assert await sync.announced() == ["First"]

    async def test_leaves_mail_unread(self, sync: Sync) -> None:
        await deliver(sync, "First")

        await sync.look()

        with log_in(sync.inbox) as client:
            client.select("INBOX", readonly=True)
            assert "\\Seen" not in str(client.fetch("1", "(FLAGS)"))

    async def test_by_a_worker_that_lost_the_account_writes_nothing(self, sync: Sync) -> None:
        await deliver(sync, "First")
        async with sync.workspace.store.across_workspaces() as fleet:
            (ref,) = await fleet.accounts()
            await fleet.raise_fences([ref])

        with pytest.raises(OwnershipLost):
            await sync.look()

        assert await sync.all(Message) == []
        assert (await sync.mailbox()).watermark == 1

    async def test_the_same_bytes_twice_are_one_message(self, sync: Sync) -> None:
        for _ in range(2):
            await sync.inbox.server.save(sync.inbox.username, "INBOX", mail("Twin", "t@x.example"))

        await sync.look()

        assert await sync.announced() == ["Twin"]
        assert await sync.ledger() == {1: "stored", 2: "stored"}

    async def test_two_mails_of_one_message_id_are_two(self, sync: Sync) -> None:
        for body in ("One.", "Another."):
            await sync.inbox.deliver(mail("Same", "same@acme.example", body))

        await sync.look()

        assert len(await sync.all(Message)) == 2
        assert len(await sync.announced()) == 2

    async def test_a_mail_without_a_message_id_is_brought_in(self, sync: Sync) -> None:
        raw = mail("Nameless")
        await sync.inbox.server.save(sync.inbox.username, "INBOX", raw)

        await sync.look()

        (message,) = await sync.all(Message)
        assert message.internet_message_id is None
        assert await sync.announced() == ["Nameless"]

    async def test_answers_join_their_conversation_in_any_order(self, sync: Sync) -> None:
        answer = mail("Re: Question", "2@acme.example").replace(
            b"Date:", b"References: <1@acme.example>\r\nDate:", 1
        )
        await sync.inbox.deliver(answer)
        await sync.inbox.deliver(mail("Question", "1@acme.example"))

        await sync.look()

        (conversation,) = await sync.all(Conversation)
        assert conversation.message_count == 2
        kinds = sorted(post.kind for post in await sync.all(Post))
        assert kinds == [PostKind.CARD, PostKind.MAIL]

    async def test_attachments_are_listed_and_can_be_cut_out(self, sync: Sync) -> None:
        raw = (
            b"From: ana@acme.example\r\nSubject: Files\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: multipart/mixed; boundary=cut\r\n\r\n"
            b"--cut\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n"
            b"--cut\r\nContent-Type: application/pdf; name=a.pdf\r\n"
            b"Content-Disposition: attachment; filename=a.pdf\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--cut--\r\n"
        )
        await sync.inbox.deliver(raw)

        await sync.look()

        (file,) = await sync.all(Attachment)
        assert (file.filename, file.content_type, file.size) == ("a.pdf", "application/pdf", 9)


class TestAPause:
    async def test_ends_a_look_before_its_next_portion_and_nothing_is_lost(
        self, sync: Sync, clock: ManualClock
    ) -> None:
        await deliver(sync, "First", "Second")
        async with sync.rows() as uow:
            await pause(uow, sync.syncing.account_id, by="Ana", now=clock.now())

        with pytest.raises(OwnershipLost):
            await sync.look()
        assert await sync.announced() == []

        async with sync.rows() as uow:
            await resume(uow, sync.syncing.account_id, by="Ana", now=clock.now())
        await sync.look()
        assert await sync.announced() == ["First", "Second"]
        assert await sync.ledger() == {1: "stored", 2: "stored"}


class TestQuarantine:
    async def test_of_a_mail_with_nothing_in_it_while_the_rest_goes_on(self, sync: Sync) -> None:
        await deliver(sync, "First")
        await sync.inbox.server.save(sync.inbox.username, "INBOX", b"\r\n")
        await deliver(sync, "Third")

        await sync.look()

        assert await sync.ledger() == {1: "stored", 2: "quarantined", 3: "stored"}
        mailbox = await sync.mailbox()
        assert (mailbox.watermark, mailbox.missing) == (4, 0)
        (placement,) = [one for one in await sync.all(Placement) if one.state == "quarantined"]
        assert placement.reason
        assert await sync.syncing.blobs.get(placement.raw_sha256) == b"\r\n"
        kinds = {post.kind for post in await sync.all(Post) if post.placement_id == placement.id}
        assert kinds == {PostKind.QUARANTINE, PostKind.FILE}

    async def test_of_a_mail_that_is_too_large(
        self, make_sync: MakeSync, mail_user: DovecotInbox
    ) -> None:
        sync = await make_sync(mail_user, largest_mail=5000)
        await sync.look()
        await mail_user.deliver(mail("Huge", "huge@acme.example", "x" * 900 + "\r\n" + "y" * 6000))
        await deliver(sync, "Small")

        await sync.look()

        assert await sync.ledger() == {1: "quarantined", 2: "stored"}
        (placement,) = [one for one in await sync.all(Placement) if one.state == "quarantined"]
        assert "SHAREDBOX_MAX_MAIL_BYTES" in placement.reason


class TestReset:
    """The server gives the folder new UIDs."""

    async def test_keeps_what_is_known_and_brings_in_the_gap(self, sync: Sync) -> None:
        sync.clock.set(SystemClock().now())
        async with sync.rows() as uow:
            (await uow.mailboxes.get((await sync.mailbox()).id)).started_at = sync.clock.now()
        await deliver(sync, "First", "Second")
        await sync.look()
        await deliver(sync, "In the gap")
        inbox = sync.inbox
        old = (await sync.mailbox()).uidvalidity or 0

        await inbox.server.change_uidvalidity(inbox.username, "INBOX", old + 1)
        look = await sync.look()

        assert (look.kind, look.found) == (Kind.RESET, 1)
        assert await sync.announced() == ["First", "Second", "In the gap"]
        assert set((await sync.ledger()).values()) == {"stored"}
        assert len(await sync.all(Message)) == 3
        mailbox = await sync.mailbox()
        assert (mailbox.uidvalidity, mailbox.missing) == (old + 1, 0)

    async def test_to_a_lower_uidvalidity_counts_as_well(self, sync: Sync) -> None:
        await deliver(sync, "First")
        await sync.look()
        inbox = sync.inbox
        old = (await sync.mailbox()).uidvalidity or 0

        await inbox.server.change_uidvalidity(inbox.username, "INBOX", old - 5)
        await sync.look()

        assert await sync.announced() == ["First"]
        assert (await sync.mailbox()).uidvalidity == old - 5

    async def test_and_back_again(self, sync: Sync) -> None:
        await deliver(sync, "First")
        await sync.look()
        inbox = sync.inbox
        old = (await sync.mailbox()).uidvalidity or 0

        for uidvalidity in (old + 1, old):
            await inbox.server.change_uidvalidity(inbox.username, "INBOX", uidvalidity)
            await sync.look()
        await deliver(sync, "Afterwards")
        await sync.look()

        assert await sync.announced() == ["First", "Afterwards"]
        assert set((await sync.ledger()).values()) == {"stored"}

    async def test_does_not_announce_what_was_there_before_us(
        self, make_sync: MakeSync, mail_user: DovecotInbox
    ) -> None:
        sync = await make_sync(mail_user)
        await deliver(sync, "Ancient")
        sync.clock.set(SystemClock().now() + timedelta(hours=1))
        await sync.look()
        old = (await sync.mailbox()).uidvalidity or 0

        await mail_user.server.change_uidvalidity(mail_user.username, "INBOX", old + 1)
        await sync.look()

        assert await sync.announced() == []
        assert set((await sync.ledger()).values()) == {"skipped"}
