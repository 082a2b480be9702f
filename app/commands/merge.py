"""Merging a conversation into another one, splitting a mail off, and taking either back.

A merged conversation keeps its row and its card, which says where it went; its mails, notes and
answers belong to the other one from then on, and so does whatever comes later. Several that were
merged one after the other all point at the last, so there is never a chain to follow. Splitting is
the same the other way round: the mail gets a conversation of its own, and Undo merges that back.

Of two people who merge at once in a workspace one is first, and the other finds a merged one; mail
that comes in waits for them, and they for it.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from app.commands.change import changed, check_not_merged, kept, restore
from app.core.access import Actor
from app.core.errors import Conflict, NotFound
from app.core.ids import ConversationId, MessageId, PostId, new_id
from app.mail.threading import subject_key
from app.store.models import (
    Command,
    CommandState,
    CommandType,
    Conversation,
    ConversationStatus,
    Direction,
    Message,
    Post,
    PostKind,
)
from app.store.new import NewConversation, NewPost
from app.store.unit_of_work import UnitOfWork

MOST_MAILS: Final = 2000
_MOST_PARTICIPANTS: Final = 50
_LOOKED_AT: Final = 500


async def merge(
    uow: UnitOfWork,
    actor: Actor,
    source_id: ConversationId,
    target_id: ConversationId,
    *,
    now: datetime,
) -> Command:
    """Put everything of `source` into `target`, whichever account and channel that is of.

    Raises `NotFound`, and `Conflict` where it cannot be or was done already.
    """
    if source_id == target_id:
        raise Conflict("A conversation cannot be merged into itself.", fix="Choose another one.")
    source, target = await _both(uow, source_id, target_id)
    check_not_merged(source)
    if target.merged_into_id is not None:
        raise Conflict(
            "The conversation you chose was itself merged into another one.",
            fix="Merge this one into that.",
        )
    if source.message_count > MOST_MAILS:
        raise Conflict(f"More than {MOST_MAILS} mails are too many to be merged.")
    command = _command(uow, actor, source, CommandType.MERGE, {"into_id": str(target_id)}, now)
    command.inverse = await _join(uow, actor, source, target, now)
    await uow.commands.add(command)
    await _tell_in_threads(uow, target_id, command)
    return command


async def split(
    uow: UnitOfWork,
    actor: Actor,
    conversation_id: ConversationId,
    message_id: MessageId,
    *,
    now: datetime,
) -> Command:
    """Give one mail a conversation and a card of its own. Raises `NotFound` and `Conflict`."""
    await uow.merging.begin()
    conversation = await uow.conversations.lock(conversation_id)
    check_not_merged(conversation)
    message = await uow.messages.get(message_id)
    if message.conversation_id != conversation_id:
        raise NotFound("There is no such mail in this conversation.")
    if (await uow.merging.count(conversation_id)).mails < 2:
        raise Conflict("This is the only mail of its conversation, so there is nothing to split.")
    new = _of_its_own(conversation, message)
    await uow.conversations.add_all([new])
    await uow.merging.take_message(message_id, conversation_id, new.id)
    if message.internet_message_id:
        own = [(message.account_id, message.internet_message_id)]
        await uow.merging.take_links(conversation_id, new.id, own)
    params = {"into_id": str(new.id), "message_id": str(message_id)}
    command = _command(uow, actor, conversation, CommandType.SPLIT, params, now)
    await uow.commands.add(command)
    await _give_a_card(uow, conversation, message, new.id)
    await _recount(uow, conversation)
    conversation.waiting_since = await _still_waiting(uow, conversation)
    await changed(uow, conversation, "conversation.split", into_id=str(new.id))
    await changed(
        uow, await uow.conversations.get(new.id), "conversation.begun", from_id=str(conversation_id)
    )
    await _tell_in_threads(uow, conversation_id, command)
    return command


async def take_apart(uow: UnitOfWork, actor: Actor, command: Command, *, now: datetime) -> None:
    """Undo a merge or a split. Raises `Conflict` where one of both was merged on meanwhile."""
    assert command.conversation_id is not None
    into_id = ConversationId(UUID(command.params["into_id"]))
    mine, other = await _both(uow, command.conversation_id, into_id)
    if command.type is CommandType.SPLIT:
        check_not_merged(other)
        check_not_merged(mine)
        await _join(uow, actor, other, mine, now)
    else:
        if mine.merged_into_id != into_id or other.merged_into_id is not None:
            raise Conflict("It was merged on meanwhile.", fix="Undo that first.")
        await _part(uow, command.inverse, mine, other)
    for card in await uow.posts.cards_of([mine.id, other.id]):
        for channel_id in await uow.posts.refresh(_line_id(command, card)):
            uow.feed_is_due(channel_id)


async def _both(
    uow: UnitOfWork, one: ConversationId, other: ConversationId
) -> tuple[Conversation, Conversation]:
    await uow.merging.begin()
    for id_ in sorted((one, other)):
        await uow.merging.lock_outgoing(id_)
    locked = await uow.conversations.lock_many([one, other])
    if len(locked) != 2:
        raise NotFound("There is no such conversation.")
    return locked[one], locked[other]


async def _join(
    uow: UnitOfWork, actor: Actor, source: Conversation, target: Conversation, now: datetime
) -> dict[str, Any]:
    """Answers what undoes it."""
    before = {"source": _all_of(source), "target": _all_of(target)}
    moved = await uow.merging.take_all(source.id, target.id)
    links = await uow.merging.take_links(source.id, target.id)
    _combine(source, target)
    source.merged_into_id, source.status = target.id, ConversationStatus.DONE
    source.done_by_id, source.done_at = actor.teammate_id, now
    source.waiting_since = source.follow_up_at = source.answered_at = None
    source.follow_up_by_id = source.no_answer_since = None
    source.acted_at = target.acted_at = now
    target.reminded_of = None
    source.wake_up()
    for one in (source, target):
        await _recount(uow, one)
    await changed(uow, source, "conversation.merged", into_id=str(target.id))
    await changed(uow, target, "conversation.grown", from_id=str(source.id))
    return {**before, "after": _all_of(target), "moved": moved, "links": links}


async def _part(
    uow: UnitOfWork, inverse: dict[str, Any], source: Conversation, target: Conversation
) -> None:
    await uow.merging.give_back(inverse["moved"], source.id, target.id)
    by_account = [(UUID(account), name) for account, name in inverse["links"]]
    await uow.merging.take_links(target.id, source.id, by_account)  # type: ignore[arg-type]
    source.merged_into_id = None
    restore(source, inverse["source"])
    source.participants = inverse["source"]["participants"]
    now_kept, after, before = _all_of(target), inverse["after"], inverse["target"]
    lists = {"tags", "participants"}
    restore(
        target,
        {
            name: value
            for name, value in before.items()
            if name not in lists and now_kept[name] == after[name]
        },
    )
    for name in lists:
        since = [one for one in now_kept[name] if one not in after[name]]
        setattr(target, name, [*before[name], *since])
    for one in (source, target):
        await _recount(uow, one)
        await changed(uow, one, "conversation.change_undone")


def _combine(source: Conversation, target: Conversation) -> None:
    """What the target becomes: open if either was, and with whoever has either."""
    if target.status is ConversationStatus.DONE and source.status is ConversationStatus.OPEN:
        target.status = ConversationStatus.OPEN
        target.done_by_id = target.done_at = None
    if target.assignee_id is None and source.assignee_id is not None:
        target.assignee_id, target.assigned_at = source.assignee_id, source.assigned_at
    waiting = [one for one in (source.waiting_since, target.waiting_since) if one]
    target.waiting_since = min(waiting, default=None)
    answered = [one for one in (source.answered_at, target.answered_at) if one]
    target.answered_at = None if waiting else max(answered, default=None)
    if target.follow_up_at is None:
        target.follow_up_at, target.follow_up_by_id = source.follow_up_at, source.follow_up_by_id
    target.tags = list(dict.fromkeys([*target.tags, *source.tags]))
    people = dict.fromkeys([*target.participants, *source.participants])
    target.participants = list(people)[:_MOST_PARTICIPANTS]


def _all_of(conversation: Conversation) -> dict[str, Any]:
    return {**kept(conversation), "participants": list(conversation.participants)}


async def _recount(uow: UnitOfWork, conversation: Conversation) -> None:
    counted = await uow.merging.count(conversation.id)
    conversation.message_count = counted.mails
    if counted.first_at is not None and counted.last_at is not None:
        conversation.first_message_at = counted.first_at
        conversation.last_message_at = counted.last_at


async def _still_waiting(uow: UnitOfWork, conversation: Conversation) -> datetime | None:
    """Since when the oldest mail waits that stayed, where one did."""
    since = conversation.waiting_since
    if since is None:
        return None
    newest = await uow.messages.newest(conversation.id, limit=_LOOKED_AT)
    return min(
        (
            one.received_at
            for one in newest
            if one.direction is Direction.INBOUND and one.received_at >= since
        ),
        default=None,
    )


def _of_its_own(conversation: Conversation, message: Message) -> NewConversation:
    since = conversation.waiting_since
    came_in = message.direction is Direction.INBOUND
    everybody = [message.from_address, *(str(one["address"]) for one in message.to)]
    people = {one.lower() for one in everybody} & set(conversation.participants)
    return NewConversation(
        workspace_id=conversation.workspace_id,
        id=ConversationId(new_id()),
        account_id=message.account_id,
        subject=message.subject,
        subject_key=subject_key(message.subject),
        first_message_at=message.received_at,
        last_message_at=message.received_at,
        participants=sorted(people),
        status=conversation.status,
        done_by_id=conversation.done_by_id,
        done_at=conversation.done_at,
        message_count=1,
        waiting_since=message.received_at
        if came_in and since is not None and message.received_at >= since
        else None,
    )


async def _give_a_card(
    uow: UnitOfWork, conversation: Conversation, message: Message, new_id_: ConversationId
) -> None:
    """In the channel of the old card, which shows another mail where it showed this one."""
    cards = await uow.posts.cards_of([conversation.id])
    account = await uow.accounts.get(message.account_id)
    channels = list(dict.fromkeys(card.channel_id for card in cards)) or [account.channel_id]
    for channel_id in channels:
        card = NewPost(
            workspace_id=uow.workspace_id,
            channel_id=channel_id,
            kind=PostKind.CARD,
            conversation_id=new_id_,
            message_id=message.id,
        )
        await uow.posts.add_all([card])
        uow.feed_is_due(channel_id)
    left = await uow.messages.of_conversation(conversation.id)
    came_in = [one for one in left if one.direction is Direction.INBOUND]
    for card_ in cards:
        if card_.message_id == message.id:
            card_.message_id = (came_in or left)[0].id


def _command(
    uow: UnitOfWork,
    actor: Actor,
    conversation: Conversation,
    type_: CommandType,
    params: dict[str, Any],
    now: datetime,
) -> Command:
    return Command(
        workspace_id=uow.workspace_id,
        account_id=conversation.account_id,
        conversation_id=conversation.id,
        type=type_,
        params=params,
        origin=actor.origin,
        requested_by_id=actor.teammate_id,
        state=CommandState.DONE,
        settled_at=now,
    )


async def _tell_in_threads(
    uow: UnitOfWork, conversation_id: ConversationId, command: Command
) -> None:
    """A line below each card of the conversation, with the way to the other one."""
    for card in await uow.posts.cards_of([conversation_id]):
        line = NewPost(
            workspace_id=uow.workspace_id,
            id=_line_id(command, card),
            channel_id=card.channel_id,
            kind=PostKind.NOTICE,
            conversation_id=conversation_id,
            payload={"rearranged_by": str(command.id)},
        )
        await uow.posts.add_all([line])
        uow.feed_is_due(card.channel_id)


def _line_id(command: Command, card: Post) -> PostId:
    return PostId(uuid5(command.id, str(card.id)))
