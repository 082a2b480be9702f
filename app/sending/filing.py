"""Leaving work for the worker that owns the account: its connection is the only one to the mailbox.

`file_sent`: see that one copy lies in Sent, and mark the mail that was answered. `find_sent`: look
whether a copy lies there, and write down what was seen. Both are commands like any other wish for a
mailbox: rows that are carried out in order, tried again and never done twice.
"""

from datetime import timedelta
from typing import Final

from app.providers.registry import of_host
from app.store.models import (
    Account,
    Command,
    CommandTarget,
    CommandType,
    Filing,
    Outgoing,
)
from app.store.notify import Topic
from app.store.unit_of_work import UnitOfWork

LOOKS_AT_OURS: Final = (timedelta(0),)
"""When a mail is looked for in a Sent that only we file in: nobody else puts it there."""
LOOKS_AT_THEIRS: Final = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5))
"""The same where the provider files what it sends, which may take it a while."""


def files_itself(account: Account) -> bool:
    """Whether what is sent appears in Sent by itself."""
    return of_host(account.smtp_host or account.imap_host).facts.files_sent


async def file_copy(uow: UnitOfWork, account: Account, outgoing: Outgoing) -> None:
    outgoing.filing = Filing.BY_PROVIDER if files_itself(account) else Filing.PENDING
    command = _command(account, outgoing, CommandType.FILE_SENT)
    await uow.commands.add(command, await _answered(uow, command, outgoing))
    uow.wake(Topic.ACCOUNT, account.id)


async def look_in_sent(uow: UnitOfWork, account: Account, outgoing: Outgoing) -> None:
    """Have it looked for once more."""
    waits = looks(account)
    command = _command(account, outgoing, CommandType.FIND_SENT)
    wait = waits[min(outgoing.looks, len(waits) - 1)]
    command.next_try_at = await uow.outgoing.time() + wait if wait else None
    outgoing.looks += 1
    outgoing.seen_in_sent = None
    await uow.commands.add(command)
    uow.wake(Topic.ACCOUNT, account.id)


def looks(account: Account) -> tuple[timedelta, ...]:
    """How long to wait before each look."""
    return LOOKS_AT_THEIRS if files_itself(account) else LOOKS_AT_OURS


def _command(account: Account, outgoing: Outgoing, type_: CommandType) -> Command:
    """Of no conversation: it must not hold back what people wish for theirs."""
    return Command(
        workspace_id=account.workspace_id,
        account_id=account.id,
        type=type_,
        params={"outgoing_id": str(outgoing.id)},
        origin=outgoing.origin,
        requested_by_id=outgoing.requested_by_id,
    )


async def _answered(uow: UnitOfWork, command: Command, outgoing: Outgoing) -> list[CommandTarget]:
    """The mail that was answered or forwarded, wherever it lies."""
    if outgoing.answers_id is None:
        return []
    placed = await uow.ledger.live_of_messages([outgoing.answers_id])
    return [
        CommandTarget(
            workspace_id=command.workspace_id,
            command_id=command.id,
            n=n,
            message_id=outgoing.answers_id,
            mailbox_id=mailbox.id,
            uidvalidity=placement.uidvalidity,
            uid=placement.uid,
        )
        for n, (placement, mailbox) in enumerate(placed)
    ]
