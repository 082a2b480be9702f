"""Our own mail in a real mailbox: one copy in Sent, and the mark on what it answers."""

from typing import Any

import pytest

from app.commands.settle import MOST_ATTEMPTS
from app.core.access import Origin
from app.core.ids import MessageId, OutgoingId, new_id
from app.sandbox.mail.dovecot import DovecotInbox
from app.sending.filing import file_copy, look_in_sent
from app.store.models import (
    Account,
    Command,
    CommandState,
    CommandType,
    Filing,
    Message,
    Outgoing,
    OutgoingMode,
    OutgoingState,
    Placement,
)
from tests import factories
from tests.fixtures.mailservers import StartDovecot, log_in, mails
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import MakeSync, Sync

NO_ROOM = """
protocol imap {
  mail_plugins = $mail_plugins quota
}
plugin {
  quota = count:User quota
  quota_vsizes = yes
  quota_rule = *:bytes=1
}
"""
RAW = mail("Re: Hello", "ours@example.com", "Hello back. " * 40)


async def answered(sync: Sync, *, mode: OutgoingMode = OutgoingMode.REPLY) -> Outgoing:
    """A mail came in, was answered, and the answer is to be filed."""
    await sync.inbox.deliver(mail("Hello", "theirs@acme.example"))
    await sync.look()
    (message,) = await sync.all(Message)
    digest = await sync.syncing.blobs.put(RAW)
    async with sync.rows() as uow:
        now = await uow.outgoing.time()
        outgoing = Outgoing(
            workspace_id=sync.workspace.id,
            id=OutgoingId(new_id()),
            account_id=sync.syncing.account_id,
            conversation_id=message.conversation_id,
            mode=mode,
            answers_id=MessageId(message.id),
            message_id=MessageId(message.id),
            origin=Origin.API,
            from_address=sync.inbox.username,
            internet_message_id="ours@example.com",
            raw_sha256=digest,
            size=len(RAW),
            state=OutgoingState.SENT,
            due_at=now,
            sent_at=now,
        )
        await uow.outgoing.add(outgoing, [])
        await file_copy(uow, await uow.accounts.get(outgoing.account_id), outgoing)
        return outgoing


async def row(sync: Sync, outgoing: Outgoing) -> Outgoing:
    async with sync.rows() as uow:
        return await uow.outgoing.get(outgoing.id)


def flags(inbox: DovecotInbox, folder: str = "INBOX") -> str:
    with log_in(inbox) as client:
        client.select(folder, readonly=True)
        return str(client.fetch("1", "(FLAGS)")[1])


class TestFiling:
    async def test_puts_one_seen_copy_into_sent_and_marks_the_original(self, sync: Sync) -> None:
        outgoing = await answered(sync)

        await sync.run_commands()

        assert mails(sync.inbox, "Sent") == [RAW]
        assert "\\Seen" in flags(sync.inbox, "Sent")
        assert "\\Answered" in flags(sync.inbox)
        assert (await row(sync, outgoing)).filing is Filing.DONE
        sent = await sync.mailbox("Sent")
        (copy,) = [one for one in await sync.all(Placement) if one.mailbox_id == sent.id]
        assert (copy.uid, copy.message_id) == (1, outgoing.message_id)

    async def test_twice_leaves_one_copy(self, sync: Sync) -> None:
        outgoing = await answered(sync)
        await sync.run_commands()
        async with sync.rows() as uow:
            account = await uow.accounts.get(outgoing.account_id)
            await file_copy(uow, account, await uow.outgoing.lock(outgoing.id))
        await sync.run_commands()

        assert mails(sync.inbox, "Sent") == [RAW]

    async def test_a_copy_somebody_else_filed_will_do(self, sync: Sync) -> None:
        outgoing = await answered(sync)
        theirs = b"X-Added: by the provider\r\n" + RAW
        await sync.inbox.server.save(sync.inbox.username, "Sent", theirs)

        await sync.run_commands()

        assert mails(sync.inbox, "Sent") == [theirs]
        assert (await row(sync, outgoing)).filing is Filing.DONE

    async def test_a_forward_has_a_mark_of_its_own(self, sync: Sync) -> None:
        await answered(sync, mode=OutgoingMode.FORWARD)

        await sync.run_commands()

        assert "$Forwarded" in flags(sync.inbox)

    async def test_where_the_provider_files_only_the_mark_is_set(self, sync: Sync) -> None:
        async with sync.rows() as uow:
            (await uow.accounts.get(sync.syncing.account_id)).smtp_host = "smtp.gmail.com"
        outgoing = await answered(sync)

        await sync.run_commands()

        assert (await row(sync, outgoing)).filing is Filing.BY_PROVIDER
        assert mails(sync.inbox, "Sent") == []
        assert "\\Answered" in flags(sync.inbox)

    async def test_an_original_that_is_gone_does_not_matter(self, sync: Sync) -> None:
        outgoing = await answered(sync)
        with log_in(sync.inbox) as client:
            client.select("INBOX")
            client.store("1", "+FLAGS", "\\Deleted")
            client.expunge()

        await sync.run_commands()

        (command,) = await sync.all(Command)
        assert command.state is CommandState.DONE
        assert (await row(sync, outgoing)).filing is Filing.DONE

    async def test_a_sent_folder_is_made_where_there_is_none(
        self, start_dovecot: StartDovecot, make_sync: MakeSync
    ) -> None:
        server = await start_dovecot(folders={})
        sync = await make_sync(server.add_user("ann@example.com", "pw"))
        await sync.look()
        await answered(sync)

        await sync.run_commands()

        assert mails(sync.inbox, "Sent") == [RAW]

    async def test_that_is_refused_every_time_is_said(
        self, start_dovecot: StartDovecot, make_sync: MakeSync
    ) -> None:
        server = await start_dovecot(extra_config=NO_ROOM)
        sync = await make_sync(server.add_user("ann@example.com", "pw"))
        await sync.look()
        outgoing = await answered(sync)
        for _ in range(MOST_ATTEMPTS):
            await sync.run_commands()
            sync.clock.advance(hours=1)

        (command,) = await sync.all(Command)
        assert command.state is CommandState.FAILED
        assert "Quota" in command.detail
        assert (await row(sync, outgoing)).filing is Filing.FAILED


