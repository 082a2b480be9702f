"""Changing what the team keeps about a conversation: done at once, where it is asked for.

It is written down like every other wish, as a command that is done already, with what undoes it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.commands.types import Assign, ConversationIntent, Done, Reopen
from app.core.access import Actor
from app.core.ids import ConversationId, TeammateId
from app.store.models import Command, CommandState, Conversation, ConversationStatus
from app.store.unit_of_work import UnitOfWork


async def change_conversation(
    uow: UnitOfWork,
    actor: Actor,
    conversation_id: ConversationId,
    intent: ConversationIntent,
    *,
    now: datetime,
) -> Command | None:
    """Carry out the intent; None where it changes nothing. Raises `NotFound`."""
    conversation = await uow.conversations.lock(conversation_id)
    inverse = _inverse(conversation)
    event = _apply(conversation, actor, intent, now)
    if event is None:
        return None
    command = Command(
        workspace_id=uow.workspace_id,
        account_id=conversation.account_id,
        conversation_id=conversation_id,
        type=intent.type,
        inverse=inverse,
        origin=actor.origin,
        requested_by_id=actor.teammate_id,
        state=CommandState.DONE,
        settled_at=now,
    )
    await uow.commands.add(command)
    await changed(uow, conversation, event)
    return command


async def take_back(uow: UnitOfWork, command: Command) -> None:
    """Give the conversation back what the command's `inverse` kept. Raises `NotFound`."""
    assert command.conversation_id is not None
    conversation = await uow.conversations.lock(command.conversation_id)
    kept = command.inverse
    conversation.assignee_id = _teammate(kept["assignee_id"])
    conversation.done_by_id = _teammate(kept["done_by_id"])
    conversation.done_at = datetime.fromisoformat(kept["done_at"]) if kept["done_at"] else None
    conversation.status = ConversationStatus(kept["status"])
    await changed(uow, conversation, "conversation.change_undone")


async def changed(uow: UnitOfWork, conversation: Conversation, event: str) -> None:
    """Tell whoever follows the conversation that it is different now."""
    conversation.version += 1
    uow.emit(
        event,
        account_id=conversation.account_id,
        conversation_id=conversation.id,
        status=conversation.status,
        assignee_id=str(conversation.assignee_id) if conversation.assignee_id else None,
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
            return "conversation.assigned" if assignee_id else "conversation.unassigned"
        case Done() if not is_done:
            conversation.status = ConversationStatus.DONE
            conversation.done_by_id, conversation.done_at = actor.teammate_id, now
            return "conversation.done"
        case Reopen() if is_done:
            conversation.status = ConversationStatus.OPEN
            conversation.done_by_id = conversation.done_at = None
            return "conversation.reopened"
        case _:
            return None


def _inverse(conversation: Conversation) -> dict[str, Any]:
    return {
        "status": conversation.status,
        "assignee_id": _text(conversation.assignee_id),
        "done_by_id": _text(conversation.done_by_id),
        "done_at": conversation.done_at.isoformat() if conversation.done_at else None,
    }


def _text(teammate_id: TeammateId | None) -> str | None:
    return str(teammate_id) if teammate_id else None


def _teammate(text: str | None) -> TeammateId | None:
    return TeammateId(UUID(text)) if text else None
