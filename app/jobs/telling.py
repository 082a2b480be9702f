"""Telling somebody that a conversation was given to them: directly, and by a line in its thread.

Who would rather not be told directly finds the line all the same. The posts have ids of their own,
made from the command's, so that a job that runs twice tells once.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from app.core.errors import NotFound
from app.core.ids import (
    CommandId,
    PostId,
    SlackUserId,
    TeammateId,
    WorkspaceId,
)
from app.core.logging import get_logger
from app.feed.context import Feeding
from app.jobs.reaching import Reached, card_of, reach, reachable
from app.store.models import Command, CommandState, Notice, Post, PostKind, Teammate
from app.store.new import NewPost
from app.store.queue import Job
from app.store.telling import tell_assignee
from app.store.unit_of_work import UnitOfWork

_TOO_LATE: Final = timedelta(hours=12)
"""Whoever was not told for so long has seen it on the card."""
log = get_logger(__name__)


async def tell(feeding: Feeding, workspace_id: WorkspaceId, command_id: CommandId) -> None:
    """Tell the assignee, or leave it to a later job where Slack cannot be asked now."""
    async with feeding.store.begin(workspace_id) as uow:
        try:
            command = await uow.commands.get(command_id)
        except NotFound:
            return
        assignee = await _assignee(uow, command)
        card = await card_of(uow, command.conversation_id)
    if assignee is None or command.state is CommandState.UNDONE:
        return
    if feeding.clock.now() - command.created_at > _TOO_LATE:
        log.warning("tell.too_late", command=str(command_id))
        return

    def again(at: datetime) -> Job:
        return tell_assignee(workspace_id, command_id, not_before=at)

    reached = await reach(feeding, workspace_id, assignee, card, again)
    if reached is None:
        return
    async with feeding.store.begin(workspace_id) as uow:
        await _leave_posts(uow, command, assignee, card, reached)


async def _leave_posts(
    uow: UnitOfWork,
    command: Command,
    assignee: Teammate,
    card: Post | None,
    reached: Reached,
) -> None:
    await uow.teammates.by_slack_user(SlackUserId(assignee.slack_user_id or ""), reached.name)
    about = {"assigned_by": str(command.id), "link": reached.link}
    places = [
        (PostKind.DIRECT, reached.direct if assignee.wants(Notice.ASSIGNED) else None),
        (PostKind.NOTICE, card.channel_id if card else None),
    ]
    for kind, channel in places:
        if channel is None:
            continue
        post = NewPost(
            workspace_id=uow.workspace_id,
            id=PostId(uuid5(command.id, kind)),
            channel_id=channel,
            kind=kind,
            conversation_id=command.conversation_id,
            payload=about,
        )
        await uow.posts.add_all([post])
        uow.feed_is_due(channel)


async def _assignee(uow: UnitOfWork, command: Command) -> Teammate | None:
    text = command.params.get("assignee_id")
    if text is None:
        return None
    return await reachable(uow, TeammateId(UUID(text)))
