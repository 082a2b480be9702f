"""Gmail's labels: one mail in several folders. A real Dovecot, made to speak as Gmail does."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace

import pytest

from app.mailbox.port import Security
from app.sandbox.mail.dovecot import DovecotInbox
from app.store.models import Conversation, Message, Placement
from app.sync.folders import read_folders
from app.sync.poll import catch_up
from tests.fixtures.faultproxy import FaultProxy
from tests.fixtures.faults import Step, Stream
from tests.fixtures.mailservers import log_in
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import MakeSync, Sync


@dataclass
class AsGmailSays:
    """Gmail's capability, and its number and labels for each mail: the number from its size."""

    labels: bytes = rb'"\\Inbox"'

    def steps(self, data: bytes, stream: Stream) -> Iterator[Step]:
        lines, end, stream.held = (stream.held + data).rpartition(b"\n")
        said = (lines + end).replace(b"CAPABILITY IMAP4rev1", b"CAPABILITY IMAP4rev1 X-GM-EXT-1")
        yield re.sub(
            rb"FETCH \((UID \d+ RFC822.SIZE (\d+))",
            rb"FETCH (X-GM-MSGID 12784553442303\2 X-GM-LABELS (%s) \1"
            % self.labels.replace(b"\\", b"\\\\"),
            said,
        )


@dataclass
class WithoutGmailsItems:
    """Dovecot would not know them. Remembers what is fetched."""

    fetched: list[bytes] = field(default_factory=list)

    def steps(self, data: bytes, stream: Stream) -> Iterator[Step]:
        self.fetched += re.findall(rb"UID FETCH ([\d,:]+) \(UID BODY", data)
        yield data.replace(b" X-GM-MSGID X-GM-LABELS", b"")


@dataclass
class Gmail:
    sync: Sync
    says: AsGmailSays
    hears: WithoutGmailsItems

    async def look(self) -> None:
        async with self.sync.session() as session:
            assert session.provider.key == "google"
            for folder in await read_folders(self.sync.syncing, session):
                await catch_up(self.sync.syncing, session, folder)


@pytest.fixture
async def gmail(make_sync: MakeSync, mail_user: DovecotInbox) -> AsyncIterator[Gmail]:
    with log_in(mail_user) as client:
        client.create("Urgent")
    sync = await make_sync(mail_user, folders=["INBOX", "Urgent"])
    says, hears = AsGmailSays(), WithoutGmailsItems()
    async with FaultProxy(mail_user.host, mail_user.server.imap_port) as proxy:
        proxy.set(to_server=hears, to_client=says)
        sync.spec = replace(sync.spec, port=proxy.port, security=Security.NONE)
        gmail = Gmail(sync, says, hears)
        await gmail.look()
        yield gmail


class TestAMailWithTwoLabels:
    async def test_is_one_message_fetched_once(self, gmail: Gmail) -> None:
        raw = mail("Hello", "1@acme.example")
        for folder in ("INBOX", "Urgent"):
            await gmail.sync.inbox.server.save(gmail.sync.inbox.username, folder, raw)

        await gmail.look()

        (message,) = await gmail.sync.all(Message)
        assert message.remote_id == f"12784553442303{len(raw)}"
        places = await gmail.sync.all(Placement)
        assert {one.message_id for one in places} == {message.id}
        assert len(places) == 2
        assert await gmail.sync.announced() == ["Hello"]
        assert len(gmail.hears.fetched) == 1

    async def test_is_not_told_of_as_moved(self, gmail: Gmail) -> None:
        raw = mail("Hello", "1@acme.example")
        for folder in ("INBOX", "Urgent"):
            await gmail.sync.inbox.server.save(gmail.sync.inbox.username, folder, raw)
            await gmail.look()

        async with gmail.sync.rows() as uow:
            types = [event.type for event in await uow.events.after(0, limit=100)]
        assert types.count("message.received") == 1
        assert "message.moved" not in types

    async def test_two_mails_of_one_message_id_are_two(self, gmail: Gmail) -> None:
        """Such as one that came directly and once more through a list."""
        for folder, body in [("INBOX", "Hi."), ("Urgent", "Hi.\r\n-- \r\nThe list")]:
            raw = mail("Hello", "1@acme.example", body)
            await gmail.sync.inbox.server.save(gmail.sync.inbox.username, folder, raw)

        await gmail.look()

        assert len(await gmail.sync.all(Message)) == 2
        assert await gmail.sync.announced() == ["Hello", "Hello"]
        assert len(await gmail.sync.all(Conversation)) == 1


class TestTheLabelSent:
    async def test_tells_our_own_mail_from_what_pretends_to_be(self, gmail: Gmail) -> None:
        own = mail("Note to all", "note@example.com").replace(
            b"ana@acme.example", gmail.sync.inbox.username.encode()
        )
        gmail.says.labels = rb'"\\Inbox" "\\Sent"'
        await gmail.sync.inbox.server.save(gmail.sync.inbox.username, "INBOX", own)

        await gmail.look()

        (message,) = await gmail.sync.all(Message)
        assert message.direction == "outbound"
        assert await gmail.sync.announced() == []
