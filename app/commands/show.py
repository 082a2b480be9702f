"""Showing the team what a mail brought: its files, or the mail itself, in the thread of its card.

Each stands there once, however often it is asked for.
"""

from collections.abc import Sequence
from typing import Final
from uuid import uuid5

from app.core.errors import Conflict
from app.core.ids import ConversationId, MessageId, PostId
from app.store.models import Exposure, Post, PostKind, PostState
from app.store.new import NewPost
from app.store.unit_of_work import UnitOfWork

_MOST_MAILS = 20
_MOST_FILES = 20
_SHOW_FILES: Final = frozenset({Exposure.FULL, Exposure.LINES})


async def show_files(uow: UnitOfWork, conversation_id: ConversationId) -> int:
    """The files of its latest mails; answers how many. Raises `NotFound` and `Conflict`."""
    await uow.conversations.get(conversation_id)
    messages = await uow.messages.newest(conversation_id, limit=_MOST_MAILS)
    found = await uow.messages.attachments(one.id for one in messages)
    files = [(file.message_id, file.n) for file in found if not file.inline][:_MOST_FILES]
    if not files:
        raise Conflict("No mail of this conversation brought files.")
    return await _attach(uow, conversation_id, files, _SHOW_FILES)


async def show_original(uow: UnitOfWork, conversation_id: ConversationId) -> int:
    """The newest mail as the server has it. Raises `NotFound` and `Conflict`."""
    await uow.conversations.get(conversation_id)
    messages = await uow.messages.newest(conversation_id, limit=1)
    if not messages:
        raise Conflict("There is no mail in this conversation.")
    wanted = [(messages[0].id, None)]
    return await _attach(uow, conversation_id, wanted, frozenset({Exposure.FULL}))


async def _attach(
    uow: UnitOfWork,
    conversation_id: ConversationId,
    wanted: Sequence[tuple[MessageId, int | None]],
    where: frozenset[Exposure],
) -> int:
    there = await uow.posts.cards_of([conversation_id])
    cards = [one for one in there if (await uow.channels.get(one.channel_id)).exposure in where]
    if there and not cards:
        raise Conflict(
            "This channel shows less of a mail than that.", fix="Read it by Show full mail."
        )
    posts = [
        _post(uow, card, message_id, n)
        for card in cards
        if card.state is PostState.SENT
        for message_id, n in wanted
    ]
    known = await uow.posts.known(post.id for post in posts)
    missing = [post for post in posts if post.id not in known]
    again = [post for post in known.values() if _is_left_out(post)]
    if posts and not missing and not again:
        raise Conflict("It stands in the thread already.")
    for parked in again:
        parked.state, parked.detail, parked.ts = PostState.WAITING, "", None
        parked.payload = {"n": parked.payload.get("n"), "since": parked.attempts}
    await uow.posts.add_all(missing)
    for card in cards:
        uow.feed_is_due(card.channel_id)
    return len(missing) + len(again)


def _is_left_out(post: Post) -> bool:
    """Slack did not take it, or has a line in its place: it may be asked for once more."""
    is_line = post.state is PostState.SENT and bool(post.payload.get("plain"))
    return post.state is PostState.PARKED or is_line


def _post(uow: UnitOfWork, card: Post, message_id: MessageId, n: int | None) -> NewPost:
    return NewPost(
        workspace_id=uow.workspace_id,
        id=PostId(uuid5(message_id, f"{card.channel_id}:{n}")),
        channel_id=card.channel_id,
        kind=PostKind.FILE,
        conversation_id=card.conversation_id,
        message_id=message_id,
        payload={"n": n},
    )
