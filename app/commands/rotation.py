"""Giving a conversation to a group: to the member whose turn it is, of those who are there.

Whoever got one longest ago is next, and who never got one before all others. Who is passed over
because they are away keeps their turn, and is first once they are back.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.core.access import Actor
from app.core.ids import ConversationId, SlackUserId, new_id
from app.store.queue import assign_by_turns
from app.store.unit_of_work import UnitOfWork


def by_turns(
    members: Sequence[SlackUserId], turns: Mapping[SlackUserId, datetime]
) -> list[SlackUserId]:
    """The members in the order of their turns."""
    place = {user: n for n, user in enumerate(members)}
    never = [one for one in members if one not in turns]
    had = sorted((one for one in members if one in turns), key=lambda one: (turns[one], place[one]))
    return [*never, *had]


async def ask_for_turn(
    uow: UnitOfWork, actor: Actor, conversation_id: ConversationId, group_id: str, group: str
) -> None:
    """Have it given to whoever's turn it is. Who is there is asked of Slack, by a worker.

    Raises `NotFound`.
    """
    conversation = await uow.conversations.head(conversation_id)
    job = assign_by_turns(
        uow.workspace_id,
        conversation.id,
        group_id,
        group,
        actor.teammate_id,
        actor.origin,
        str(new_id()),
    )
    uow.leave(job)
