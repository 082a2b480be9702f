"""Writing down how an attempt ended: done, tried again later, or failed for good."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from app.commands.carry_out import Outcome
from app.commands.claim import Claimed, Executing
from app.commands.sent import gave_up
from app.commands.undo import settled
from app.core.access import Origin
from app.core.logging import get_logger
from app.mailbox.errors import CommandRefused, MailServerError, Throttled, Transient
from app.store.models import (
    ABOUT_SENT,
    Command,
    CommandState,
    CommandTarget,
    PlacementState,
    PostKind,
    TargetState,
)
from app.store.new import NewPost
from app.store.repositories.ledger import Entry, Place
from app.store.telling import tell_asker
from app.store.unit_of_work import UnitOfWork

MOST_ATTEMPTS: Final = 5
_WAITS: Final = (10, 60, 300, 900)
"""Seconds before the next attempt, after the n-th was refused for now."""
_FOR_GOOD: Final = frozenset({"NOPERM", "CANNOT", "NONEXISTENT", "TRYCREATE", "ALREADYEXISTS"})
"""Response codes (RFC 5530) after which trying again is of no use."""
log = get_logger(__name__)


async def done(on: Executing, claimed: Claimed, outcomes: Sequence[Outcome]) -> None:
    """Note where every mail is now, and settle the command."""
    async with on.store.begin(on.workspace_id) as uow:
        await uow.accounts.owned(on.account_id, on.fence)
        command = await uow.commands.lock(claimed.id)
        targets = {target.n: target for target in await uow.commands.targets(claimed.id)}
        for outcome in outcomes:
            await _note(uow, targets[outcome.n], outcome)
        await _settle(uow, on, command, list(targets.values()))


async def _note(uow: UnitOfWork, target: CommandTarget, outcome: Outcome) -> None:
    before = Place(target.mailbox_id, target.uidvalidity, target.uid)
    if outcome.listing is None or outcome.uidvalidity is None:
        target.state = TargetState.GONE
        await uow.ledger.leave([before])
        return
    target.state = TargetState.DONE
    mailbox = await uow.mailboxes.get(outcome.mailbox_id)
    if mailbox.uidvalidity is None:
        mailbox.uidvalidity = outcome.uidvalidity
    now = Place(outcome.mailbox_id, outcome.uidvalidity, outcome.listing.uid)
    if outcome.mailbox_id != target.mailbox_id:
        target.new_mailbox_id = now.mailbox_id
        target.new_uidvalidity, target.new_uid = now.uidvalidity, now.uid
        await uow.ledger.leave([before])
    await uow.ledger.record([
        Entry(
            place=now,
            state=PlacementState.STORED,
            message_id=target.message_id,
            size=outcome.listing.size,
            internaldate=outcome.listing.internaldate,
            flags=outcome.listing.flags,
        )
    ])  # fmt: skip


async def _settle(
    uow: UnitOfWork, on: Executing, command: Command, targets: Sequence[CommandTarget]
) -> None:
    gone = sum(target.state is TargetState.GONE for target in targets)
    command.settled_at = on.clock.now()
    if gone == len(targets) and command.type not in ABOUT_SENT:
        command.state = CommandState.FAILED
        command.detail = "The mail is no longer on the server."
        await _say_so(uow, command)
    else:
        command.state = CommandState.DONE
        command.detail = f"{gone} of {len(targets)} mails were no longer there." if gone else ""
        if command.undo_of_id is not None:
            undone = await uow.commands.lock(command.undo_of_id)
            undone.state = CommandState.UNDONE
    await settled(uow, command)


async def failed(on: Executing, claimed: Claimed, error: MailServerError) -> None:
    """Have it tried again later, or give it up and say so."""
    final = claimed.attempts >= MOST_ATTEMPTS or _is_for_good(error)
    log.warning("command.failed", command=str(claimed.id), error=str(error), final=final)
    async with on.store.begin(on.workspace_id) as uow:
        await uow.accounts.owned(on.account_id, on.fence)
        command = await uow.commands.lock(claimed.id)
        command.detail = error.sentence
        if final:
            command.state, command.settled_at = CommandState.FAILED, on.clock.now()
            await settled(uow, command)
            await _say_so(uow, command)
            await gave_up(uow, claimed.intent)
            return
        command.state = CommandState.QUEUED
        wait = _wait(claimed.attempts, error)
        command.next_try_at = on.clock.now() + wait if wait else None
        if command.conversation_id is not None:
            await uow.cards_are_stale([command.conversation_id])


def _wait(attempts: int, error: MailServerError) -> timedelta | None:
    """How long to wait; None: until there is a connection again.

    Mostly a connection breaks for a reason of its own. Where it breaks once more, the command
    itself may be the reason.
    """
    is_the_connections = isinstance(error, Transient) and not isinstance(error, Throttled)
    if attempts == 1 and is_the_connections:
        return None
    return timedelta(seconds=_WAITS[min(attempts, len(_WAITS)) - 1])


def _is_for_good(error: MailServerError) -> bool:
    return isinstance(error, CommandRefused) and error.code in _FOR_GOOD


async def _say_so(uow: UnitOfWork, command: Command) -> None:
    """A failure must not be overlooked: say so in the thread of the card, and to whoever asked."""
    if command.requested_by_id is not None and command.origin is not Origin.SYSTEM:
        uow.leave(tell_asker(uow.workspace_id, command.id))
    if command.conversation_id is None:
        return
    for card in await uow.posts.cards_of([command.conversation_id]):
        line = NewPost(
            workspace_id=uow.workspace_id,
            channel_id=card.channel_id,
            kind=PostKind.NOTICE,
            conversation_id=command.conversation_id,
            payload={"command_id": str(command.id)},
        )
        await uow.posts.add_all([line])
        uow.feed_is_due(card.channel_id)
