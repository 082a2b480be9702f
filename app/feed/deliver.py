"""Taking a channel's posts to Slack: each exactly once as people see it, in order, at Slack's pace.

Slack offers no key that would make a repetition harmless. So every post is claimed, and the claim
committed, before Slack hears of it; it carries its own id as metadata; and a claim that is found
again, because the answer never came or we never lived to note it, is looked up in the channel
before anything is repeated:

    waiting ─claim─▶ claimed ─post─▶ sent(ts)
                        │ found again: look up our id
                        ├─ there ────▶ adopt its ts; delete a younger twin
                        └─ not there ▶ claim once more

Where very many cards wait, `burst.py` says whose turn it is. A refresh needs none of this: the same
edit made twice is the same edit. One job drains one channel;
`jobs/` runs it under the channel's lock.
"""

from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Final

from app.core.errors import NotFound
from app.core.ids import ChannelId, WorkspaceId
from app.core.logging import get_logger
from app.feed.burst import Shield
from app.feed.channels import is_closed
from app.feed.context import Draining, Feeding, Later, plausible
from app.feed.post import Poster
from app.feed.refresh import Refresher
from app.store.notify import Topic

_LOOK_UP_SECONDS: Final = 1.0
"""How long a wait may be before we see that we are to stop."""
LONGEST_WAIT: Final = timedelta(seconds=10)
"""A longer wait is left to a later job, so that this one does not sit idle."""
log = get_logger(__name__)


async def drain(feeding: Feeding, workspace_id: WorkspaceId, channel_id: ChannelId) -> None:
    """Post what waits and refresh what is stale in one channel, until nothing is left.

    Raises `Later` where nothing more can be done for now or the process is to end, and
    `WorkspaceRefused` where our app may do nothing in the whole workspace. May be killed and run
    again at any point.
    """
    with feeding.hub.waker(Topic.CHANNEL, f"{workspace_id}/{channel_id}") as waker:
        async with feeding.slack.of(workspace_id) as slack:
            draining = Draining(feeding, workspace_id, channel_id, slack, waker)
            poster, refresher, shield = Poster(draining), Refresher(draining), Shield(draining)
            while await _step(draining, poster, refresher, shield):
                if feeding.stop.is_set():
                    raise Later(draining.now())


async def _step(on: Draining, poster: Poster, refresher: Refresher, shield: Shield) -> bool:
    """Do the next thing; answers whether there was one.

    A post goes first when its time has come. Refreshes fill the time between two posts.
    """
    now = on.now()
    async with on.store.without_transaction(on.workspace_id) as uow:
        found = await uow.drawing.next_in(on.channel_id)
    if is_closed(found.channel):
        return False
    found, post_at = await shield.next(found, now)
    channel, unsent, stale = found.channel, found.unsent, found.stale
    refresher.not_before(channel.next_edit_at and plausible(channel.next_edit_at, now))
    if unsent and post_at <= now:
        await _unless_gone(poster.send(unsent))
    elif stale and refresher.at <= now:
        await _unless_gone(refresher.refresh(stale))
    elif waits := [
        *([post_at] if unsent or shield.holds else []),
        *([refresher.at] if stale else []),
    ]:
        await _wait_until(on, min(waits))
    return bool(unsent or stale or shield.holds)


async def _unless_gone(showing: Awaitable[None]) -> None:
    """A post that was removed together with its account meanwhile is nothing to show."""
    try:
        await showing
    except NotFound as gone:
        log.info("post.gone", why=str(gone))


async def _wait_until(on: Draining, at: datetime) -> None:
    wait = at - on.now()
    if wait > LONGEST_WAIT:
        raise Later(at)
    await on.waker.wait(min(max(wait.total_seconds(), 0), _LOOK_UP_SECONDS))
