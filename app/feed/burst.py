"""When very many mails come at once: a few cards a minute, and one message for all the others.

A channel gets so many new cards a minute and no more. The others keep their places and wait: one
message, the digest, counts them and lists the next few, and is edited as they come. They follow in
their order, a few each minute, or at once when somebody presses *Show all*. Nothing is marked or
moved for that. A card that waits is a post like any other, so a crash forgets none.

What people ask for never waits behind them: answers, notices, lines in the threads of cards that
stand there already.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from app.core.ids import ChannelId, PostId
from app.feed.context import Draining, plausible
from app.store.models import Channel, Post, PostKind, PostState
from app.store.new import NewPost
from app.store.repositories.drawing import Next
from app.store.unit_of_work import UnitOfWork

_MINUTE: Final = timedelta(minutes=1)
_FEW: Final = 2
"""So few that wait for less than a minute are worth no message of their own."""
_EDIT_EVERY: Final = timedelta(seconds=5)
_NO_END: Final = 2**62


class Shield:
    """Says which post comes next in a channel, and keeps its digest true."""

    def __init__(self, draining: Draining) -> None:
        self._on = draining
        self._limit = draining.feeding.cards_per_minute
        self._told: int | None = None
        self._look_at = draining.now()
        self.holds = False
        """Whether a card waits for its minute."""

    async def next(self, found: Next, now: datetime) -> tuple[Next, datetime]:
        """What comes next where a card may have to wait, and not before when that may be posted."""
        channel = found.channel
        free_at = _free_at(channel, self._limit, now)
        self.holds = found.unsent is not None and free_at > now and _is_held(found.unsent, channel)
        if self.holds or channel.digest_id is not None:
            found = await self._tell(found, now)
        may_post_at = plausible(channel.next_post_at or now, now)
        return found, may_post_at if found.unsent or not self.holds else max(may_post_at, free_at)

    async def _tell(self, found: Next, now: datetime) -> Next:
        """Have the digest say what is so now; answers what comes next besides."""
        async with self._on.store.begin(self._on.workspace_id) as uow:
            channel, unsent = await uow.channels.get(found.channel.id), found.unsent
            if self.holds:
                unsent = await self._beside(uow, channel)
            else:
                await self._keep_true(uow, channel, now, at_once=unsent is None)
            return replace(await uow.drawing.next_in(channel.id), unsent=unsent)

    async def _beside(self, uow: UnitOfWork, channel: Channel) -> Post | None:
        now = self._on.now()
        waiting, first, _ = await uow.posts.count_held(channel.id)
        if channel.digest_id is None and waiting >= _FEW:
            await self._begin(uow, channel, first)
        elif channel.digest_id is not None:
            await self._keep_true(uow, channel, now)
        return await uow.posts.next_beside_cards(channel.id, channel.all_through)

    async def _begin(self, uow: UnitOfWork, channel: Channel, first: int) -> None:
        digest = NewPost(
            workspace_id=uow.workspace_id,
            channel_id=channel.id,
            kind=PostKind.DIGEST,
            payload={"first": first},
        )
        await uow.posts.add_all([digest])
        channel.digest_id = digest.id
        uow.emit("channel.burst", channel=channel.id)

    async def _keep_true(
        self, uow: UnitOfWork, channel: Channel, now: datetime, *, at_once: bool = False
    ) -> None:
        """Have the digest say how many wait, not too often; and that all are there, at the end."""
        if now < self._look_at and not at_once:
            return
        assert channel.digest_id is not None
        digest = await uow.posts.lock(channel.digest_id)
        waiting, _, last = await uow.posts.count_held(channel.id)
        self._look_at = now + _EDIT_EVERY
        if waiting == self._told and digest.payload.get("last") == last:
            return
        self._told = waiting
        digest.wanted += 1
        if waiting:
            digest.payload = {**digest.payload, "last": last}
        else:
            first = digest.payload["first"]
            total = await uow.posts.count_cards(channel.id, first, _NO_END)
            digest.payload = {**digest.payload, "total": total}
            channel.digest_id = None
            uow.emit("channel.burst_over", channel=channel.id)


async def show_all(uow: UnitOfWork, channel_id: ChannelId) -> int:
    """Hold back none of the cards that wait now; answers how many these are."""
    channel = await uow.channels.get(channel_id)
    waiting, _, last = await uow.posts.count_held(channel_id, above=channel.all_through)
    if waiting:
        channel.all_through = last
    if channel.digest_id is not None:
        await uow.posts.refresh(channel.digest_id)
    uow.feed_is_due(channel_id)
    return waiting


async def show_all_of(uow: UnitOfWork, digest_id: PostId) -> int:
    """The same, of the channel in which a digest stands. Raises `NotFound`."""
    return await show_all(uow, (await uow.posts.get(digest_id)).channel_id)


def is_counted(post: Post) -> bool:
    return post.kind is PostKind.CARD and post.message_id is not None


def count_card(channel: Channel, now: datetime) -> None:
    """A card was posted: the first one of a minute, or one more."""
    if channel.minute_began_at is None or now >= channel.minute_began_at + _MINUTE:
        channel.minute_began_at, channel.minute_cards = now, 0
    channel.minute_cards += 1


def _free_at(channel: Channel, limit: int, now: datetime) -> datetime:
    """Not before when the channel may get another card."""
    if not limit or channel.minute_began_at is None or channel.minute_cards < limit:
        return now
    return channel.minute_began_at + _MINUTE


def _is_held(post: Post, channel: Channel) -> bool:
    waits = is_counted(post) and post.state is PostState.WAITING
    return waits and (post.seq or 0) > channel.all_through
