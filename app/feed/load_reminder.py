"""From conversations that have stood still to what tells of them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from app.core.errors import NotFound
from app.core.ids import ConversationId
from app.feed.load_rearranged import load_other
from app.feed.view import NudgeView, ReminderView
from app.store.models import Post
from app.store.repositories.reminders import Reason
from app.store.unit_of_work import UnitOfWork

_LISTED: Final = 10


async def load_reminder(uow: UnitOfWork, post: Post, site: str) -> ReminderView:
    """Those that still stand like that. Raises `NotFound` where none does: nothing is said then."""
    reason = Reason(post.payload["reason"])
    ids = [ConversationId(UUID(one)) for one in post.payload["ids"]]
    found = await uow.reminders.still(reason, ids)
    if not found and post.ts is None:
        raise NotFound("None of these stands still any more.")
    listed = [await load_other(uow, one.id, post.channel_id, site) for one in found[:_LISTED]]
    return ReminderView(reason, tuple(listed), len(found))


async def load_nudge(uow: UnitOfWork, post: Post, site: str) -> NudgeView:
    """Raises `NotFound`."""
    assert post.conversation_id is not None
    head = await uow.conversations.head(post.conversation_id)
    since = post.payload.get("since")
    ids = [ConversationId(UUID(one)) for one in post.payload.get("others") or ()]
    others = [
        await load_other(uow, one, post.channel_id, site)
        for one in await uow.conversations.heads(ids[: _LISTED - 1])
    ]
    return NudgeView(
        post.payload["nudge"],
        await load_other(uow, head.id, post.channel_id, site),
        datetime.fromisoformat(since) if since else None,
        tuple(others),
        1 + len(ids),
    )
