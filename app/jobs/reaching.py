"""Finding out where to write to one person, and leaving what is written to them.

Slack cannot always be asked: then the job is left for later, and its caller has nothing to do now.
That ends after a day: who was not told for so long has seen it, and an app that was removed from
Slack may never come back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from app.core.ids import ChannelId, ConversationId, PostId, TeammateId, WorkspaceId
from app.core.logging import get_logger
from app.feed.context import Feeding
from app.feed.port import (
    NotReached,
    OutcomeUnknown,
    RateLimited,
    SlackFeed,
    SlackRefused,
    WorkspaceRefused,
)
from app.store.models import Post, PostKind, PostState, Teammate
from app.store.new import NewPost
from app.store.queue import Job
from app.store.unit_of_work import UnitOfWork

PATIENCE: Final = timedelta(days=1)
_AGAIN: Final = timedelta(seconds=30)
_WORKSPACE_AGAIN: Final = timedelta(minutes=10)
PUT_OFF: Final = (RateLimited, NotReached, OutcomeUnknown, WorkspaceRefused)
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reached:
    name: str
    direct: ChannelId | None
    """Where to write to them; None where Slack refuses for good."""
    link: str | None
    """Where the card is."""


async def reach(
    feeding: Feeding,
    workspace_id: WorkspaceId,
    whom: Teammate,
    card: Post | None,
    again: Callable[[datetime], Job],
    *,
    since: datetime | None = None,
) -> Reached | None:
    """None where Slack cannot be asked now: `again` makes the job that is left for then.

    No job is left where it has been so `since` longer than our patience lasts.
    """
    try:
        async with feeding.slack.of(workspace_id) as slack:
            return await _ask(slack, whom, card)
    except PUT_OFF as error:
        now = feeding.clock.now()
        if since is not None and now - since >= PATIENCE:
            log.warning("reach.given_up", teammate=str(whom.id), error=str(error))
            return None
        log.info("reach.later", teammate=str(whom.id), error=str(error))
        async with feeding.store.begin(workspace_id) as uow:
            uow.leave(again(now + wait_after(error)))
        return None


async def reachable(uow: UnitOfWork, teammate_id: TeammateId | None) -> Teammate | None:
    """Them, if there still is such a person and Slack has them."""
    if teammate_id is None:
        return None
    found = (await uow.teammates.get_many([teammate_id])).get(teammate_id)
    return found if found and found.slack_user_id else None


async def leave_direct(
    uow: UnitOfWork,
    id_: PostId,
    direct: ChannelId,
    payload: dict[str, Any],
    conversation_id: ConversationId | None = None,
) -> None:
    """Have something written to one person. A job that runs twice, with one id, tells once."""
    post = NewPost(
        workspace_id=uow.workspace_id,
        id=id_,
        channel_id=direct,
        kind=PostKind.DIRECT,
        conversation_id=conversation_id,
        payload=payload,
    )
    await uow.posts.add_all([post])
    uow.feed_is_due(direct)


def wait_after(error: Exception) -> timedelta:
    """A workspace that refuses us does so until somebody installs the app again."""
    return _WORKSPACE_AGAIN if isinstance(error, WorkspaceRefused) else _AGAIN


async def _ask(slack: SlackFeed, whom: Teammate, card: Post | None) -> Reached:
    assert whom.slack_user_id is not None
    user = whom.slack_user_id
    name, channel, link = whom.name, None, None
    try:
        if name == user:
            name = await slack.name_of(user)
        channel = await slack.open_direct(user)
        if card is not None and card.ts is not None:
            link = await slack.permalink(card.channel_id, card.ts)
    except (RateLimited, WorkspaceRefused):
        raise
    except SlackRefused as refused:
        log.warning("reach.refused", user=user, code=refused.code)
    return Reached(name, channel, link)


async def card_of(uow: UnitOfWork, conversation_id: ConversationId | None) -> Post | None:
    """Where a conversation stands in Slack, if it does."""
    if conversation_id is None:
        return None
    cards = await uow.posts.cards_of([conversation_id])
    return next((card for card in cards if card.state is PostState.SENT), None)
