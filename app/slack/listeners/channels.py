"""What happens to channels that mail is posted in: archived, renamed, shared, we are removed.

An event says that something happened; what is true now is asked of Slack by a job. What must stop
at once stops at once: posting where others began to read along, or where nobody reads any more.
(docs.slack.dev/reference/events)
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from app.core.ids import ChannelId, SlackUserId
from app.feed import channels
from app.slack.members import Members
from app.slack.middleware import Door, workspace_of
from app.store.queue import look_at_channel
from app.store.unit_of_work import UnitOfWork

Body = Mapping[str, Any]


class ChannelEvents:
    def __init__(self, door: Door, members: Members) -> None:
        self._door = door
        self._members = members

    def register(self, app: AsyncApp) -> None:
        for listen in (app.event("channel_archive"), app.event("group_archive")):
            listen(self.archived)
        for listen in (app.event("channel_deleted"), app.event("group_deleted")):
            listen(self.deleted)
        for listen in (app.event("channel_left"), app.event("group_left")):
            listen(self.left)
        for listen in (app.event("channel_rename"), app.event("group_rename")):
            listen(self.renamed)
        for listen in (app.event("channel_unarchive"), app.event("group_unarchive")):
            listen(self.changed)
        app.event("channel_shared")(self.shared)
        app.event("channel_unshared")(self.changed)
        app.event("channel_id_changed")(self.moved)
        app.event("member_left_channel")(self.somebody_left)
        app.event("member_joined_channel")(self.somebody_joined)

    async def archived(self, context: AsyncBoltContext, body: Body) -> None:
        await self._pause(context, body, "archived")

    async def deleted(self, context: AsyncBoltContext, body: Body) -> None:
        await self._pause(context, body, "deleted")

    async def left(self, context: AsyncBoltContext, body: Body) -> None:
        await self._pause(context, body, "left")

    async def somebody_left(self, context: AsyncBoltContext, body: Body) -> None:
        user_id = SlackUserId(str(body["event"].get("user") or ""))
        self._members.forget((workspace_of(context), user_id))
        if user_id == context.bot_user_id:
            await self._pause(context, body, "left")

    async def somebody_joined(self, context: AsyncBoltContext, body: Body) -> None:
        if body["event"].get("user") == context.bot_user_id:
            await self.changed(context, body)

    async def renamed(self, context: AsyncBoltContext, body: Body) -> None:
        await self.changed(context, body)

    async def changed(self, context: AsyncBoltContext, body: Body) -> None:
        """What it is now, Slack says when it is asked."""
        async with self._known(context, body) as (uow, channel_id):
            if channel_id is not None:
                uow.leave(look_at_channel(uow.workspace_id, channel_id))

    async def shared(self, context: AsyncBoltContext, body: Body) -> None:
        async with self._known(context, body) as (uow, channel_id):
            if channel_id is not None:
                await channels.note_sharing(uow, channel_id, is_shared=True)

    async def moved(self, context: AsyncBoltContext, body: Body) -> None:
        """The channel has another id, as when it becomes a shared one."""
        async with self._known(context, body, field="old_channel_id") as (uow, channel_id):
            if channel_id is not None:
                new_id = ChannelId(str(body["event"]["new_channel_id"]))
                await channels.change_id(uow, channel_id, new_id)

    async def _pause(self, context: AsyncBoltContext, body: Body, reason: str) -> None:
        async with self._known(context, body) as (uow, channel_id):
            if channel_id is not None:
                await channels.pause(uow, channel_id, reason)

    @asynccontextmanager
    async def _known(
        self, context: AsyncBoltContext, body: Body, *, field: str = "channel"
    ) -> AsyncIterator[tuple[UnitOfWork, ChannelId | None]]:
        """The channel an event is about; None where no mail goes there, or it came before."""
        told = body["event"].get(field)
        id_ = ChannelId(str(told["id"] if isinstance(told, Mapping) else told))
        async with self._door.store.begin(workspace_of(context)) as uow:
            known = await uow.channels.find(id_) is not None
            is_new = known and await uow.slack_requests.first_time(str(body["event_id"]))
            yield uow, id_ if is_new else None
