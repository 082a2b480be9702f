"""Telling whoever asked for something of a mailbox that the mail server would not do it.

The card and a line in its thread say so to all; this is for the one who would otherwise not look
there again. Once for each time it was given up.
"""

from datetime import datetime
from uuid import uuid5

from app.core.errors import NotFound
from app.core.ids import CommandId, PostId, WorkspaceId
from app.feed.context import Feeding
from app.jobs.reaching import card_of, leave_direct, reach, reachable
from app.store.models import CommandState
from app.store.queue import Job
from app.store.telling import tell_asker


async def tell(feeding: Feeding, workspace_id: WorkspaceId, command_id: CommandId) -> None:
    """Write to them, or later where Slack cannot be asked now; nothing where it went on since."""
    async with feeding.store.begin(workspace_id) as uow:
        try:
            command = await uow.commands.get(command_id)
        except NotFound:
            return
        asker = await reachable(uow, command.requested_by_id)
        card = await card_of(uow, command.conversation_id)
    if asker is None or command.state is not CommandState.FAILED:
        return

    def again(at: datetime) -> Job:
        return tell_asker(workspace_id, command_id, not_before=at)

    reached = await reach(feeding, workspace_id, asker, card, again, since=command.settled_at)
    if reached is None or (direct := reached.direct) is None:
        return
    id_ = PostId(uuid5(command_id, f"failed:{command.settled_at}"))
    told = {"command_id": str(command_id), "link": reached.link}
    async with feeding.store.begin(workspace_id) as uow:
        await leave_direct(uow, id_, direct, told, command.conversation_id)
