"""What the cases ask of an account on the hostile server, in one line each."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from app.commands.enqueue import enqueue_for_conversation
from app.commands.types import MailIntent
from app.core.access import system
from app.core.ids import CommandId
from app.store.models import Command, Conversation, Message
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import Sync
from tests.rig.imap_server import HostileServer

LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)


def named(subject: str) -> bytes:
    """A mail whose Message-ID follows from its subject."""
    return mail(subject, f"{subject.lower().replace(' ', '.')}@acme.example")


def put(server: HostileServer, *subjects: str) -> None:
    for subject in subjects:
        server.put(named(subject))


async def check_prefix(sync: Sync, server: HostileServer, folder: str = "INBOX") -> None:
    """Every UID below the watermark that came after us is settled: INV-PREFIX."""
    mailbox, ledger = await sync.mailbox(folder), await sync.ledger()
    assert mailbox.watermark is not None
    below = range(mailbox.first_uid or 1, mailbox.watermark)
    unsettled = [
        uid
        for uid in server.account.find(folder).mails
        if uid in below and ledger.get(uid, "pending") == "pending"
    ]
    assert unsettled == []


async def ask(sync: Sync, subject: str, intent: MailIntent) -> CommandId:
    """Ask for something to be done with the conversation of a mail."""
    (conversation,) = [one for one in await sync.all(Conversation) if one.subject == subject]
    async with sync.rows() as uow:
        actor = system(sync.workspace.id)
        return (await enqueue_for_conversation(uow, actor, conversation.id, intent)).id


async def outcome(sync: Sync, command_id: CommandId) -> tuple[str, str]:
    async with sync.rows() as uow:
        command: Command = await uow.commands.get(command_id)
        return command.state, command.detail


def subjects_in(server: HostileServer, folder: str) -> Sequence[str]:
    """What lies in a folder, by subject, in the order of the UIDs."""
    mails = server.account.find(folder).mails.values()
    lines = [one.header("Subject").split(b"\r\n")[0] for one in mails]
    return [line.partition(b": ")[2].decode() for line in lines]


async def raw_of(sync: Sync, subject: str) -> bytes:
    """The bytes that we kept of a mail."""
    (message,) = [one for one in await sync.all(Message) if one.subject == subject]
    return await sync.syncing.blobs.get(message.raw_sha256)
