"""An alarm in the channel for alarms: one card, which says itself when it is over.

Its id is made from the alarm's, so that any number of watchdogs leave one. It stays in the channel
that it was posted in, whatever becomes of the setting.
"""

from uuid import uuid5

from app.core.ids import PostId
from app.store.models import Alarm, PostKind
from app.store.new import NewPost
from app.store.unit_of_work import UnitOfWork


async def post_card(uow: UnitOfWork, alarm: Alarm, link: dict[str, str]) -> None:
    """Have it stand in the channel for alarms, where the workspace has one."""
    channel = (await uow.sight.workspace()).ops_channel_id
    if channel is None:
        return
    card = NewPost(
        workspace_id=uow.workspace_id,
        id=_id_of(alarm),
        channel_id=channel,
        kind=PostKind.ALARM,
        payload={"alarm_id": str(alarm.id), "card": True, **link},
    )
    await uow.posts.add_all([card])
    uow.feed_is_due(channel)


async def end_card(uow: UnitOfWork, alarm: Alarm) -> None:
    """Have its card say that it is over, if it has one."""
    for channel in await uow.posts.refresh(_id_of(alarm)):
        uow.feed_is_due(channel)


def _id_of(alarm: Alarm) -> PostId:
    return PostId(uuid5(alarm.id, "card"))
