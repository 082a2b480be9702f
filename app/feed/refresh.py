"""Making a post show what is true now. The same edit made twice is the same edit."""

from datetime import datetime

from app.core.errors import NotFound
from app.core.logging import get_logger
from app.feed.context import PAUSE, Draining, Later, patience
from app.feed.port import (
    ChannelRefused,
    ContentRefused,
    MessageGone,
    NothingToShow,
    NotReached,
    OutcomeUnknown,
    RateLimited,
    ScopeMissing,
)
from app.feed.show import Ready, ready, rendered
from app.store.models import Post, PostState

log = get_logger(__name__)


class Refresher:
    """`at`: not before this moment, because Slack asked us to wait or did not answer."""

    def __init__(self, draining: Draining) -> None:
        self._on = draining
        self._failures = 0
        self.at = draining.now()

    async def refresh(self, stale: Post) -> None:
        """Edit the message. Raises `Later`."""
        async with self._on.store.begin(self._on.workspace_id) as uow:
            sources = await uow.drawing.lock(stale.id)
            post = sources.post
            try:
                feeding = self._on.feeding
                message = await rendered(uow, sources, feeding.site, feeding.pages)
                shown = ready(post, message, None, wanted=stale.wanted)
            except NotFound:
                post.shown = post.wanted
                return
            except NothingToShow as error:
                log.warning("post.empty", post=str(post.id), why=str(error))
                post.shown, post.detail = post.wanted, str(error)
                return
        assert shown.ts is not None
        try:
            await self._on.slack.update(self._on.channel_id, shown.ts, shown.message)
        except RateLimited as limit:
            await self._leave_alone(self._on.now() + limit.after)
        except (OutcomeUnknown, NotReached):
            self._failures += 1
            self.at = self._on.now() + patience(self._failures)
        except (ChannelRefused, ScopeMissing) as error:
            await self._leave_alone(self._on.now() + PAUSE)
            raise Later(self.at) from error
        except MessageGone:
            await self._refreshed(shown, PostState.DELETED)
        except ContentRefused as error:
            await self._refresh_plainly(shown, error)
        else:
            self._failures = 0
            await self._refreshed(shown, PostState.SENT)

    def not_before(self, at: datetime | None) -> None:
        """What a job before us was told by Slack holds for us, too."""
        if at is not None and at > self.at:
            self.at = at

    async def _leave_alone(self, until: datetime) -> None:
        """Edit nothing in the channel until then, whoever comes after us."""
        self.at = until
        async with self._on.store.begin(self._on.workspace_id) as uow:
            (await uow.channels.get(self._on.channel_id)).next_edit_at = until

    async def _refreshed(self, shown: Ready, state: PostState) -> None:
        async with self._on.store.begin(self._on.workspace_id) as uow:
            post = await uow.posts.lock(shown.post_id)
            if post.state is PostState.SENT and post.ts == shown.ts:
                post.state = state
                post.shown = max(post.shown, shown.wanted)

    async def _refresh_plainly(self, shown: Ready, error: ContentRefused) -> None:
        log.error("refresh.refused", post=str(shown.post_id), code=error.code)
        async with self._on.store.begin(self._on.workspace_id) as uow:
            post = await uow.posts.lock(shown.post_id)
            if post.payload.get("plain"):
                post.shown = shown.wanted
            post.payload = {**post.payload, "plain": True}
