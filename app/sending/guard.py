"""The stale guard: whoever sends an answer has seen everything that came before it.

What counts is what was there when the window was drawn, not when: a mail that was on its way into
the database at that moment has no place in the count and is noticed, whatever its time says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.ids import ConversationId, OutgoingId
from app.store.models import Direction, Outgoing, OutgoingState
from app.store.repositories.outgoing import OutgoingFilter
from app.store.unit_of_work import UnitOfWork

_LOOKED_AT = 20
_GIVEN_UP = frozenset({OutgoingState.CANCELLED, OutgoingState.FAILED})


@dataclass(frozen=True, slots=True)
class Seen:
    """What a writer has seen of a conversation."""

    messages: int = 0
    on_the_way: tuple[OutgoingId, ...] = ()
    """Mails of ours that had not become messages yet."""


@dataclass(frozen=True, slots=True)
class Newer:
    """A mail that came in, or was answered by a colleague, since the writer looked."""

    who: str
    at: datetime
    text: str
    is_ours: bool


async def seen_now(uow: UnitOfWork, conversation_id: ConversationId) -> Seen:
    conversation = await uow.conversations.get(conversation_id)
    pending = await _on_the_way(uow, conversation_id)
    return Seen(conversation.message_count, tuple(one.id for one in pending))


async def newer_than(uow: UnitOfWork, conversation_id: ConversationId, seen: Seen) -> Newer | None:
    """What the writer has not seen; None where they have seen it all.

    Holds the conversation until we commit, so that of two who send at once one is told.
    """
    conversation = await uow.conversations.lock(conversation_id)
    known = set(seen.on_the_way)
    for outgoing in await _on_the_way(uow, conversation_id):
        if outgoing.id not in known:
            return Newer(outgoing.author, outgoing.created_at, outgoing.text, is_ours=True)
    became = 0
    for id_ in seen.on_the_way:
        became += (await uow.outgoing.get(id_)).message_id is not None
    if conversation.message_count - seen.messages <= became:
        return None
    found = (await uow.messages.newest(conversation_id, limit=1))[0]
    return Newer(
        who=found.from_name or found.from_address,
        at=found.received_at,
        text=found.excerpt or found.body,
        is_ours=found.direction is Direction.OUTBOUND,
    )


async def _on_the_way(uow: UnitOfWork, conversation_id: ConversationId) -> Sequence[Outgoing]:
    wanted = OutgoingFilter(conversation_id=conversation_id)
    found = await uow.outgoing.page(wanted, before=None, limit=_LOOKED_AT)
    return [one for one in found if one.message_id is None and one.state not in _GIVEN_UP]
