"""Changing what the team keeps about a conversation: done at once, where it is asked for.

It is written down like every other wish, as a command that is done already, with what undoes it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.commands.types import (
    Assign,
    ConversationIntent,
    Done,
    FollowUp,
    Reopen,
    Snooze,
    Tag,
    Wake,
)
from app.core.access import Actor
from app.core.errors import Conflict
from app.core.ids import ConversationId, TeammateId
from app.store.models import (
    Command,
    CommandState,
    CommandType,
    Conversation,
    ConversationStatus,
    ReadPolicy,
)
from app.store.queue import mark_read
from app.store.unit_of_work import UnitOfWork

_ANOTHER_STANDING: Final = frozenset({
    CommandType.ASSIGN, CommandType.DONE, CommandType.REOPEN, CommandType.SNOOZE, CommandType.WAKE,
})  # fmt: skip
"""After these, somebody may be reminded of it again."""
_OF_NOBODY: Final = frozenset({"reminded_of"})
"""Of what `kept` names, what no person decides."""
_STEPS: Final = {
    "conversation.assigned": ReadPolicy.ASSIGNED,
    "conversation.done": ReadPolicy.DONE,
}
"""At these its mail may count as read."""


async def change_conversation(
    uow: UnitOfWork,
    actor: Actor,
    conversation_id: ConversationId,
    intent: ConversationIntent,
    *,
    now: datetime,
) -> Command | None:
    """Carry out the intent; None where it changes nothing. Raises `NotFound` and `Conflict`."""
    conversation = await uow.conversations.lock(conversation_id)
    return await change_locked(uow, actor, conversation, intent, now=now)


async def change_locked(
    uow: UnitOfWork,
    actor: Actor,
    conversation: Conversation,
    intent: ConversationIntent,
    *,
    now: datetime,
) -> Command | None:
    """The same of a conversation that is held against other changes. Raises `Conflict`."""
    check_not_merged(conversation)
    before = kept(conversation)
    event = _apply(conversation, actor, intent, now)
    if event is None:
        return None
    if intent.type in _ANOTHER_STANDING:
        conversation.reminded_of = None
    conversation.acted_at = now
    after = kept(conversation)
    command = Command(
        workspace_id=uow.workspace_id,
        account_id=conversation.account_id,
        conversation_id=conversation.id,
        type=intent.type,
        params=intent.params(),
        inverse={name: value for name, value in before.items() if value != after[name]},
        origin=actor.origin,
        requested_by_id=actor.teammate_id,
        state=CommandState.DONE,
        settled_at=now,
    )
    await changed(uow, conversation, event)
    await uow.commands.add(command)
    if (step := _STEPS.get(event)) is not None:
        account = await uow.accounts.get(conversation.account_id)
        if account.mark_read.includes(step):
            uow.leave(mark_read(uow.workspace_id, conversation.id, step))
    return command


def check_not_merged(conversation: Conversation) -> None:
    """Raises `Conflict`."""
    if conversation.merged_into_id is not None:
        raise Conflict(
            "This was merged into another conversation.", fix="Go on there; its card has the link."
        )


async def take_back(uow: UnitOfWork, command: Command) -> None:
    """Give the conversation back what the command's `inverse` kept.

    Raises `NotFound`, and `Conflict` where somebody has decided otherwise since.
    """
    assert command.conversation_id is not None
    conversation = await uow.conversations.lock(command.conversation_id)
    check_not_merged(conversation)
    if set(command.inverse) & await uow.commands.changed_since(command) - _OF_NOBODY:
        raise Conflict(
            "Somebody has changed the same since then.",
            fix="Undo what came later first, or set it as it should be.",
        )
    restore(conversation, command.inverse)
    await changed(uow, conversation, "conversation.change_undone")


def restore(conversation: Conversation, values: Mapping[str, Any]) -> None:
    """Give it back what `kept` wrote down; what is no value of those is left alone."""
    for name, value in values.items():
        if name in _READ:
            setattr(conversation, name, _READ[name](value))


async def changed(
    uow: UnitOfWork,
    conversation: Conversation,
    event: str,
    **more: str,
) -> None:
    """Tell whoever follows the conversation that it is different now."""
    conversation.version += 1
    uow.emit(
        event,
        account_id=conversation.account_id,
        conversation_id=conversation.id,
        status=conversation.status,
        assignee_id=_text(conversation.assignee_id),
        snoozed_until=_time(conversation.snoozed_until),
        snoozed_until_reply=conversation.snoozed_until_reply,
        **more,
    )
    await uow.cards_are_stale([conversation.id])


def _apply(
    conversation: Conversation, actor: Actor, intent: ConversationIntent, now: datetime
) -> str | None:
    """Make the change; answers the event that tells of it, None where nothing changed."""
    is_done = conversation.status is ConversationStatus.DONE
    match intent:
        case Assign(assignee_id) if assignee_id != conversation.assignee_id:
            conversation.assignee_id = assignee_id
            conversation.assigned_at = now
            return "conversation.assigned" if assignee_id else "conversation.unassigned"
        case Done() if not is_done:
            conversation.status = ConversationStatus.DONE
            conversation.done_by_id, conversation.done_at = actor.teammate_id, now
            conversation.wake_up()
            return "conversation.done"
        case Reopen() if is_done:
            conversation.status = ConversationStatus.OPEN
            conversation.done_by_id = conversation.done_at = None
            return "conversation.reopened"
        case Tag(tags) if list(tags) != conversation.tags:
            conversation.tags = list(tags)
            return "conversation.tagged"
        case Snooze() if is_done:
            raise Conflict("This is done, so it cannot be snoozed.", fix="Reopen it first.")
        case Snooze(until, until_reply):
            if (until, until_reply) == (
                conversation.snoozed_until,
                conversation.snoozed_until_reply,
            ):
                return None
            conversation.snoozed_until, conversation.snoozed_until_reply = until, until_reply
            conversation.snoozed_by_id = actor.teammate_id
            return "conversation.snoozed"
        case FollowUp(at) if at != conversation.follow_up_at:
            conversation.follow_up_at = at
            conversation.follow_up_by_id = actor.teammate_id if at else None
            conversation.no_answer_since = None
            return "conversation.follow_up_set" if at else "conversation.follow_up_dropped"
        case Wake() if conversation.is_snoozed:
            conversation.wake_up()
            return "conversation.woke"
        case _:
            return None


def kept(conversation: Conversation) -> dict[str, Any]:
    """Everything an intent may change, as JSON can say it."""
    return {
        "status": conversation.status,
        "assignee_id": _text(conversation.assignee_id),
        "done_by_id": _text(conversation.done_by_id),
        "done_at": _time(conversation.done_at),
        "tags": conversation.tags,
        "snoozed_until": _time(conversation.snoozed_until),
        "snoozed_until_reply": conversation.snoozed_until_reply,
        "snoozed_by_id": _text(conversation.snoozed_by_id),
        "follow_up_at": _time(conversation.follow_up_at),
        "follow_up_by_id": _text(conversation.follow_up_by_id),
        "no_answer_since": _time(conversation.no_answer_since),
        "waiting_since": _time(conversation.waiting_since),
        "answered_at": _time(conversation.answered_at),
        "assigned_at": _time(conversation.assigned_at),
        "reminded_of": conversation.reminded_of,
    }


def _text(teammate_id: TeammateId | None) -> str | None:
    return str(teammate_id) if teammate_id else None


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _teammate(text: str | None) -> TeammateId | None:
    return TeammateId(UUID(text)) if text else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _same(value: str | None) -> str | None:
    return value


_READ: Final[dict[str, Callable[[Any], Any]]] = {
    "status": ConversationStatus,
    "assignee_id": _teammate,
    "done_by_id": _teammate,
    "done_at": _moment,
    "tags": list,
    "snoozed_until": _moment,
    "snoozed_until_reply": bool,
    "snoozed_by_id": _teammate,
    "follow_up_at": _moment,
    "follow_up_by_id": _teammate,
    "no_answer_since": _moment,
    "waiting_since": _moment,
    "answered_at": _moment,
    "assigned_at": _moment,
    "reminded_of": _same,
}
"""How what `kept` wrote is read back."""
