"""Sending a post once, whatever happens on the way. The story is told in `deliver.py`."""

import asyncio
import time
from datetime import timedelta
from typing import Final

from app.core.errors import NotFound
from app.core.faults import faultpoint
from app.core.ids import PostId
from app.core.logging import get_logger
from app.feed.attach import attach, is_upload
from app.feed.burst import count_card, is_counted
from app.feed.channels import pause, resume
from app.feed.context import PAUSE, Draining, Later, patience
from app.feed.earlier import gap_of, may_hold
from app.feed.port import (
    ChannelRefused,
    ContentRefused,
    MessageGone,
    NothingToShow,
    NotReached,
    OutcomeUnknown,
    RateLimited,
    Rendered,
    ScopeMissing,
    SlackRefused,
)
from app.feed.show import Ready, ready, rendered, thread_of
from app.feed.shown import note_shown
from app.store.models import ChannelState, ParkedFor, Post, PostKind, PostState
from app.store.repositories.claiming import Gap
from app.store.repositories.drawing import Sources
from app.store.unit_of_work import UnitOfWork

_LOOK_UP_MARGIN: Final = timedelta(minutes=2)
_LOOK_AGAIN_SECONDS: Final = 1.5
"""A request whose answer was lost may still be under way when we look for the first time."""
_MOST_UPLOADS: Final = 5
"""So often a file is tried that Slack neither takes nor refuses: all that comes after it waits."""
_CARDS_FOR_A_MAIL: Final = 3
"""So often a card that was deleted is posted anew for the sake of a mail in its thread."""
log = get_logger(__name__)


class _NoThread(Exception):
    """What it belongs to is not in Slack, so there is no thread to put it into."""


def park(uow: UnitOfWork, post: Post, why: ParkedFor, detail: str) -> None:
    """Leave a post to a person, or to whatever mends it."""
    post.state, post.detail = PostState.PARKED, detail
    post.payload = {**post.payload, "parked": why}
    uow.emit(
        "post.parked",
        conversation_id=post.conversation_id,
        channel=post.channel_id,
        post_id=str(post.id),
        kind=post.kind,
        reason=why,
    )


def _say_plainly(post: Post, code: str) -> None:
    """In plain text, and of a file that it is not there."""
    post.payload = {**post.payload, "plain": True, "refused": code}
    post.state = PostState.WAITING


async def _still_claimed(uow: UnitOfWork, post_id: PostId, attempts: int) -> Post | None:
    """The post, held; None where another worker has claimed it since, and it is no more ours."""
    post = await uow.posts.lock(post_id)
    is_ours = post.state is PostState.CLAIMED and post.attempts == attempts
    return post if is_ours else None


