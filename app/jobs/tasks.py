"""What the job queue runs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import procrastinate

from app.core.access import Origin
from app.core.ids import (
    AccountId,
    ChannelId,
    CommandId,
    ConversationId,
    IdentityId,
    ListExitId,
    OutgoingId,
    TeammateId,
    WorkspaceId,
)
from app.core.logging import get_logger
from app.feed.context import Feeding, Later
from app.feed.deliver import drain
from app.feed.port import WorkspaceRefused
from app.jobs import nudging, rotation, summarising, telling_asker, telling_author
from app.jobs.telling import tell
from app.sending import leave_list, prove
from app.sending.context import Sending
from app.sending.send import drain as send
from app.store.queue import FEED_QUEUE, SENDING_QUEUE, drain_channel

_WORKSPACE_WAIT: Final = timedelta(minutes=10)
log = get_logger(__name__)


def register(queue: procrastinate.App, feeding: Feeding, sending: Sending) -> None:
    """Tell the queue what its jobs mean.

    A job that cannot go on leaves a later one behind and ends well: a retry of its own would
    collide with the one that others may have left meanwhile.
    """

    @queue.task(name="sending.drain", queue=SENDING_QUEUE)
    async def send_for_one_account(workspace_id: str, account_id: str) -> None:
        await send(sending, WorkspaceId(UUID(workspace_id)), AccountId(UUID(account_id)))

    @queue.task(name="list_exit.run", queue=SENDING_QUEUE)
    async def ask_a_list(workspace_id: str, exit_id: str) -> None:
        await leave_list.run(sending, WorkspaceId(UUID(workspace_id)), ListExitId(UUID(exit_id)))

    @queue.task(name="identity.prove", queue=SENDING_QUEUE)
    async def prove_an_identity(workspace_id: str, identity_id: str) -> None:
        await prove.run(sending, WorkspaceId(UUID(workspace_id)), IdentityId(UUID(identity_id)))

    _register_telling(queue, feeding)

    @queue.task(name="feed.drain", queue=FEED_QUEUE)
    async def drain_one_channel(workspace_id: str, channel_id: str) -> None:
        workspace, channel = WorkspaceId(UUID(workspace_id)), ChannelId(channel_id)
        try:
            await drain(feeding, workspace, channel)
        except Later as later:
            log.info("feed.later", channel=channel_id, at=later.at.isoformat())
            at = later.at
        except WorkspaceRefused as refused:
            log.warning("feed.refused", channel=channel_id, code=refused.code)
            at = feeding.clock.now() + _WORKSPACE_WAIT
        else:
            return
        async with feeding.store.begin(workspace) as uow:
            uow.leave(drain_channel(workspace, channel, not_before=at))


def _register_telling(queue: procrastinate.App, feeding: Feeding) -> None:
    """What is told to one person."""

    @queue.task(name="outgoing.tell", queue=FEED_QUEUE)
    async def tell_an_author(workspace_id: str, outgoing_id: str) -> None:
        workspace = WorkspaceId(UUID(workspace_id))
        await telling_author.tell(feeding, workspace, OutgoingId(UUID(outgoing_id)))

    @queue.task(name="command.tell", queue=FEED_QUEUE)
    async def tell_an_asker(workspace_id: str, command_id: str) -> None:
        workspace = WorkspaceId(UUID(workspace_id))
        await telling_asker.tell(feeding, workspace, CommandId(UUID(command_id)))

    @queue.task(name="team.tell", queue=FEED_QUEUE)
    async def tell_an_assignee(workspace_id: str, command_id: str) -> None:
        await tell(feeding, WorkspaceId(UUID(workspace_id)), CommandId(UUID(command_id)))

    @queue.task(name="team.rotate", queue=FEED_QUEUE)
    async def give_by_turns(
        workspace_id: str,
        conversation_id: str,
        group_id: str,
        group: str,
        by: str | None,
        origin: str,
        key: str,
        since: str | None = None,
    ) -> None:
        await rotation.give(
            feeding,
            WorkspaceId(UUID(workspace_id)),
            ConversationId(UUID(conversation_id)),
            group_id,
            group,
            TeammateId(UUID(by)) if by else None,
            Origin(origin),
            key,
            since=_moment(since),
        )

    _register_reminding(queue, feeding)


def _register_reminding(queue: procrastinate.App, feeding: Feeding) -> None:
    """What comes to one person by the clock."""

    @queue.task(name="team.nudge", queue=FEED_QUEUE)
    async def nudge_somebody(
        workspace_id: str,
        conversation_id: str,
        teammate_id: str,
        reason: str,
        key: str,
        since: str | None = None,
        others: Sequence[str] = (),
    ) -> None:
        await nudging.nudge(
            feeding,
            WorkspaceId(UUID(workspace_id)),
            ConversationId(UUID(conversation_id)),
            TeammateId(UUID(teammate_id)),
            reason,
            key,
            others=[ConversationId(UUID(one)) for one in others],
            since=_moment(since),
        )

    @queue.task(name="team.remind", queue=FEED_QUEUE)
    async def remind_somebody(workspace_id: str, teammate_id: str) -> None:
        workspace = WorkspaceId(UUID(workspace_id))
        await nudging.remind_one(feeding, workspace, TeammateId(UUID(teammate_id)))

    @queue.task(name="team.summarise", queue=FEED_QUEUE)
    async def summarise_for_somebody(workspace_id: str, teammate_id: str, due: str) -> None:
        await summarising.summarise(
            feeding,
            WorkspaceId(UUID(workspace_id)),
            TeammateId(UUID(teammate_id)),
            datetime.fromisoformat(due),
        )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
