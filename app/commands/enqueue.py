"""Writing a wish for mails down: one row, in the transaction of whoever asks for it.

It stays queued until the worker that owns the account has carried it out on the server.
"""

from collections.abc import Sequence
from typing import Final

from app.commands.change import check_not_merged
from app.commands.targets import Placed, select
from app.commands.types import MailIntent, Move
from app.core.access import Actor, Origin
from app.core.errors import Conflict, InvalidInput
from app.core.ids import AccountId, ConversationId, MessageId
from app.store.models import Command, CommandTarget, Message
from app.store.notify import Topic
from app.store.repositories.ledger import MOST_OF_A_CONVERSATION
from app.store.unit_of_work import UnitOfWork

BESIDE: Final = "beside"
"""In a command's `params`: the command of another account that it was asked for together with."""
MOST_AT_ONCE: Final = MOST_OF_A_CONVERSATION
"""So many mails a command is about: those whose state the card shows."""

MOST_WAITING: Final = 5000
"""So many commands wait for one account: neither a server that is away for a day nor a script that
runs wild is to fill the database, and the hours after."""


class TooManyWaiting(Conflict):
    """The account has as many open commands as it may. Passes as they are carried out."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{MOST_WAITING} changes wait for {address} already, so this one was not taken.",
            fix="Ask again once some of them are done; if none are, see what is wrong with that "
            "mailbox (sharedbox doctor).",
        )


async def enqueue_for_conversation(
    uow: UnitOfWork, actor: Actor, conversation_id: ConversationId, intent: MailIntent
) -> Command:
    """Wish for a change to all mails of a conversation; of a very long one, to the newest.

    Where mails of several accounts were merged, each account gets a command of its own, but for a
    move: folders are one account's. Undo of the one that is answered takes back all of them.
    Raises `NotFound`, `InvalidInput` for a folder that does not exist, `Conflict` where there is
    nothing to change, and `TooManyWaiting`.
    """
    conversation = await uow.conversations.get(conversation_id)
    check_not_merged(conversation)
    messages = await uow.messages.newest(conversation_id, limit=MOST_AT_ONCE)
    if isinstance(intent, Move):  # a folder is one account's
        messages = [one for one in messages if one.account_id == conversation.account_id]
    accounts = sorted(
        {conversation.account_id, *(one.account_id for one in messages)},
        key=lambda id_: (id_ == conversation.account_id, id_),
    )
    wished = [
        (account_id, await _targets(uow, account_id, intent, theirs))
        for account_id in accounts
        if (theirs := [one for one in messages if one.account_id == account_id])
    ]
    return await _write_all(uow, actor, intent, wished, conversation_id)


async def enqueue_for_messages(
    uow: UnitOfWork, actor: Actor, message_ids: Sequence[MessageId], intent: MailIntent
) -> Command:
    """Wish for a change to some mails of one account. Raises as the one above."""
    messages = await uow.messages.get_many(message_ids)
    accounts = {message.account_id for message in messages}
    if len(messages) != len(set(message_ids)) or len(accounts) != 1:
        raise InvalidInput(
            "These are not all messages of one account.",
            field="message_ids",
            fix="Ask for the messages of each account in a command of its own.",
        )
    conversations = {message.conversation_id for message in messages}
    conversation_id = conversations.pop() if len(conversations) == 1 else None
    account_id = accounts.pop()
    targets = await _targets(uow, account_id, intent, messages)
    return await _write_all(uow, actor, intent, [(account_id, targets)], conversation_id)


async def _targets(
    uow: UnitOfWork, account_id: AccountId, intent: MailIntent, messages: Sequence[Message]
) -> list[Placed]:
    if isinstance(intent, Move):
        await _check_folder(uow, account_id, intent.folder)
    return list(select(intent, await _placed(uow, account_id, messages)))


async def _write_all(
    uow: UnitOfWork,
    actor: Actor,
    intent: MailIntent,
    wished: Sequence[tuple[AccountId, list[Placed]]],
    conversation_id: ConversationId | None,
) -> Command:
    """A command for each account; the last one speaks for those beside it."""
    rows = [
        (_row(uow, actor, account_id, conversation_id, intent), targets)
        for account_id, targets in wished
        if targets
    ]
    if not rows:
        raise Conflict(
            "There is nothing to change: the mails are that way already, or no longer there."
        )
    *beside, (last, last_targets) = rows
    for command, targets in beside:
        command.params = {**command.params, BESIDE: str(last.id)}
        await _write(uow, command, targets)
    await _write(uow, last, last_targets)
    return last


async def _write(uow: UnitOfWork, command: Command, targets: Sequence[Placed]) -> None:
    await uow.commands.add(
        command, [_target(command, n, target) for n, target in enumerate(targets)]
    )
    uow.emit(
        "command.queued",
        account_id=command.account_id,
        conversation_id=command.conversation_id,
        command_id=str(command.id),
        command=command.type,
    )
    uow.wake(Topic.ACCOUNT, command.account_id)
    if command.conversation_id is not None:
        if command.origin is not Origin.SYSTEM:
            await uow.conversations.note_action(command.conversation_id)
        await uow.cards_are_stale([command.conversation_id])


async def _check_folder(uow: UnitOfWork, account_id: AccountId, folder: str) -> None:
    mailboxes = await uow.mailboxes.of_account(account_id)
    if not any(one.name == folder and one.selectable and one.listed for one in mailboxes):
        raise InvalidInput(
            f"The account has no folder “{folder}”.",
            field="folder",
            fix="Choose one of the folders that GET /accounts/{id} lists.",
        )


async def _placed(
    uow: UnitOfWork, account_id: AccountId, messages: Sequence[Message]
) -> list[Placed]:
    known = {one.id: one for one in messages}
    placed, waiting = await uow.ledger.live_beside_waiting(account_id, known, most=MOST_WAITING)
    if waiting >= MOST_WAITING:
        raise TooManyWaiting((await uow.accounts.get(account_id)).address)
    return [
        Placed(known[placement.message_id], placement, mailbox)
        for placement, mailbox in placed
        if placement.message_id is not None
    ]


def _row(
    uow: UnitOfWork,
    actor: Actor,
    account_id: AccountId,
    conversation_id: ConversationId | None,
    intent: MailIntent,
) -> Command:
    return Command(
        workspace_id=uow.workspace_id,
        account_id=account_id,
        conversation_id=conversation_id,
        type=intent.type,
        params=intent.params(),
        origin=actor.origin,
        requested_by_id=actor.teammate_id,
    )


def _target(command: Command, n: int, placed: Placed) -> CommandTarget:
    return CommandTarget(
        workspace_id=command.workspace_id,
        command_id=command.id,
        n=n,
        message_id=placed.message.id,
        mailbox_id=placed.mailbox.id,
        uidvalidity=placed.placement.uidvalidity,
        uid=placed.placement.uid,
    )
