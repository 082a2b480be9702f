"""Asking Slack about a channel, and telling the admins when nothing can be posted there."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

import procrastinate

from app.core.ids import ChannelId, PostId, SlackUserId, WorkspaceId
from app.core.logging import get_logger
from app.feed import channels
from app.feed.context import Feeding
from app.feed.port import (
    ChannelRefused,
    ContentRefused,
    NotReached,
    OutcomeUnknown,
    RateLimited,
    SlackRefused,
    WorkspaceRefused,
)
from app.jobs.admins import admins_of
from app.jobs.reaching import leave_direct
from app.store.models import ChannelState
from app.store.queue import FEED_QUEUE, look_at_channel, tell_admins
from app.store.unit_of_work import UnitOfWork

_AGAIN: Final = timedelta(seconds=30)
_WORKSPACE_AGAIN: Final = timedelta(minutes=10)
_POST: Final = UUID("6c1f6f0e-7d0f-4b6c-9a52-0f1c6a0e2b71")
_UNANSWERED: Final = (RateLimited, NotReached, OutcomeUnknown, WorkspaceRefused)
log = get_logger(__name__)


def register(queue: procrastinate.App, feeding: Feeding, admins: Sequence[SlackUserId]) -> None:
    """Tell the queue what these jobs mean."""

    @queue.task(name="channel.look", queue=FEED_QUEUE)
    async def look_at_one_channel(workspace_id: str, channel_id: str) -> None:
        await look(feeding, WorkspaceId(UUID(workspace_id)), ChannelId(channel_id))

    @queue.task(name="channel.tell", queue=FEED_QUEUE)
    async def tell_the_admins(workspace_id: str, channel_id: str, change: int) -> None:
        workspace, channel = WorkspaceId(UUID(workspace_id)), ChannelId(channel_id)
        await tell(feeding, admins, workspace, channel, change)


async def look(feeding: Feeding, workspace_id: WorkspaceId, channel_id: ChannelId) -> None:
    """Write down what Slack says of a channel, and act on it. May run twice."""
    try:
        async with feeding.slack.of(workspace_id) as slack:
            info = await slack.about_channel(channel_id)
    except _UNANSWERED as error:
        log.info("channel.look_later", channel=channel_id, error=str(error))
        async with feeding.store.begin(workspace_id) as uow:
            at = feeding.clock.now() + _wait(error)
            uow.leave(look_at_channel(workspace_id, channel_id, not_before=at))
    except ChannelRefused as refused:
        async with feeding.store.begin(workspace_id) as uow:
            await channels.pause(uow, channel_id, refused.code)
    except SlackRefused as refused:
        log.warning("channel.unknown", channel=channel_id, code=refused.code)
    else:
        async with feeding.store.begin(workspace_id) as uow:
            await channels.note(uow, channel_id, info)


async def tell(
    feeding: Feeding,
    admins: Sequence[SlackUserId],
    workspace_id: WorkspaceId,
    channel_id: ChannelId,
    change: int,
) -> None:
    """Tell each admin once that a channel is closed to us, unless that is over already."""
    async with feeding.store.begin(workspace_id) as uow:
        if not await _holds(uow, channel_id, change):
            return
        admins = await admins_of(uow, admins)
    directs: list[ChannelId] = []
    try:
        async with feeding.slack.of(workspace_id) as slack:
            for admin in admins:
                try:
                    directs.append(await slack.open_direct(admin))
                except ContentRefused as refused:  # there is no such person
                    log.warning("channel.admin_refused", user=admin, code=refused.code)
    except _UNANSWERED as error:
        log.info("channel.tell_later", channel=channel_id, error=str(error))
        async with feeding.store.begin(workspace_id) as uow:
            at = feeding.clock.now() + _wait(error)
            uow.leave(tell_admins(workspace_id, channel_id, change, not_before=at))
        return
    async with feeding.store.begin(workspace_id) as uow:
        if await _holds(uow, channel_id, change):
            for direct in directs:
                await _leave_post(uow, direct, channel_id, change)


async def _leave_post(
    uow: UnitOfWork, direct: ChannelId, channel_id: ChannelId, change: int
) -> None:
    """With an id made from what it tells, so that a job that runs twice tells once."""
    name = f"{uow.workspace_id}/{channel_id}/{change}/{direct}"
    id_ = PostId(uuid5(_POST, name))
    await leave_direct(uow, id_, direct, {"closed_channel": channel_id})


async def _holds(uow: UnitOfWork, channel_id: ChannelId, change: int) -> bool:
    channel = await uow.channels.get(channel_id)
    return channel.changes == change and channel.state is not ChannelState.OPEN


def _wait(error: Exception) -> timedelta:
    if isinstance(error, RateLimited):
        return error.after
    return _WORKSPACE_AGAIN if isinstance(error, WorkspaceRefused) else _AGAIN
