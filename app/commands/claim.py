"""Claiming a command: the attempt is counted, and everything it needs is read at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.commands.types import MailIntent, of
from app.core.clock import Clock
from app.core.ids import AccountId, CommandId, MailboxId, WorkspaceId
from app.mailbox.port import Identity
from app.store.blobs import Blobs
from app.store.models import (
    Command,
    CommandState,
    CommandTarget,
    Mailbox,
    Message,
    Placement,
    TargetState,
)
from app.store.repositories.ledger import Place
from app.store.unit_of_work import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Executing:
    """One account that this worker owns."""

    store: Store
    clock: Clock
    workspace_id: WorkspaceId
    account_id: AccountId
    fence: int
    blobs: Blobs


@dataclass(frozen=True, slots=True)
class Claimed:
    """A command with all it takes to carry it out without the database."""

    id: CommandId
    intent: MailIntent
    undone: MailIntent | None
    """What a `Restore` takes back."""
    attempts: int
    targets: Sequence[CommandTarget]
    """Those that are still to be done."""
    folders: Mapping[MailboxId, Mailbox]
    identities: Mapping[int, Identity]
    """What each target is, by its `n`."""


async def claim_next(on: Executing) -> Claimed | None:
    """Claim the oldest command whose time has come. Raises `OwnershipLost`."""
    async with on.store.begin(on.workspace_id) as uow:
        await uow.accounts.tended(on.account_id, on.fence)
        command = await uow.commands.next_due(on.account_id, on.clock.now())
        if command is None:
            return None
        command.state = CommandState.RUNNING
        command.attempts += 1
        command.next_try_at = None
        return await _read(uow, command)


async def _read(uow: UnitOfWork, command: Command) -> Claimed:
    targets = [
        target
        for target in await uow.commands.targets(command.id)
        if target.state is TargetState.PENDING
    ]
    messages = {one.id: one for one in await uow.messages.get_many(t.message_id for t in targets)}
    placements = await uow.ledger.at(
        Place(target.mailbox_id, target.uidvalidity, target.uid) for target in targets
    )
    undone = await uow.commands.get(command.undo_of_id) if command.undo_of_id else None
    return Claimed(
        id=command.id,
        intent=of(command),
        undone=of(undone) if undone else None,
        attempts=command.attempts,
        targets=targets,
        folders={one.id: one for one in await uow.mailboxes.of_account(command.account_id)},
        identities={
            target.n: _identity(
                messages[target.message_id],
                placements.get(Place(target.mailbox_id, target.uidvalidity, target.uid)),
            )
            for target in targets
        },
    )


def _identity(message: Message, placement: Placement | None) -> Identity:
    """What the server says of the mail: its own count of the size where we noted it."""
    return Identity(
        internet_message_id=message.internet_message_id,
        size=placement.size if placement and placement.size is not None else message.size,
        internaldate=(placement.internaldate if placement else None) or message.received_at,
    )
