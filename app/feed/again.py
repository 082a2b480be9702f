"""Posting once more what Slack would not take, because somebody asks for it.

What was mended by itself goes by itself: see `Posts.unpark_thread` and `Posts.unpark_files`.
"""

from app.core.errors import NotFound
from app.core.ids import AccountId, ChannelId
from app.store.models import Channel, ChannelState
from app.store.queue import look_at_channel
from app.store.unit_of_work import UnitOfWork


async def try_channel_again(
    uow: UnitOfWork, channel_id: ChannelId, *, of_accounts: frozenset[AccountId] | None = None
) -> Channel:
    """Have everything that Slack refused in a channel posted again, and a paused one tried now.

    Raises `NotFound`, also where none of `of_accounts` posts there.
    """
    channel = await uow.channels.find(channel_id, of_accounts=of_accounts)
    if channel is None:
        raise NotFound("There is no such channel.", fix="See the list of channels.")
    count = await uow.posts.unpark(channel_id)
    if channel.state is ChannelState.PAUSED:
        channel.next_post_at = None
        uow.leave(look_at_channel(uow.workspace_id, channel_id))
    uow.emit("channel.retried", channel=channel_id, posts=count)
    uow.feed_is_due(channel_id)
    return channel
