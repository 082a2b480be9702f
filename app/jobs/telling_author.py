"""Telling whoever asked for a mail that it was not sent, or not to everybody, or that nobody knows.

The line in the thread says so to all; this is for the one who would otherwise not look there again.
"""

from datetime import datetime
from typing import Final
from uuid import uuid5

from app.core.errors import NotFound
from app.core.ids import OutgoingId, PostId, WorkspaceId
from app.feed.context import Feeding
from app.jobs.reaching import card_of, leave_direct, reach, reachable
from app.store.models import OutgoingState
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
        author = await reachable(uow, outgoing.requested_by_id)
        card = await card_of(uow, outgoing.conversation_id)
    if author is None or outgoing.state not in _ENDED:
        return

    def again(at: datetime) -> Job:
        return tell_author(workspace_id, outgoing_id, not_before=at)

    reached = await reach(feeding, workspace_id, author, card, again, since=outgoing.settled_at)
    if reached is None or (direct := reached.direct) is None:
        return
    id_ = PostId(uuid5(outgoing_id, str(outgoing.settled_at)))
    told = {"outgoing_id": str(outgoing_id), "link": reached.link}
    async with feeding.store.begin(workspace_id) as uow:
        await leave_direct(uow, id_, direct, told, outgoing.conversation_id)
