"""Notes: what the team says among itself. They are kept and shown, and never mailed."""

from datetime import datetime

from app.core.access import Actor
from app.core.ids import AccountId, ChannelId, ConversationId
from app.store.models import Note, Post, PostKind, PostState
from app.store.new import NewPost
from app.store.unit_of_work import UnitOfWork


async def keep_note(
    uow: UnitOfWork, actor: Actor, conversation_id: ConversationId, text: str
) -> Note:
    """Keep a note that is shown by something else. Raises `NotFound`."""
    conversation = await uow.conversations.head(conversation_id)
    note = _note(uow, actor, conversation.id, text)
    await uow.notes.add(note)
    await uow.conversations.note_action(conversation.id)
    _tell(uow, note, "note.added", conversation.account_id)
    return note


async def write_note(
    uow: UnitOfWork, actor: Actor, conversation_id: ConversationId, text: str
) -> Note:
    """Keep a note that came by another door than Slack's, and show it in the card's thread.

    Raises `NotFound`.
    """
    note = await keep_note(uow, actor, conversation_id, text)
    for card in await uow.posts.cards_of([note.conversation_id]):
        post = NewPost(
            workspace_id=uow.workspace_id,
            channel_id=card.channel_id,
            kind=PostKind.NOTICE,
            conversation_id=note.conversation_id,
            payload={"note_id": str(note.id)},
        )
        await uow.posts.add_all([post])
        uow.feed_is_due(card.channel_id)
    return await uow.notes.get(note.id)


async def hear_note(
    uow: UnitOfWork,
    actor: Actor,
    card: Post,
    ts: str,
    text: str,
    *,
    edited_at: datetime | None = None,
) -> bool:
    """Keep what somebody typed in a card's thread; answers whether it is the first they typed."""
    assert card.conversation_id is not None
    assert actor.teammate_id is not None
    is_first = not await uow.notes.has_typed(actor.teammate_id)
    conversation = await uow.conversations.head(card.conversation_id)
    note = _note(uow, actor, conversation.id, text)
    note.channel_id, note.ts, note.edited_at = card.channel_id, ts, edited_at
    if not await uow.notes.add(note):
        return False
    await uow.conversations.note_action(conversation.id)
    _tell(uow, note, "note.added", conversation.account_id)
    return is_first


async def edit_note(
    uow: UnitOfWork, channel_id: ChannelId, ts: str, text: str, *, at: datetime
) -> bool:
    """Follow an edit in Slack; answers whether it is of a note of ours.

    One that was overtaken by a later edit changes nothing any more.
    """
    note = await uow.notes.lock_message(channel_id, ts)
    if note is None:
        return False
    is_late = note.edited_at is not None and at < note.edited_at
    if note.text == text or note.deleted_at is not None or is_late:
        return True
    note.text, note.edited_at = text, at
    conversation = await uow.conversations.get(note.conversation_id)
    _tell(uow, note, "note.edited", conversation.account_id)
    return True


async def delete_note(uow: UnitOfWork, channel_id: ChannelId, ts: str, *, now: datetime) -> None:
    """Follow a deletion in Slack: what it said is forgotten, that there was one is not."""
    note = await uow.notes.lock_message(channel_id, ts)
    if note is None or note.deleted_at is not None:
        return
    note.text, note.deleted_at = "", now
    conversation = await uow.conversations.get(note.conversation_id)
    _tell(uow, note, "note.deleted", conversation.account_id)


async def find_card(uow: UnitOfWork, channel_id: ChannelId, thread_ts: str) -> Post | None:
    """The card in whose thread something was said; None where it is no thread of ours."""
    post = await uow.posts.by_ts(channel_id, thread_ts)
    is_card = post is not None and post.kind is PostKind.CARD and post.state is PostState.SENT
    return post if is_card else None


def _note(uow: UnitOfWork, actor: Actor, conversation_id: ConversationId, text: str) -> Note:
    return Note(
        workspace_id=uow.workspace_id,
        conversation_id=conversation_id,
        author_id=actor.teammate_id,
        author_name=actor.name,
        origin=actor.origin,
        text=text,
    )


def _tell(uow: UnitOfWork, note: Note, event: str, account_id: AccountId) -> None:
    uow.emit(
        event,
        account_id=account_id,
        conversation_id=note.conversation_id,
        note_id=str(note.id),
        author_id=str(note.author_id) if note.author_id else None,
    )
