"""Putting new mails into conversations, and noting what they change about these.

`mail/threading.py` decides; this reads what it needs to know and writes down the result. Within a
portion each mail sees the ones before it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.core.ids import ConversationId, MessageId, new_id
from app.mail.parsed import Automatic
from app.mail.threading import (
    SUBJECT_WINDOW,
    Candidate,
    Decision,
    Reason,
    decide,
    has_reply_prefix,
    known_by,
    participants,
    subject_key,
)
from app.store.models import Account, Conversation, ConversationStatus, Direction, ReadPolicy
from app.store.new import NewConversation
from app.store.queue import mark_read
from app.store.unit_of_work import UnitOfWork
from app.sync.own import Sender
from app.sync.rows import Readable

_MOST_PARTICIPANTS: Final = 50
_NO_REPLIES: Final = frozenset({Automatic.REPLY, Automatic.GENERATED})
"""A bounce is one: whoever waits for an answer learns that none will come."""
AnyConversation = Conversation | NewConversation


async def find_conversations(
    uow: UnitOfWork,
    account: Account,
    sender: Sender,
    mails: Sequence[Readable],
    *,
    directions: Mapping[MessageId, Direction],
    history: bool,
) -> "Placed":
    """The conversation of each mail, made where it starts one, and changed by it.

    To be called after `Arriving.owned`, which keeps what is merged as it is.
    """
    threads = _Threads(uow, account, sender)
    await threads.read(mails)
    for one in mails:
        conversation = threads.place(one)
        direction = directions[one.message_id]
        _note(uow, conversation, one, sender, direction=direction, history=history)
    await threads.write()
    return Placed(threads.placed, frozenset(one.id for one in threads.new))


@dataclass(frozen=True, slots=True)
class Placed:
    """The conversation of each mail; and which of these were begun just now."""

    conversations: Mapping[MessageId, ConversationId]
    begun: frozenset[ConversationId]


class _Threads:
    """What is known about the conversations that a portion of mails may belong to."""

    def __init__(self, uow: UnitOfWork, account: Account, sender: Sender) -> None:
        self._uow = uow
        self._account = account
        self._sender = sender
        self._linked: dict[str, ConversationId] = {}
        self._new_links: dict[str, ConversationId] = {}
        self._by_id: dict[ConversationId, AnyConversation] = {}
        self._by_subject: defaultdict[str, list[AnyConversation]] = defaultdict(list)
        self.new: list[NewConversation] = []
        self.placed: dict[MessageId, ConversationId] = {}

    async def read(self, mails: Sequence[Readable]) -> None:
        ids = {id_ for one in mails for id_ in _ids(one)}
        linked = await self._uow.threads.linked(self._account.id, ids)
        keys = {
            subject_key(one.parsed.subject) for one in mails if has_reply_prefix(one.parsed.subject)
        }
        similar: Sequence[Conversation] = []
        if keys:
            since = min(one.received_at for one in mails) - SUBJECT_WINDOW
            similar = await self._uow.threads.with_subject(self._account.id, keys, since=since)
        # What would join a conversation that was merged joins the one that has its mails now.
        heads = {one.id: one.merged_into_id or one.id for one in similar}
        wanted = {*linked.values(), *heads.values()}
        self._by_id |= await self._uow.conversations.lock_many(wanted)
        self._linked = linked
        for one in similar:
            self._by_subject[one.subject_key].append(self._by_id[heads[one.id]])

    def place(self, one: Readable) -> AnyConversation:
        decision = self._decide(one)
        if decision.conversation is not None:
            conversation = self._by_id[decision.conversation]
        else:
            conversation = self._start(one)
        for id_ in _ids(one):
            if id_ not in self._linked:
                self._linked[id_] = self._new_links[id_] = conversation.id
        self.placed[one.message_id] = conversation.id
        return conversation

    def _decide(self, one: Readable) -> Decision:
        own = one.parsed.internet_message_id
        if own is not None and own in self._linked:
            # An answer to it came in first, and told us of it.
            return Decision(self._linked[own], Reason.REFERENCES)
        return decide(
            one.parsed,
            self._linked,
            [
                Candidate(other.id, other.participants, other.last_message_at)
                for other in self._by_subject[subject_key(one.parsed.subject)]
            ],
            arrived_at=one.received_at,
            own_addresses=self._sender.addresses,
        )

    def _start(self, one: Readable) -> NewConversation:
        conversation = NewConversation(
            workspace_id=self._account.workspace_id,
            id=ConversationId(new_id()),
            account_id=self._account.id,
            subject=one.parsed.subject,
            subject_key=subject_key(one.parsed.subject),
            first_message_at=one.received_at,
            last_message_at=one.received_at,
        )
        self.new.append(conversation)
        self._by_id[conversation.id] = conversation
        self._by_subject[conversation.subject_key].insert(0, conversation)
        return conversation

    async def write(self) -> None:
        await self._uow.conversations.add_all(self.new)
        await self._uow.threads.link(self._account.id, self._new_links)


def _ids(one: Readable) -> Iterable[str]:
    """Every Message-ID that a mail names: its own and those it refers to."""
    own = one.parsed.internet_message_id
    return (*known_by(one.parsed), *((own,) if own else ()))


def _note(
    uow: UnitOfWork,
    conversation: AnyConversation,
    one: Readable,
    sender: Sender,
    *,
    direction: Direction,
    history: bool,
) -> None:
    """What a mail changes about its conversation."""
    if direction is Direction.OUTBOUND and not history:
        _was_answered(uow, conversation, one, sender)
    conversation.message_count += 1
    conversation.version += 1
    conversation.first_message_at = min(conversation.first_message_at, one.received_at)
    conversation.last_message_at = max(conversation.last_message_at, one.received_at)
    people = dict.fromkeys(conversation.participants)
    people |= dict.fromkeys(sorted(participants(one.parsed, sender.addresses)))
    conversation.participants = list(people)[:_MOST_PARTICIPANTS]
    if conversation.message_count == 1 and (history or direction is Direction.OUTBOUND):
        # What was there before us, and what we write first, is nobody's work to do.
        conversation.status = ConversationStatus.DONE
    if history:
        return
    if direction is Direction.INBOUND:
        _may_wake(uow, conversation, one)
        _may_be_the_answer(uow, conversation, one)
    if direction is Direction.INBOUND and one.parsed.automatic is not Automatic.REPLY:
        # “I am away until Monday” is read by whoever looks, and nobody's work to do.
        _wants_attention(uow, conversation, one)


def _was_answered(
    uow: UnitOfWork, conversation: AnyConversation, one: Readable, sender: Sender
) -> None:
    """Somebody of us wrote to the people who wait. What came after that mail waits still."""
    waiting = conversation.waiting_since
    is_answer = one.parsed.automatic is None and sender.wrote_to_others(one.parsed)
    if waiting is None or one.received_at < waiting or not is_answer:
        return
    latest = conversation.last_message_at
    conversation.waiting_since = latest if latest > one.received_at else None
    conversation.reminded_of = None
    if conversation.waiting_since is None:
        conversation.answered_at = one.received_at
        uow.leave(mark_read(uow.workspace_id, conversation.id, ReadPolicy.ANSWERED))
    uow.emit(
        "conversation.answered",
        account_id=conversation.account_id,
        conversation_id=conversation.id,
        message_id=str(one.message_id),
    )


def _wants_attention(uow: UnitOfWork, conversation: AnyConversation, one: Readable) -> None:
    if conversation.status is ConversationStatus.DONE:
        conversation.status = ConversationStatus.OPEN
        conversation.done_by_id = conversation.done_at = conversation.waiting_since = None
        uow.emit(
            "conversation.reopened",
            account_id=conversation.account_id,
            conversation_id=conversation.id,
            status=conversation.status,
        )
    if conversation.waiting_since is None:
        conversation.waiting_since, conversation.reminded_of = one.received_at, None


def _may_be_the_answer(uow: UnitOfWork, conversation: AnyConversation, one: Readable) -> None:
    """A person has written: nobody has to be told that no answer came."""
    if one.parsed.automatic in _NO_REPLIES:
        return
    if conversation.follow_up_at is not None:
        uow.emit(
            "conversation.follow_up_answered",
            account_id=conversation.account_id,
            conversation_id=conversation.id,
            message_id=str(one.message_id),
        )
    conversation.follow_up_at = conversation.follow_up_by_id = None
    conversation.no_answer_since = conversation.answered_at = None


def _may_wake(uow: UnitOfWork, conversation: AnyConversation, one: Readable) -> None:
    """What sleeps until they reply is woken by a person's mail, not by an out-of-office note."""
    if not conversation.snoozed_until_reply or one.parsed.automatic in _NO_REPLIES:
        return
    conversation.snoozed_until = conversation.snoozed_by_id = None
    conversation.snoozed_until_reply = False
    uow.emit(
        "conversation.woke",
        account_id=conversation.account_id,
        conversation_id=conversation.id,
        reason="reply",
        message_id=str(one.message_id),
    )
