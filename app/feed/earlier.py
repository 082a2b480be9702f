"""What stands in Slack though our tables say nothing of it: posted after the backup we come from.

A database that is restored knows nothing of what came after it was saved. The mail of that time is
brought in again; its posts get the names they had, and Slack still has them. Nobody can tell a
restored database from one that merely stood still. So whenever an account is taken, what is posted
of the time before is looked up first: one look through a channel for all of it, no further back
than the account was last looked at. What came since then is posted without a look.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.core.ids import ChannelId, PostId, WorkspaceId
from app.feed.port import SlackFeed
from app.store.models import Post
from app.store.repositories.claiming import CLOCK_SKEW, Gap
from app.store.unit_of_work import Store

_REMEMBERED: Final = 500
"""So many channels and threads; what is forgotten is looked through once more."""


@dataclass(frozen=True, slots=True)
class _Look:
    gap: Gap
    found: dict[UUID, list[str]]

    def covers(self, gap: Gap) -> bool:
        return self.gap.since <= gap.since and gap.until <= self.gap.until

    def joined_with(self, gap: Gap) -> Gap:
        """Accounts that share a channel have gaps that overlap: one look is for all of them."""
        if gap.until < self.gap.since or self.gap.until < gap.since:
            return gap
        return Gap(min(gap.since, self.gap.since), max(gap.until, self.gap.until))


class Earlier:
    """What one process has found so far."""

    def __init__(self) -> None:
        self._looks: OrderedDict[tuple[WorkspaceId, ChannelId, str | None], _Look] = OrderedDict()

    async def find(
        self,
        store: Store,
        slack: SlackFeed,
        workspace_id: WorkspaceId,
        post: Post,
        gap: Gap,
        *,
        thread_ts: str | None,
    ) -> list[str]:
        """The ts of every message that is this post. Raises as `SlackFeed`."""
        key = (workspace_id, post.channel_id, thread_ts)
        look = self._looks.get(key)
        if look is None or not look.covers(gap):
            wanted = gap if look is None else look.joined_with(gap)
            look = await _look(store, slack, workspace_id, post.channel_id, wanted, thread_ts)
            self._looks[key] = look
            if len(self._looks) > _REMEMBERED:
                self._looks.popitem(last=False)
        return look.found.get(post.id, [])


async def gap_of(store: Store, workspace_id: WorkspaceId, post: Post) -> Gap | None:
    """The time in which a post that was never tried may have been made unknown to us."""
    async with store.without_transaction(workspace_id) as uow:
        return await uow.claiming.gap_before(post)


def may_hold(card: Post, gap: Gap) -> bool:
    """Whether a card is so old that something may stand in its thread unknown to us."""
    return card.ts is not None and float(card.ts) < (gap.until + CLOCK_SKEW).timestamp()


async def _look(
    store: Store,
    slack: SlackFeed,
    workspace_id: WorkspaceId,
    channel_id: ChannelId,
    gap: Gap,
    thread_ts: str | None,
) -> _Look:
    found = await slack.marked(
        channel_id,
        since=gap.since - CLOCK_SKEW,
        until=gap.until + CLOCK_SKEW,
        thread_ts=thread_ts,
    )
    async with store.begin(workspace_id) as uow:
        known = await uow.posts.settled_of(found)
    return _Look(gap, {PostId(id_): times for id_, times in found.items() if id_ not in known})
