"""The stale guard: whoever sends an answer has seen everything that came before it.

What counts is what was there when the writer looked, not when it says it was written. Slack's
window remembers what stood there as it was drawn (`seen_now`), so a mail that was on its way into
the database at that moment has no place in the count and is noticed. A script names the newest mail
it has seen (`check_seen`): it knows what had come into the database when that one had.
"""

from dataclasses import dataclass
from datetime import datetime

from app.core.errors import Conflict, InvalidInput
from app.core.ids import ConversationId, MessageId, OutgoingId
from app.sending.wanted import Wanted
from app.store.models import Conversation, Direction, Message
from app.store.unit_of_work import UnitOfWork

SeenId = MessageId | OutgoingId


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
    is_on_the_way: bool = False
    """It has not left yet."""


class NewerMail(Conflict):
    """Somebody wrote since the writer looked. Who has seen `last_seen_id` has seen everything."""

    def __init__(self, newer: Newer, last_seen_id: SeenId) -> None:
        super().__init__(
            f"Meanwhile {newer.who} has written in this conversation; that mail is on its way."
            if newer.is_on_the_way
            else f"Meanwhile there is a newer mail in this conversation, from {newer.who}.",
            fix=f"Read it first, then send with last_seen_message_id {last_seen_id}.",
        )
        self.last_seen_id = last_seen_id


async def seen_now(uow: UnitOfWork, conversation_id: ConversationId) -> Seen:
    conversation = await uow.conversations.get(conversation_id)
    pending = await uow.outgoing.on_the_way(conversation_id)
    return Seen(conversation.message_count, tuple(one.id for one in pending))


async def newer_than(uow: UnitOfWork, conversation_id: ConversationId, seen: Seen) -> Newer | None:
    """What the writer has not seen; None where they have seen it all.

    Holds the conversation until we commit, so that of two who send at once one is told.
    """
    conversation = await uow.conversations.lock(conversation_id)
    known = set(seen.on_the_way)
    for outgoing in await uow.outgoing.on_the_way(conversation_id):
        if outgoing.id not in known:
            return Newer(
                outgoing.author,
                outgoing.created_at,
                outgoing.text,
                is_ours=True,
                is_on_the_way=True,
            )
    became = sum(one.message_id is not None for one in await uow.outgoing.get_many(seen.on_the_way))
    if conversation.message_count - seen.messages <= became:
        return None
    found = await uow.messages.last_to_come(conversation_id)
    if found is None:
        return None
    return Newer(
        who=found.from_name or found.from_address,
        at=found.received_at,
        text=found.excerpt or found.body,
        is_ours=found.direction is Direction.OUTBOUND,
    )


async def check_seen(uow: UnitOfWork, wanted: Wanted) -> None:
    """Raise `NewerMail` where somebody who says what they have seen last has not seen everything.

    Raises `NotFound`, and `InvalidInput` for a mail of another conversation: it proves nothing.
    """
    if wanted.last_seen_id is None or wanted.conversation_id is None:
        return
    conversation = await uow.conversations.lock(wanted.conversation_id)
    seen = await _seen_with(uow, conversation, wanted.last_seen_id, wanted.instead_of_id)
    newer = await newer_than(uow, conversation.id, seen)
    if newer is not None:
        raise NewerMail(newer, await _last_of_all(uow, conversation.id) or wanted.last_seen_id)


async def _seen_with(
    uow: UnitOfWork,
    conversation: Conversation,
    last_seen_id: SeenId,
    instead_of_id: OutgoingId | None,
) -> Seen:
    """What was in the conversation when this mail had come. Imported history is no news."""
    moment = await _came_at(uow, conversation, last_seen_id)
    later = await uow.messages.came_after(conversation.id, moment)
    ours = await uow.outgoing.were_on_the_way(conversation.id, moment)
    if instead_of_id is not None:
        ours = [*ours, instead_of_id]
    return Seen(conversation.message_count - later, tuple(ours))


async def _came_at(uow: UnitOfWork, conversation: Conversation, last_seen_id: SeenId) -> datetime:
    """When it came into the database: a mail of ours may be named before it is a message."""
    ours = await uow.outgoing.get_many([OutgoingId(last_seen_id)])
    seen = ours[0] if ours else await uow.messages.get(MessageId(last_seen_id))
    if seen.conversation_id != conversation.id:
        raise InvalidInput("That mail is not of this conversation.", field="last_seen_message_id")
    return seen.created_at


async def _last_of_all(uow: UnitOfWork, conversation_id: ConversationId) -> SeenId | None:
    """Whoever has seen this one has seen all there is."""
    pending = await uow.outgoing.on_the_way(conversation_id)
    last: Message | None = await uow.messages.last_to_come(conversation_id)
    newest = max(pending, key=lambda one: one.created_at, default=None)
    if newest is not None and (last is None or newest.created_at > last.created_at):
        return newest.id
    return last.id if last is not None else None
