"""Two people at the same card: whoever comes second is told who was first, and changes nothing.

A card shows what was true when it was drawn. Between that and a click somebody else may have taken
the conversation, closed it, or put its mails away; a click that was meant for the card as it was
must not undo what they did.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.commands.change import change_locked
from app.commands.enqueue import enqueue_for_conversation
from app.commands.types import (
    Assign,
    ConversationIntent,
    Done,
    MailIntent,
    MoveIntent,
    Reopen,
    Snooze,
    Wake,
)
from app.core.access import Actor
from app.core.errors import Conflict
from app.core.ids import ConversationId, TeammateId
from app.mailbox.port import Role
from app.store.models import (
    Command,
    CommandState,
    CommandType,
    Conversation,
    ConversationStatus,
    Teammate,
)
from app.store.unit_of_work import UnitOfWork

_OPEN: Final = frozenset({CommandState.QUEUED, CommandState.RUNNING})
_PUT_AWAY: Final = frozenset({Role.ARCHIVE, Role.TRASH, Role.JUNK})
_DOING: Final = {
    CommandType.ARCHIVE: ("is archiving this", "archived this"),
    CommandType.DELETE: ("is moving this to Trash", "moved this to Trash"),
    CommandType.SPAM: ("is marking this as spam", "marked this as spam"),
    CommandType.MOVE: ("is moving this", "moved this"),
}


class Overtaken(Conflict):
    """Somebody else was first. `did` says what they did; who and when may be unknown."""

    def __init__(self, did: str, by: Teammate | None, at: datetime | None) -> None:
        self.did, self.at = did, at
        self.name = by.name if by else "Somebody else"
        self.slack_user_id = by.slack_user_id if by else None
        when = f" ({at:%Y-%m-%d %H:%M} UTC)" if at else ""
        super().__init__(f"{self.name} {did}{when}.", fix="Nothing was changed.")


async def change_if_first(
    uow: UnitOfWork,
    actor: Actor,
    conversation_id: ConversationId,
    intent: ConversationIntent,
    *,
    now: datetime,
) -> Command | None:
    """Change the conversation as `change_conversation` does, unless somebody else was first.

    None where the same person asked for the same before. Raises `NotFound`, `Conflict` and
    `Overtaken`.
    """
    conversation = await uow.conversations.lock(conversation_id)
    if not await _is_first(uow, actor, conversation, intent):
        return None
    return await change_locked(uow, actor, conversation, intent, now=now)


async def enqueue_if_first(
    uow: UnitOfWork, actor: Actor, conversation_id: ConversationId, intent: MailIntent
) -> Command | None:
    """The same of a wish for mails. Raises whatever `enqueue_for_conversation` raises as well."""
    conversation = await uow.conversations.lock(conversation_id)
    if not await _is_first(uow, actor, conversation, intent):
        return None
    return await enqueue_for_conversation(uow, actor, conversation_id, intent)


async def _is_first(
    uow: UnitOfWork,
    actor: Actor,
    conversation: Conversation,
    intent: ConversationIntent | MailIntent,
) -> bool:
    """Whether a click on the card is to be carried out, decided while nobody else can decide.

    False where the same person asked for the same before: a second click changes nothing. Raises
    `Overtaken` where somebody else was first.
    """
    commands = await uow.commands.of_conversation(conversation.id)
    await _check_merged(uow, conversation, commands)
    match intent:
        case Assign(assignee_id) if conversation.assignee_id is not None:
            taker = conversation.assignee_id
            at = _latest(commands, CommandType.ASSIGN)
            return await _or_overtaken(uow, "took this", taker, at, own=taker == assignee_id)
        case Done() if conversation.status is ConversationStatus.DONE:
            by, at = conversation.done_by_id, conversation.done_at
            return await _or_overtaken(uow, "marked this as done", by, at, own=_own(actor, by))
        case Done():
            await _check_put_away(uow, actor, conversation, commands)
        case Reopen() if conversation.status is ConversationStatus.OPEN:
            last = next((one for one in commands if one.type is CommandType.REOPEN), None)
            by, at = (last.requested_by_id, last.settled_at) if last else (None, None)
            return await _or_overtaken(uow, "reopened this", by, at, own=_own(actor, by))
        case Snooze() if conversation.status is ConversationStatus.DONE:
            by, at = conversation.done_by_id, conversation.done_at
            return await _or_overtaken(uow, "marked this as done", by, at, own=False)
        case Snooze() if conversation.is_snoozed and not _own(actor, conversation.snoozed_by_id):
            by, at = conversation.snoozed_by_id, _latest(commands, CommandType.SNOOZE)
            return await _or_overtaken(uow, "snoozed this", by, at, own=False)
        case Wake() if not conversation.is_snoozed:
            # It is awake, by whomever: that is what was wanted.
            return False
        case MoveIntent():
            await _check_put_away(uow, actor, conversation, commands)
            return not any(
                one.state in _OPEN and one.type is intent.type and one.params == intent.params()
                for one in commands
            )
        case _:
            pass
    return True


async def is_first_to_merge(
    uow: UnitOfWork, actor: Actor, conversation_id: ConversationId, into_id: ConversationId
) -> bool:
    """The same for a merge: False where the same person merged it there already.

    Raises `NotFound`, and `Overtaken` where somebody else merged it, or it was merged elsewhere.
    """
    conversation = await uow.conversations.lock(conversation_id)
    commands = await uow.commands.of_conversation(conversation_id)
    last = _merge_of(commands)
    if conversation.merged_into_id == into_id and last and _own(actor, last.requested_by_id):
        return False
    await _check_merged(uow, conversation, commands)
    return True


async def _check_merged(
    uow: UnitOfWork, conversation: Conversation, commands: Sequence[Command]
) -> None:
    """Raise `Overtaken` where its mails are in another conversation now, whoever did that."""
    if conversation.merged_into_id is None:
        return
    last = _merge_of(commands)
    by, at = (last.requested_by_id, last.settled_at) if last else (None, None)
    await _or_overtaken(uow, "merged this into another conversation", by, at, own=False)


def _merge_of(commands: Sequence[Command]) -> Command | None:
    done = (one for one in commands if one.state is CommandState.DONE)
    return next((one for one in done if one.type is CommandType.MERGE), None)


async def _check_put_away(
    uow: UnitOfWork, actor: Actor, conversation: Conversation, commands: Sequence[Command]
) -> None:
    """Raise `Overtaken` where somebody else is putting the mails away, or has."""
    done = {*_OPEN, CommandState.DONE}
    last = next((one for one in commands if one.type in _DOING and one.state in done), None)
    if last is None or _own(actor, last.requested_by_id):
        return
    doing, did = _DOING[last.type]
    if last.state in _OPEN:
        await _or_overtaken(uow, doing, last.requested_by_id, last.created_at, own=False)
    elif not await _is_at_work(uow, conversation):
        await _or_overtaken(uow, did, last.requested_by_id, last.settled_at, own=False)


async def _is_at_work(uow: UnitOfWork, conversation: Conversation) -> bool:
    """Whether a mail of the conversation lies where the team works."""
    placed = await uow.ledger.live_of_conversation(conversation.id)
    return any(mailbox.watched and mailbox.role not in _PUT_AWAY for _, mailbox in placed)


async def _or_overtaken(
    uow: UnitOfWork, did: str, by: TeammateId | None, at: datetime | None, *, own: bool
) -> bool:
    """False for one's own second click. Raises `Overtaken` for anybody else's first."""
    if own:
        return False
    people = await uow.teammates.get_many([by] if by else [])
    raise Overtaken(did, people.get(by) if by else None, at)


def _own(actor: Actor, teammate_id: TeammateId | None) -> bool:
    return teammate_id is not None and teammate_id == actor.teammate_id


def _latest(commands: Sequence[Command], type_: CommandType) -> datetime | None:
    return next((one.settled_at for one in commands if one.type is type_), None)
