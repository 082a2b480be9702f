"""From a channel's row to what admins are told of it."""

from app.core.ids import ChannelId
from app.feed.view import ClosedChannelView
from app.store.models import ChannelState, Post
from app.store.unit_of_work import UnitOfWork


async def load_closed(uow: UnitOfWork, post: Post) -> ClosedChannelView:
    channel = await uow.channels.get(ChannelId(post.payload["closed_channel"]))
    waiting = await uow.channels.unsent([channel.id])
    accounts = await uow.accounts.page(after=None, limit=20, channels=frozenset({channel.id}))
    return ClosedChannelView(
        channel_id=channel.id,
        name=channel.name,
        is_open=channel.state is ChannelState.OPEN,
        detail=channel.detail,
        waiting=waiting.get(channel.id, 0),
        addresses=tuple(account.address for account in accounts),
    )