class TestLooking:
    @pytest.mark.parametrize("is_there", [True, False])
    async def test_writes_down_what_it_saw(self, sync: Sync, is_there: bool) -> None:
        outgoing = await looked_for(sync, OutgoingState.UNKNOWN, is_there=is_there)

        assert outgoing.seen_in_sent is is_there
        kinds = [one.type for one in await sync.all(Command)]
        assert CommandType.FIND_SENT in kinds

    @pytest.mark.parametrize(
        "decided",
        [
            OutgoingState.CANCELLED,
            OutgoingState.UNKNOWN,
            OutgoingState.QUEUED,
            OutgoingState.SENDING,
            OutgoingState.FAILED,
        ],
    )
    async def test_that_finds_it_is_truer_than_what_was_decided_before(
        self, sync: Sync, decided: OutgoingState
    ) -> None:
        outgoing = await looked_for(sync, decided, is_there=True)

        assert outgoing.state is OutgoingState.UNKNOWN
        assert (outgoing.seen_in_sent, outgoing.settled_at) == (True, None)

    async def test_that_finds_it_says_nothing_of_one_past_the_dot(self, sync: Sync) -> None:
        outgoing = await looked_for(sync, OutgoingState.SENDING, is_there=True, past_the_dot=True)

        assert outgoing.state is OutgoingState.SENDING

    async def test_that_finds_it_says_nothing_of_those_who_wait_still(self, sync: Sync) -> None:
        outgoing = await looked_for(
            sync, OutgoingState.QUEUED, is_there=True, sent_at=factories.MOMENT
        )

        assert outgoing.state is OutgoingState.QUEUED

    async def test_that_finds_what_was_dropped_puts_it_right(self, sync: Sync) -> None:
        outgoing = await looked_for(sync, OutgoingState.CANCELLED, is_there=True, past_the_dot=True)

        assert (outgoing.state, outgoing.settled_at) == (OutgoingState.UNKNOWN, None)

    async def test_that_finds_nothing_leaves_the_doubt_of_what_was_dropped(
        self, sync: Sync
    ) -> None:
        outgoing = await looked_for(
            sync, OutgoingState.CANCELLED, is_there=False, past_the_dot=True
        )

        assert outgoing.was_dropped
        assert outgoing.detail == "Nobody knows."

    async def test_that_finds_nothing_leaves_what_was_taken_back(self, sync: Sync) -> None:
        outgoing = await looked_for(sync, OutgoingState.CANCELLED, is_there=False)

        assert (outgoing.state, outgoing.detail) == (OutgoingState.CANCELLED, "")


async def looked_for(
    sync: Sync, state: OutgoingState, *, is_there: bool, **values: Any
) -> Outgoing:
    """A mail about which people have decided already, after somebody has looked into Sent."""
    outgoing = await answered(sync)
    async with sync.rows() as uow:
        for command in await sync.all(Command):
            (await uow.commands.lock(command.id)).state = CommandState.CANCELLED
        account: Account = await uow.accounts.get(outgoing.account_id)
        mail_ = await uow.outgoing.lock(outgoing.id)
        await look_in_sent(uow, account, mail_)
        mail_.state, mail_.settled_at = state, await uow.outgoing.time()
        mail_.detail, mail_.sent_at = "Nobody knows.", None
        for name, value in values.items():
            setattr(mail_, name, value)
    if is_there:
        await sync.inbox.server.save(sync.inbox.username, "Sent", RAW)
    await sync.run_commands()
    return await row(sync, outgoing)
