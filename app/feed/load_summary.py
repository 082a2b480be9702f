"""From the ids that a summary of the day names to what it shows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.core.errors import NotFound
from app.core.ids import ConversationId
from app.feed.view import ElsewhereView, SummaryPart
from app.store.models import Post
from app.store.unit_of_work import UnitOfWork


async def load_summary(uow: UnitOfWork, post: Post) -> tuple[SummaryPart, ...]:
    """Raises `NotFound` where all that it named is gone."""
    parts = [
        SummaryPart(told["part"], await _named(uow, told["first"]), told["count"])
        for told in post.payload["summary"]
    ]
    if not any(part.first for part in parts):
        raise NotFound("What the summary named is gone.")
    return tuple(part for part in parts if part.first)


async def _named(uow: UnitOfWork, told: Sequence[dict[str, Any]]) -> tuple[ElsewhereView, ...]:
    named = []
    for one in told:
        try:
            conversation = await uow.conversations.get(ConversationId(UUID(one["id"])))
        except NotFound:
            continue
        account = await uow.accounts.get(conversation.account_id)
        named.append(ElsewhereView(conversation.subject, account.address, one["link"]))
    return tuple(named)
