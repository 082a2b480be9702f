"""Writing somebody's summary of the day: what is theirs, what nobody has, what waits.

It names only mail of channels the person is in, which Slack is asked for. Where there is nothing to
say, nothing is said. The post has an id of its own, made from whose and which day's it is, so that
a job that runs twice tells once; one that Slack kept waiting until the day was over tells nothing.
"""

from datetime import datetime
from typing import Any, Final
from uuid import uuid5

from app.commands.hours import are_at_work, zone_of
from app.core.ids import ChannelId, PostId, SlackUserId, TeammateId, WorkspaceId
from app.core.logging import get_logger
from app.feed.context import Feeding
from app.feed.links import link_to
from app.feed.port import SlackRefused
from app.feed.render_summary import MOST_COUNTED, MOST_LISTED
from app.jobs.reaching import PUT_OFF, leave_direct, reachable, wait_after
from app.slack.worklist import cards_in, first_of, lists_of, sight_of
from app.store.models import Conversation, Teammate
from app.store.telling import summarise as summary_job
from app.store.unit_of_work import UnitOfWork

_PARTS: Final = {
    "mine": ("mine",),
    "unassigned": ("unassigned",),
    "waiting": ("overdue", "waiting"),
}
"""Each with the lists it is made of."""
log = get_logger(__name__)


async def summarise(
    feeding: Feeding, workspace_id: WorkspaceId, teammate_id: TeammateId, due: datetime
) -> None:
    """Write the summary that was due then, or leave it to a later job where Slack is away."""
    id_ = PostId(uuid5(teammate_id, f"summary:{due.isoformat()}"))
    async with feeding.store.begin(workspace_id) as uow:
        found = await reachable(uow, teammate_id)
        if found is None or not await _is_wanted(uow, found, feeding.clock.now()):
            return
        if await uow.posts.known([id_]):
            return
    user = found.slack_user_id
    assert user is not None
    try:
        channels, direct = await _ask(feeding, workspace_id, user)
    except PUT_OFF as error:
        log.info("summary.later", teammate=str(teammate_id), error=str(error))
        async with feeding.store.begin(workspace_id) as uow:
            at = feeding.clock.now() + wait_after(error)
            uow.leave(summary_job(workspace_id, teammate_id, due, not_before=at))
        return
    except SlackRefused as refused:
        log.warning("summary.refused", user=user, code=refused.code)
        return
    async with feeding.store.begin(workspace_id) as uow:
        told = await _read(uow, teammate_id, channels, feeding.site)
        if not told:
            return
        await leave_direct(uow, id_, direct, {"summary": told})


async def _is_wanted(uow: UnitOfWork, teammate: Teammate, now: datetime) -> bool:
    """Still, on a day that has not ended."""
    if teammate.summary_at is None:
        return False
    settings = await uow.reminders.general()
    return are_at_work(settings, now, zone_of(teammate.time_zone, settings))


async def _ask(
    feeding: Feeding, workspace_id: WorkspaceId, user: SlackUserId
) -> tuple[frozenset[ChannelId], ChannelId]:
    """Which channels they are in, and where to write to them. Raises what Slack answers."""
    async with feeding.slack.of(workspace_id) as slack:
        return await slack.channels_of(user), await slack.open_direct(user)


async def _read(
    uow: UnitOfWork, teammate_id: TeammateId, channels: frozenset[ChannelId], site: str
) -> list[dict[str, Any]]:
    """Of each part, how many there are and the first of them: ids and links, no words of mails."""
    sight, lists = await sight_of(uow, channels), lists_of(teammate_id)
    told: list[dict[str, Any]] = []
    for part, names in _PARTS.items():
        first: list[Conversation] = []
        count = 0
        for name in names:
            found, more = await first_of(
                uow, sight, lists[name], limit=MOST_LISTED, most=MOST_COUNTED
            )
            first, count = [*first, *found][:MOST_LISTED], min(count + more, MOST_COUNTED)
        if first:
            cards = await cards_in(uow, sight, first)
            links = [{"id": str(one.id), "link": link_to(cards.get(one.id), site)} for one in first]
            told.append({"part": part, "count": count, "first": links})
    return told
