"""Taking a wish back, trying a failed one again, and giving a quarantined mail another chance."""

from datetime import datetime
from typing import Final

from app.commands.change import take_back
from app.commands.enqueue import BESIDE
from app.commands.merge import take_apart
from app.core.access import Actor
from app.core.errors import Conflict
from app.core.ids import CommandId, PlacementId
from app.store.models import (
    ABOUT_CONVERSATION,
    ABOUT_SENT,
    REARRANGING,
    Command,
    CommandState,
    CommandTarget,
    CommandType,
    PlacementState,
    PostKind,
    TargetState,
)
from app.store.notify import Topic
from app.store.unit_of_work import UnitOfWork

_TAKES_OTHERS_ALONG: Final = frozenset({CommandState.QUEUED, CommandState.DONE})


async def undo(uow: UnitOfWork, actor: Actor, command_id: CommandId, *, now: datetime) -> Command:
    """Take a wish back: cancel it if it is still queued, else wish for the opposite.

    Answers the command that tells how it goes: the cancelled one, or the one that undoes it. Asking
    twice answers the same. Raises `NotFound`, and `Conflict` where there is nothing to take back or
    somebody has decided otherwise since.
    """
    command = await _hold(uow, command_id)
    if command.conversation_id is not None and command.state in _TAKES_OTHERS_ALONG:
        for other in await uow.commands.of_conversation(command.conversation_id):
            if other.params.get(BESIDE) == str(command.id):
                await undo(uow, actor, other.id, now=now)
    match command.state:
        case CommandState.QUEUED if command.attempts == 0:
            return await _cancel(uow, command, now)
        case CommandState.DONE if command.type in REARRANGING:
            await take_apart(uow, actor, command, now=now)
            command.state = CommandState.UNDONE
            return command
        case CommandState.DONE if command.type in ABOUT_CONVERSATION:
            await take_back(uow, command)
            command.state = CommandState.UNDONE
            return command
        case CommandState.DONE:
            return await _restore(uow, actor, command)
        case CommandState.CANCELLED | CommandState.UNDONE:
            return command
        case CommandState.FAILED:
            raise Conflict("This failed, so there is nothing to undo.")
        case _:
            raise Conflict(
                "This is being carried out just now.", fix="Undo it once the card says it is done."
            )


async def _hold(uow: UnitOfWork, command_id: CommandId) -> Command:
    """The conversation first, where it is about one, as whoever takes an emoji away does."""
    found = await uow.commands.get(command_id)
    if found.conversation_id is not None and found.type in ABOUT_CONVERSATION - REARRANGING:
        await uow.conversations.lock(found.conversation_id)
    return await uow.commands.lock(command_id)


async def _cancel(uow: UnitOfWork, command: Command, now: datetime) -> Command:
    command.state, command.settled_at = CommandState.CANCELLED, now
    await settled(uow, command)
    return command


async def _restore(uow: UnitOfWork, actor: Actor, command: Command) -> Command:
    undoing = await uow.commands.that_undoes(command.id)
    if undoing is not None:
        return undoing
    changed = [
        target
        for target in await uow.commands.targets(command.id)
        if target.state is TargetState.DONE
    ]
    if not changed or command.type in {CommandType.RESTORE, *ABOUT_SENT}:
        raise Conflict("This cannot be undone.")
    restore = Command(
        workspace_id=uow.workspace_id,
        account_id=command.account_id,
        conversation_id=command.conversation_id,
        type=CommandType.RESTORE,
        origin=actor.origin,
        requested_by_id=actor.teammate_id,
        undo_of_id=command.id,
    )
    await uow.commands.add(restore, [_where_it_is_now(restore, target) for target in changed])
    uow.emit(
        "command.queued",
        account_id=command.account_id,
        conversation_id=command.conversation_id,
        command_id=str(restore.id),
        command=restore.type,
        undo_of=str(command.id),
    )
    await _run_soon(uow, restore)
    return restore


def _where_it_is_now(restore: Command, target: CommandTarget) -> CommandTarget:
    """The mail where the command left it, with the folder and the flags it is to get back.

    Where the server did not tell a moved mail's new UID, 0 stands for it: it is looked for.
    """
    moved = target.new_mailbox_id is not None
    return CommandTarget(
        workspace_id=restore.workspace_id,
        command_id=restore.id,
        n=target.n,
        message_id=target.message_id,
        mailbox_id=target.new_mailbox_id or target.mailbox_id,
        uidvalidity=target.new_uidvalidity or 0 if moved else target.uidvalidity,
        uid=target.new_uid or 0 if moved else target.uid,
        new_mailbox_id=target.mailbox_id if moved else None,
        flags_before=target.flags_before,
    )


async def retry(uow: UnitOfWork, command_id: CommandId) -> Command:
    """Bring a dead letter back to life. Raises `NotFound` and `Conflict`."""
    command = await uow.commands.lock(command_id)
    if command.state is not CommandState.FAILED:
        raise Conflict("This has not failed, so there is nothing to try again.")
    command.state, command.detail = CommandState.QUEUED, ""
    command.attempts, command.next_try_at = 0, None
    for target in await uow.commands.targets(command.id):
        if target.state is TargetState.GONE:
            target.state = TargetState.PENDING
    await _run_soon(uow, command)
    return command


async def process_again(uow: UnitOfWork, placement_id: PlacementId) -> None:
    """Take a mail out of quarantine and have it read once more.

    Raises `NotFound`, and `Conflict` where it is not in quarantine.
    """
    placement = await uow.ledger.get(placement_id)
    if placement.state is not PlacementState.QUARANTINED:
        raise Conflict("This mail is not in quarantine any more.")
    mailbox = await uow.mailboxes.get(placement.mailbox_id)
    if placement.uidvalidity != mailbox.uidvalidity:
        raise Conflict(
            "The folder was given new UIDs since then, so this mail can no longer be fetched.",
            fix="If it is still there, it was announced again under its new UID.",
        )
    await uow.ledger.try_again(placement)
    if placement.uid < (mailbox.first_uid or 0):
        await uow.accounts.lock(mailbox.account_id)
        await uow.imports.go_on(mailbox.account_id)
    elif mailbox.watermark is not None:
        mailbox.watermark = min(mailbox.watermark, placement.uid)
    for post in await uow.posts.of_placements([placement.id], PostKind.QUARANTINE):
        post.wanted += 1
        uow.feed_is_due(post.channel_id)
    uow.wake(Topic.ACCOUNT, mailbox.account_id)


async def settled(uow: UnitOfWork, command: Command) -> None:
    """Tell whoever follows a command that it has come to its end, one way or the other."""
    uow.emit(
        f"command.{command.state}",
        account_id=command.account_id,
        conversation_id=command.conversation_id,
        command_id=str(command.id),
        command=command.type,
        detail=command.detail,
    )
    if command.conversation_id is not None:
        await uow.cards_are_stale([command.conversation_id])


async def _run_soon(uow: UnitOfWork, command: Command) -> None:
    uow.wake(Topic.ACCOUNT, command.account_id)
    if command.conversation_id is not None:
        await uow.cards_are_stale([command.conversation_id])
