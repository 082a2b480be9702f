"""Giving a conversation to somebody, with a word about it.

Whoever gets it from somebody else is told directly; who takes it needs to be told nothing.
"""

from datetime import datetime

from app.commands.change import change_conversation
from app.commands.notes import keep_note
from app.commands.types import Assign
from app.core.access import Actor
from app.core.ids import ConversationId, TeammateId
from app.store.models import Command
from app.store.telling import tell_assignee
from app.store.unit_of_work import UnitOfWork


async def assign(
    uow: UnitOfWork,
    actor: Actor,
    conversation_id: ConversationId,
    assignee_id: TeammateId | None,
    *,
    now: datetime,
    note: str = "",
) -> Command | None:
    """None where they have it already; the note is kept all the same. Raises `NotFound`."""
    note_id = (await keep_note(uow, actor, conversation_id, note)).id if note else None
    intent = Assign(assignee_id, note_id)
    command = await change_conversation(uow, actor, conversation_id, intent, now=now)
    if command is not None and assignee_id is not None and assignee_id != actor.teammate_id:
        await uow.session.flush()
        uow.leave(tell_assignee(uow.workspace_id, command.id))
    return command