class Poster:
    def __init__(self, draining: Draining) -> None:
        self._on = draining

    async def send(self, post: Post) -> None:
        """Post it, adopt it, or note why not. Raises `Later`."""
        if post.state is PostState.CLAIMED and await self._adopt(post):
            return
        began = time.monotonic()
        claimed = await self._claim(post)
        if claimed is None and post.state is PostState.WAITING:
            if await self._adopt_earlier(post):
                return
            began = time.monotonic()
            claimed = await self._claim(post, looked_up=True)
        if claimed is None:
            return
        faultpoint("K11")
        if time.monotonic() - began > self._on.feeding.slept_seconds:
            log.warning("post.slept", post=str(claimed.post_id))
            return
        try:
            ts = await self._deliver(claimed)
        except NotReached:
            await self._release(claimed, wait=patience(claimed.attempts))
        except OutcomeUnknown as error:
            log.warning("post.unknown", post=str(claimed.post_id), error=str(error))
            await self._unknown(claimed)
        except SlackRefused as refusal:
            await self._refused(claimed, refusal)
        else:
            faultpoint("K13")
            await self._settle(claimed, ts)

    async def _refused(self, claimed: Ready, refusal: SlackRefused) -> None:
        """Slack said no, so it surely did not take it: what follows depends on why."""
        match refusal:
            case RateLimited():
                await self._release(claimed, wait=refusal.after)
            case ContentRefused():
                await self._simplify_or_park(claimed, refusal)
            case MessageGone() if claimed.kind is PostKind.MAIL:
                await self._show_card_again(claimed, refusal)
            case MessageGone() if claimed.is_upload and refusal.code.startswith("file_"):
                await self._unknown(claimed)
            case MessageGone():
                await self._park(claimed, ParkedFor.THREAD, str(refusal))
            case ScopeMissing() if claimed.is_upload:
                await self._park(claimed, ParkedFor.SCOPE, refusal.sentence)
            case ScopeMissing() | ChannelRefused():
                await self._pause(claimed, refusal)
            case _:
                await self._release(claimed, wait=timedelta(0))
                raise refusal

    async def _deliver(self, claimed: Ready) -> str:
        if claimed.is_upload:
            assert claimed.thread_ts is not None
            return await attach(
                self._on.store,
                self._on.feeding.blobs,
                self._on.slack,
                self._on.workspace_id,
                claimed.post_id,
                claimed.thread_ts,
            )
        return await self._on.slack.post(
            self._on.channel_id,
            claimed.message,
            post_id=claimed.post_id,
            thread_ts=claimed.thread_ts,
        )

    async def _claim(self, found: Post, *, looked_up: bool = False) -> Ready | None:
        """Claim it, and make it ready; None where it must not, or need not, be sent.

        What changes after it was found may be drawn already, but does not count as shown.
        """
        async with self._on.store.without_transaction(self._on.workspace_id) as uow:
            sources = await uow.claiming.claim(found.id, looked_up=looked_up)
            if sources is None:
                return None
            try:
                return await self._ready(uow, sources, found.wanted)
            except (NotFound, NothingToShow, _NoThread) as error:
                why = error
        await self._give_up(sources.post, why)
        return None

    async def _ready(self, uow: UnitOfWork, sources: Sources, wanted: int) -> Ready:
        thread = await thread_of(uow, sources.post)
        if thread is not None and thread.ts is None:
            raise _NoThread("What it belongs to is not in Slack.")
        feeding = self._on.feeding
        message = await rendered(uow, sources, feeding.site, feeding.pages)
        return ready(sources.post, message, thread.ts if thread else None, wanted=wanted)

    async def _give_up(self, claimed: Post, why: Exception) -> None:
        """There is nothing to send after all: it counts as never tried."""
        async with self._on.store.begin(self._on.workspace_id) as uow:
            post = await _still_claimed(uow, claimed.id, claimed.attempts)
            if post is None:
                return
            post.attempts -= 1
            match why:
                case NotFound():
                    post.state, post.detail = PostState.DELETED, "What it showed no longer exists."
                case _NoThread():
                    park(uow, post, ParkedFor.THREAD, str(why))
                case _:
                    log.warning("post.empty", post=str(post.id), why=str(why))
                    park(uow, post, ParkedFor.CONTENT, str(why))

    async def _adopt(self, post: Post) -> bool:
        """Find out whether a claimed post is in Slack after all, and note it if it is."""
        if is_upload(post):
            return False
        async with self._on.store.begin(self._on.workspace_id) as uow:
            thread = await thread_of(uow, post)
        found = await self._find(post, thread.ts if thread else None)
        if not found:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            found = await self._find(post, thread.ts if thread else None)
        if not found:
            return False
        for twin in found[1:]:
            await self._on.slack.delete(self._on.channel_id, twin)
        log.info("post.adopted", post=str(post.id), twins=len(found) - 1)
        message = Rendered("", ())
        await self._settle(ready(post, message, None, wanted=post.shown), found[0])
        return True

    async def _adopt_earlier(self, post: Post) -> bool:
        """Find out whether it was posted after the backup we come from, and note it if it was.

        Its buttons name rows that are not there any more, so it is drawn again.
        """
        gap = await gap_of(self._on.store, self._on.workspace_id, post)
        if gap is None:
            return False
        async with self._on.store.begin(self._on.workspace_id) as uow:
            thread = await thread_of(uow, post)
        if thread is not None and not may_hold(thread, gap):
            return False
        found = await self._find_earlier(post, gap, thread.ts if thread else None)
        if not found:
            return False
        for twin in found[1:]:
            await self._on.slack.delete(self._on.channel_id, twin)
        log.info("post.adopted", post=str(post.id), earlier=True, twins=len(found) - 1)
        async with self._on.store.begin(self._on.workspace_id) as uow:
            row = await uow.posts.lock(post.id)
            row.state, row.ts, row.detail = PostState.SENT, found[0], ""
            row.wanted = row.shown + 1
        return True

    async def _find_earlier(self, post: Post, gap: Gap, thread_ts: str | None) -> list[str]:
        on = self._on
        try:
            return await on.feeding.earlier.find(
                on.store, on.slack, on.workspace_id, post, gap, thread_ts=thread_ts
            )
        except RateLimited as limit:
            raise Later(on.now() + limit.after) from None
        except (OutcomeUnknown, NotReached):
            raise Later(on.now() + patience(post.attempts)) from None
        except (ScopeMissing, ChannelRefused, MessageGone) as refusal:
            # That it was posted before is unlikely, and what waits for a look may wait for ever.
            log.warning("post.unlooked", post=str(post.id), why=str(refusal))
            return []

    async def _find(self, post: Post, thread_ts: str | None) -> list[str]:
        assert post.claimed_at is not None
        since = post.claimed_at - _LOOK_UP_MARGIN
        try:
            return await self._on.slack.find(
                self._on.channel_id, post.id, since=since, thread_ts=thread_ts
            )
        except RateLimited as limit:
            raise Later(self._on.now() + limit.after) from None
        except (OutcomeUnknown, NotReached):
            raise Later(self._on.now() + patience(post.attempts)) from None
        except MessageGone:
            return []  # The card was deleted, and its thread with it.
        except (ScopeMissing, ChannelRefused):
            # Without a look we must not post again; whoever mends the app or the channel helps us.
            raise Later(self._on.now() + PAUSE) from None

    async def _settle(self, claimed: Ready, ts: str) -> None:
        """Note that a post is in Slack. If another worker claimed it meanwhile, ours is a twin."""
        async with self._on.store.begin(self._on.workspace_id) as uow:
            post = await uow.posts.lock(claimed.post_id)
            is_ours = post.state is PostState.CLAIMED and post.attempts == claimed.attempts
            if is_ours:
                post.state, post.ts, post.detail = PostState.SENT, ts, ""
                post.shown = claimed.wanted
                if claimed.is_upload:
                    await uow.posts.unpark_files(post.channel_id)
                elif claimed.kind in {PostKind.CARD, PostKind.QUARANTINE}:
                    await uow.posts.unpark_thread(post)
                note_shown(uow, post)
                channel = await uow.channels.get(self._on.channel_id)
                if channel.state is ChannelState.PAUSED:
                    await resume(uow, self._on.channel_id)
                channel.next_post_at = self._on.now() + self._on.feeding.apart
                if is_counted(post):
                    count_card(channel, self._on.now())
        faultpoint("K14")
        if not is_ours and not claimed.is_upload and ts != post.ts:
            log.warning("post.twin", post=str(claimed.post_id))
            await self._on.slack.delete(self._on.channel_id, ts)

    async def _release(self, claimed: Ready, *, wait: timedelta) -> None:
        """Slack surely did not take it: let it wait as if it had never been claimed."""
        async with self._on.store.begin(self._on.workspace_id) as uow:
            if post := await _still_claimed(uow, claimed.post_id, claimed.attempts):
                post.state = PostState.WAITING
            (await uow.channels.get(self._on.channel_id)).next_post_at = self._on.now() + wait

    async def _unknown(self, claimed: Ready) -> None:
        """It is looked up when its turn comes again; a file is not waited for without end."""
        async with self._on.store.begin(self._on.workspace_id) as uow:
            post = await _still_claimed(uow, claimed.post_id, claimed.attempts)
            if post is not None and claimed.is_upload:
                attempts = claimed.attempts - post.payload.get("since", 0)
                if attempts >= _MOST_UPLOADS:
                    _say_plainly(post, "no_answer")
                    return
        await self._hold(patience(claimed.attempts))

    async def _hold(self, wait: timedelta) -> None:
        async with self._on.store.begin(self._on.workspace_id) as uow:
            (await uow.channels.get(self._on.channel_id)).next_post_at = self._on.now() + wait

    async def _simplify_or_park(self, claimed: Ready, error: ContentRefused) -> None:
        """Say it in plain text where Slack will not have the blocks; else leave it to a person."""
        log.error("post.refused", post=str(claimed.post_id), code=error.code)
        async with self._on.store.begin(self._on.workspace_id) as uow:
            post = await _still_claimed(uow, claimed.post_id, claimed.attempts)
            if post is None:
                return
            if post.payload.get("plain"):
                park(uow, post, ParkedFor.CONTENT, str(error))
            else:
                _say_plainly(post, error.code)

    async def _park(self, claimed: Ready, why: ParkedFor, detail: str) -> None:
        async with self._on.store.begin(self._on.workspace_id) as uow:
            if post := await _still_claimed(uow, claimed.post_id, claimed.attempts):
                park(uow, post, why, detail)

    async def _show_card_again(self, claimed: Ready, error: MessageGone) -> None:
        """Somebody deleted the card: post it anew, and the mail into its new thread.

        A mail that has no thread after all that is parked, lest cards are posted without end.
        """
        async with self._on.store.begin(self._on.workspace_id) as uow:
            post = await _still_claimed(uow, claimed.post_id, claimed.attempts)
            if post is None:
                return
            card = await thread_of(uow, post)
            attempts = claimed.attempts - post.payload.get("since", 0)
            if card is None or attempts > _CARDS_FOR_A_MAIL:
                park(uow, post, ParkedFor.THREAD, str(error))
                return
            post.state = PostState.WAITING
            if card.state in {PostState.SENT, PostState.DELETED} and card.ts == claimed.thread_ts:
                card.state, card.ts = PostState.WAITING, None

    async def _pause(self, claimed: Ready, error: SlackRefused) -> None:
        """Leave the whole channel alone for a while; everything in it is kept."""
        until = self._on.now() + PAUSE
        async with self._on.store.begin(self._on.workspace_id) as uow:
            if post := await _still_claimed(uow, claimed.post_id, claimed.attempts):
                post.state = PostState.WAITING
            channel = await pause(
                uow, self._on.channel_id, error.code or "missing_scope", error.sentence
            )
            channel.next_post_at = until
        raise Later(until)
