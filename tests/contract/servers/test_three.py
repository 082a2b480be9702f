"""The same promises on three different servers: Dovecot, Cyrus and Courier.

They differ where it hurts: Courier has neither MOVE nor special use nor CONDSTORE and keeps all
folders below INBOX, Cyrus tells special use only when asked, each counts UIDVALIDITY its own way.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.commands.enqueue import enqueue_for_conversation
from app.commands.types import Archive, Delete, Flag, MailIntent, Unflag
from app.commands.undo import undo
from app.core.access import system
from app.core.clock import SystemClock
from app.core.ids import CommandId
from app.mailbox.port import MailSession, Role
from app.store.models import Conversation, Message, Placement
from app.store.notify import Waker
from app.sync.folders import read_folders
from app.sync.poll import catch_up
from tests.fixtures.mailservers import log_in, mails
from tests.fixtures.sessions import mail, make_servers, spec_of
from tests.fixtures.syncing import MakeSync, Sync
from tests.fixtures.three_servers import AnyInbox

NAME, ENCODED = "Größe", "Gr&APYA3w-e"


@pytest.fixture
async def sync(make_sync: MakeSync, any_inbox: AnyInbox) -> Sync:
    """An account that watches INBOX, a folder with a name beyond ASCII, and Sent."""
    with log_in(any_inbox) as client:
        client.create(any_inbox.prefix + ENCODED)
    folders = ["INBOX", any_inbox.prefix + NAME]
    sync = await make_sync(any_inbox, folders=folders)
    sync.clock.set(SystemClock().now())
    await look(sync)
    return sync


@asynccontextmanager
async def session_with(inbox: AnyInbox) -> AsyncIterator[MailSession]:
    async with make_servers(inbox.ca_file) as servers, servers.open(spec_of(inbox)) as session:
        yield session


async def look(sync: Sync) -> None:
    async with sync.session() as session:
        for folder in await read_folders(sync.syncing, session):
            await catch_up(sync.syncing, session, folder)


async def arrived(sync: Sync, subject: str = "Question") -> Conversation:
    await sync.inbox.deliver(mail(subject, f"{subject}@acme.example"))
    await look(sync)
    found: list[Conversation] = await sync.all(Conversation)
    return found[0]


async def carry_out(sync: Sync, conversation: Conversation, intent: MailIntent) -> CommandId:
    async with sync.rows() as uow:
        actor = system(sync.workspace.id)
        id_ = (await enqueue_for_conversation(uow, actor, conversation.id, intent)).id
    await sync.run_commands()
    return id_


async def take_back(sync: Sync, command_id: CommandId) -> None:
    async with sync.rows() as uow:
        await undo(uow, system(sync.workspace.id), command_id, now=sync.clock.now())
    await sync.run_commands()


async def state(sync: Sync, command_id: CommandId) -> tuple[str, str]:
    async with sync.rows() as uow:
        command = await uow.commands.get(command_id)
        return command.state, command.detail


def flags(inbox: AnyInbox) -> str:
    with log_in(inbox) as client:
        client.select("INBOX", readonly=True)
        return str(client.fetch("1:*", "(FLAGS)"))


class TestAServer:
    async def test_is_known_by_its_words(self, any_inbox: AnyInbox) -> None:
        async with session_with(any_inbox) as session:
            assert session.provider.key in any_inbox.name.lower()

    async def test_tells_what_its_folders_are_for_or_their_names_do(
        self, any_inbox: AnyInbox
    ) -> None:
        async with session_with(any_inbox) as session:
            roles = {one.role: one.name for one in await session.folders()}

        assert roles[Role.INBOX] == "INBOX"
        for role, name in [(Role.SENT, "Sent"), (Role.DRAFTS, "Drafts"), (Role.TRASH, "Trash")]:
            assert roles[role] == any_inbox.prefix + name

    async def test_wakes_us_or_is_asked(self, any_inbox: AnyInbox) -> None:
        """IDLE comes to an end in order, whether the server spoke or not."""
        async with session_with(any_inbox) as session:
            await session.examine("INBOX")
            await any_inbox.deliver(mail("Hello", "1@acme.example"))
            await session.idle(Waker(), 1.5)

            assert await session.uids_from(1, uidnext=None) == [1]

    async def test_takes_a_glance_in_one_write(self, any_inbox: AnyInbox) -> None:
        sent = f"{any_inbox.prefix}Sent"
        async with session_with(any_inbox) as session:
            assert session.provider.facts.takes_commands_ahead
            await session.select(sent)  # Courier numbers it for good only then
            inbox, peeked = await session.examine("INBOX"), await session.status(sent)
            await session.idle(Waker(), 0.05)

            assert await session.unchanged([peeked], inbox) == 2
            assert await session.unchanged([peeked], inbox) == 2
            await any_inbox.save(sent, mail("Sent", "1@acme.example"))
            assert await session.unchanged([peeked], inbox) == 0
            await any_inbox.deliver(mail("Hello", "2@acme.example"))
            assert await session.unchanged([await session.status(sent)], inbox) == 1

            assert (await session.examine("INBOX")).exists == 1


class TestSync:
    async def test_brings_in_what_is_new_once_in_order(self, sync: Sync) -> None:
        for n in range(3):
            await sync.inbox.deliver(mail(f"Mail {n}", f"{n}@acme.example"))
        await look(sync)
        await look(sync)

        assert await sync.announced() == ["Mail 0", "Mail 1", "Mail 2"]
        assert await sync.ledger() == {1: "stored", 2: "stored", 3: "stored"}
        assert "\\Seen" not in flags(sync.inbox)

    async def test_watches_a_folder_whatever_its_name(self, sync: Sync) -> None:
        await sync.inbox.save(sync.inbox.prefix + NAME, mail("In there", "1@acme.example"))

        await look(sync)

        assert await sync.announced() == ["In there"]

    async def test_sees_what_another_client_did(self, sync: Sync) -> None:
        await arrived(sync, "Question")
        await sync.inbox.deliver(mail("Other", "2@acme.example"))
        await look(sync)
        with log_in(sync.inbox) as client:
            client.select("INBOX")
            client.store("1", "+FLAGS", "\\Flagged")
            client.store("2", "+FLAGS", "\\Deleted")
            client.expunge()

        await look(sync)

        first, second = sorted(await sync.all(Placement), key=lambda one: one.uid)
        assert "\\Flagged" in first.flags
        assert second.gone_at is not None

    async def test_joins_what_a_colleague_sent(self, sync: Sync) -> None:
        await arrived(sync, "Question")
        answer = mail("Re: Question", "answer@example.com").decode()
        answer = answer.replace("To: support@example.com", "To: ana@acme.example")
        answer = answer.replace("Date:", "In-Reply-To: <Question@acme.example>\r\nDate:", 1)
        await sync.inbox.save(f"{sync.inbox.prefix}Sent", answer.encode())

        await look(sync)

        (conversation,) = await sync.all(Conversation)
        assert (conversation.message_count, conversation.waiting_since) == (2, None)

    async def test_of_a_renamed_folder_goes_on(self, sync: Sync) -> None:
        prefix = sync.inbox.prefix
        await sync.inbox.save(prefix + NAME, mail("Before", "1@acme.example"))
        await look(sync)
        with log_in(sync.inbox) as client:
            client.rename(prefix + ENCODED, f"{prefix}Sizes")
        await sync.inbox.save(f"{prefix}Sizes", mail("After", "2@acme.example"))

        await look(sync)

        assert await sync.announced() == ["Before", "After"]
        async with sync.rows() as uow:
            account = await uow.accounts.get(sync.syncing.account_id)
        assert account.folders == ["INBOX", f"{prefix}Sizes"]

    async def test_of_a_folder_made_anew_posts_only_what_is_new(self, sync: Sync) -> None:
        folder, encoded = sync.inbox.prefix + NAME, sync.inbox.prefix + ENCODED
        known = mail("Known", "1@acme.example")
        await sync.inbox.save(folder, known)
        await look(sync)
        with log_in(sync.inbox) as client:
            client.delete(encoded)
        await look(sync)
        with log_in(sync.inbox) as client:
            client.create(encoded)
        await sync.inbox.save(folder, known)
        await sync.inbox.save(folder, mail("New", "2@acme.example"))

        await look(sync)

        assert await sync.announced() == ["Known", "New"]
        assert len(await sync.all(Message)) == 2


class TestCommands:
    async def test_archive_and_back(self, sync: Sync) -> None:
        conversation = await arrived(sync)
        archive = f"{sync.inbox.prefix}Archive"

        command_id = await carry_out(sync, conversation, Archive())
        assert await state(sync, command_id) == ("done", "")
        assert (len(mails(sync.inbox)), len(mails(sync.inbox, archive))) == (0, 1)
        await look(sync)
        await take_back(sync, command_id)

        assert await state(sync, command_id) == ("undone", "")
        assert (len(mails(sync.inbox)), len(mails(sync.inbox, archive))) == (1, 0)
        await look(sync)
        assert await sync.announced() == ["Question"]

    async def test_delete_moves_to_trash(self, sync: Sync) -> None:
        command_id = await carry_out(sync, await arrived(sync), Delete())

        assert await state(sync, command_id) == ("done", "")
        assert len(mails(sync.inbox, f"{sync.inbox.prefix}Trash")) == 1

    async def test_flag_and_unflag(self, sync: Sync) -> None:
        conversation = await arrived(sync)

        await carry_out(sync, conversation, Flag())
        assert "\\Flagged" in flags(sync.inbox)
        await carry_out(sync, conversation, Unflag())
        assert "\\Flagged" not in flags(sync.inbox)

    async def test_of_a_mail_that_is_gone_says_so(self, sync: Sync) -> None:
        conversation = await arrived(sync)
        with log_in(sync.inbox) as client:
            client.select("INBOX")
            client.store("1", "+FLAGS", "\\Deleted")
            client.expunge()

        command_id = await carry_out(sync, conversation, Archive())

        assert await state(sync, command_id) == ("failed", "The mail is no longer on the server.")
