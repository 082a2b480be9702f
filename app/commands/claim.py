"""Claiming a command: the attempt is counted, and everything it needs is read at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.commands.types import MailIntent, of
from app.core.clock import Clock
from app.core.ids import AccountId, CommandId, MailboxId, WorkspaceId
from app.mailbox.port import Identity
from app.store.blobs import Blobs
from app.store.models import Command, CommandState, CommandTarget, Mailbox
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


async def is_another_due(on: Executing) -> bool:
    """Whether there is one to claim, asked without a transaction."""
    async with on.store.without_transaction(on.workspace_id) as uow:
        return await uow.commands.next_due(on.account_id, on.clock.now()) is not None


async def _read(uow: UnitOfWork, command: Command) -> Claimed:
    pending = await uow.commands.pending(command.id)
    undone = await uow.commands.get(command.undo_of_id) if command.undo_of_id else None
    return Claimed(
        id=command.id,
        intent=of(command),
        undone=of(undone) if undone else None,
        attempts=command.attempts,
        targets=[one.target for one in pending],
        folders={one.id: one for one in await uow.mailboxes.of_account(command.account_id)},
        identities={
            one.target.n: Identity(one.internet_message_id, one.size, one.internaldate)
            for one in pending
        },
    )
