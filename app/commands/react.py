"""What an emoji on a card asks for, and what taking it away takes back.

A reaction is a wish like a button's, so whoever comes second is told so and changes nothing. Taking
it away undoes what the same person asked for last, as long as nobody decided otherwise since: a
conversation that was reopened in between is not reopened once more.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.commands.overtaken import change_if_first, enqueue_if_first
from app.commands.types import ConversationIntent, MailIntent
from app.commands.undo import undo
from app.core.access import Actor
from app.core.ids import ConversationId
from app.store.models import CommandState, CommandType
from app.store.unit_of_work import UnitOfWork


class Emoji(StrEnum):
    """By the names that Slack gives them."""

    ASSIGN_ME = "eyes"
    DONE = "white_check_mark"
    SNOOZE = "zzz"
    DELETE = "wastebasket"
    FLAG = "pushpin"


_WISH: Final[Mapping[Emoji, CommandType]] = {
    Emoji.ASSIGN_ME: CommandType.ASSIGN,
    Emoji.DONE: CommandType.DONE,
    Emoji.SNOOZE: CommandType.SNOOZE,
    Emoji.DELETE: CommandType.DELETE,
    Emoji.FLAG: CommandType.FLAG,
}
_MOVING: Final = frozenset({
    CommandType.ARCHIVE, CommandType.DELETE, CommandType.MOVE, CommandType.SPAM,
    CommandType.RESTORE,
})  # fmt: skip
_DECIDING: Final[Mapping[Emoji, frozenset[CommandType]]] = {
    Emoji.ASSIGN_ME: frozenset({CommandType.ASSIGN}),
    Emoji.DONE: frozenset({CommandType.DONE, CommandType.REOPEN}),
    Emoji.SNOOZE: frozenset({CommandType.SNOOZE, CommandType.WAKE, CommandType.DONE}),
    Emoji.DELETE: _MOVING,
    Emoji.FLAG: frozenset({CommandType.FLAG, CommandType.UNFLAG, CommandType.RESTORE}),
}
"""Whichever of these came last decided what the emoji is about."""
_STANDS: Final = frozenset({CommandState.QUEUED, CommandState.RUNNING, CommandState.DONE})


async def react(
    uow: UnitOfWork,
    actor: Actor,
    conversation_id: ConversationId,
    intent: ConversationIntent | MailIntent,
    *,
    now: datetime,
) -> None:
    """Raises `NotFound`, `Conflict`, and `Overtaken` where somebody else was first."""
    if isinstance(intent, ConversationIntent):
        await change_if_first(uow, actor, conversation_id, intent, now=now)
    else:
        await enqueue_if_first(uow, actor, conversation_id, intent)


async def take_away(
    uow: UnitOfWork, actor: Actor, conversation_id: ConversationId, emoji: Emoji, *, now: datetime
) -> bool:
    """Whether there was something to take back. Raises `NotFound` and `Conflict`."""
    conversation = await uow.conversations.lock(conversation_id)
    if emoji is Emoji.ASSIGN_ME and conversation.assignee_id != actor.teammate_id:
        return False
    commands = await uow.commands.of_conversation(conversation_id)
    deciding = (one for one in commands if one.type in _DECIDING[emoji] and one.state in _STANDS)
    last = next(deciding, None)
    is_theirs = (
        last is not None and last.type is _WISH[emoji] and last.requested_by_id == actor.teammate_id
    )
    if last is None or not is_theirs:
        return False
    await undo(uow, actor, last.id, now=now)
    return True
