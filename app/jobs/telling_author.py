"""Telling whoever asked for a mail that it was not sent, or not to everybody, or that nobody knows.

The line in the thread says so to all; this is for the one who would otherwise not look there again.
"""

from datetime import datetime
from typing import Final
from uuid import uuid5

from app.core.errors import NotFound
from app.core.ids import OutgoingId, PostId, WorkspaceId
from app.feed.context import Feeding
from app.jobs.reaching import card_of, reach
from app.store.models import OutgoingState, PostKind
from app.store.new import NewPost
from app.store.queue import Job
from app.store.telling import tell_author

_ENDED: Final = frozenset({OutgoingState.FAILED, OutgoingState.UNKNOWN, OutgoingState.SENT})


async def tell(feeding: Feeding, workspace_id: WorkspaceId, outgoing_id: OutgoingId) -> None:
    """Write to its author once for each time it ended, or later where Slack cannot be asked now."""
    async with feeding.store.begin(workspace_id) as uow:
        try:
            outgoing = await uow.outgoing.get(outgoing_id)
        except NotFound:
            return
        author_id = outgoing.requested_by_id
        people = await uow.teammates.get_many([author_id] if author_id else [])
        author = people.get(author_id) if author_id else None
        card = await card_of(uow, outgoing.conversation_id)
    if author is None or author.slack_user_id is None or outgoing.state not in _ENDED:
        return

    def again(at: datetime) -> Job:
        return tell_author(workspace_id, outgoing_id, not_before=at)

    reached = await reach(feeding, workspace_id, author, card, again, since=outgoing.settled_at)
    if reached is None or (direct := reached.direct) is None:
        return
    post = NewPost(
        workspace_id=workspace_id,
        id=PostId(uuid5(outgoing_id, str(outgoing.settled_at))),
        channel_id=direct,
        kind=PostKind.DIRECT,
        conversation_id=outgoing.conversation_id,
        payload={"outgoing_id": str(outgoing_id), "link": reached.link},
    )
    async with feeding.store.begin(workspace_id) as uow:
        await uow.posts.add_all([post])
        uow.feed_is_due(direct)
