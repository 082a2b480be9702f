"""Telling whoever asked for something of a mailbox that the mail server would not do it.

The card and a line in its thread say so to all; this is for the one who would otherwise not look
there again. Once for each time it was given up.
"""

from datetime import datetime
from uuid import uuid5

from app.core.errors import NotFound
from app.core.ids import CommandId, PostId, WorkspaceId
from app.feed.context import Feeding
from app.jobs.reaching import card_of, reach
from app.store.models import CommandState, PostKind
from app.store.new import NewPost
from app.store.queue import Job
from app.store.telling import tell_asker


async def tell(feeding: Feeding, workspace_id: WorkspaceId, command_id: CommandId) -> None:
    """Write to them, or later where Slack cannot be asked now; nothing where it went on since."""
    async with feeding.store.begin(workspace_id) as uow:
        try:
            command = await uow.commands.get(command_id)
        except NotFound:
            return
        asker_id = command.requested_by_id
        asker = (await uow.teammates.get_many([asker_id])).get(asker_id) if asker_id else None
        card = await card_of(uow, command.conversation_id)
    if asker is None or asker.slack_user_id is None or command.state is not CommandState.FAILED:
        return

    def again(at: datetime) -> Job:
        return tell_asker(workspace_id, command_id, not_before=at)

    reached = await reach(feeding, workspace_id, asker, card, again, since=command.settled_at)
    if reached is None or (direct := reached.direct) is None:
        return
    post = NewPost(
        workspace_id=workspace_id,
        id=PostId(uuid5(command_id, f"failed:{command.settled_at}")),
        channel_id=direct,
        kind=PostKind.DIRECT,
        conversation_id=command.conversation_id,
        payload={"command_id": str(command_id), "link": reached.link},
    )
    async with feeding.store.begin(workspace_id) as uow:
        await uow.posts.add_all([post])
        uow.feed_is_due(direct)
