"""Writing to one person: their snooze is over, no answer came, or what is theirs stands still.

What Slack is asked for is asked before anything is written. The posts have ids of their own, made
from what they tell of, so that a job that runs twice tells once.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import uuid5

from app.commands.remind import OF_PERSONS, mark_reminded, may_tell, name_of, watches
from app.core.ids import ChannelId, ConversationId, PostId, TeammateId, WorkspaceId
from app.feed.context import Feeding
from app.jobs.reaching import leave_direct, reach, reachable
from app.store.models import Conversation, Notice, Teammate
from app.store.queue import Job
from app.store.repositories.reminders import Reason
from app.store.telling import nudge as nudge_job
from app.store.telling import remind_person
from app.store.unit_of_work import UnitOfWork

_MOST: Final = 50


async def nudge(
    feeding: Feeding,
    workspace_id: WorkspaceId,
    conversation_id: ConversationId,
    teammate_id: TeammateId,
    reason: str,
    key: str,
    *,
    others: Sequence[ConversationId] = (),
    since: datetime | None = None,
) -> None:
    """Tell somebody that the time of conversations has come, or later where Slack is away.

    Those that are gone meanwhile, with their mailbox, are left out.
    """
    id_ = PostId(uuid5(conversation_id, f"{reason}:{key}"))
    async with feeding.store.begin(workspace_id) as uow:
        there = await uow.conversations.heads([conversation_id, *others])
        whom = await _who_wants(uow, teammate_id, Notice.WOKEN)
        if not there or whom is None or await uow.posts.known([id_]):
            return
        first = await uow.conversations.get(there[0])
    silent_since = first.no_answer_since if reason == "no_answer" else None
    put_off = since or feeding.clock.now()

    def again(at: datetime) -> Job:
        return nudge_job(
            workspace_id, conversation_id, teammate_id, reason, key,
            others=others, not_before=at, since=put_off,
        )  # fmt: skip

    direct = await _direct_channel(feeding, workspace_id, whom, again, since=put_off)
    if direct is None:
        return
    told = {
        "nudge": reason,
        "since": silent_since.isoformat() if silent_since else None,
        "others": [str(one) for one in there[1:]],
    }
    async with feeding.store.begin(workspace_id) as uow:
        await leave_direct(uow, id_, direct, told, first.id)


async def remind_one(feeding: Feeding, workspace_id: WorkspaceId, teammate_id: TeammateId) -> None:
    """Remind somebody of what is theirs: one message of each kind, once in an hour at the most."""
    now = feeding.clock.now()
    async with feeding.store.begin(workspace_id) as uow:
        whom = await _who_wants(uow, teammate_id, Notice.REMINDED)
        due = await _due(uow, teammate_id, now)
        if not due:
            return
        if whom is None:
            for reason, found in due.items():
                await mark_reminded(uow, reason, found)
            return
    direct = await _direct_channel(
        feeding,
        workspace_id,
        whom,
        lambda at: remind_person(workspace_id, teammate_id, not_before=at),
    )
    if direct is None:
        return
    async with feeding.store.begin(workspace_id) as uow:
        for reason, found in (await _due(uow, teammate_id, now)).items():
            told = await mark_reminded(uow, reason, found)
            id_ = name_of(reason, teammate_id, uow, now)
            payload = {"reason": reason, "ids": [str(one.id) for one in told]}
            await leave_direct(uow, id_, direct, payload)


async def _due(
    uow: UnitOfWork, teammate_id: TeammateId, now: datetime
) -> dict[Reason, list[Conversation]]:
    """What they were not told of, but for the kinds that they were told of just now, or enough."""
    due: dict[Reason, list[Conversation]] = {}
    for watch in await watches(uow, now):
        if watch.reason not in OF_PERSONS:
            continue
        found = await uow.reminders.due(
            watch.reason, watch.account_ids, watch.before, limit=_MOST, assignee_id=teammate_id
        )
        if found and await may_tell(uow, watch.reason, teammate_id, now):
            due.setdefault(watch.reason, []).extend(found)
    return due


async def _who_wants(uow: UnitOfWork, teammate_id: TeammateId, notice: Notice) -> Teammate | None:
    """None who cannot be written to, or does not want to hear of it."""
    found = await reachable(uow, teammate_id)
    return found if found and found.wants(notice) else None


async def _direct_channel(
    feeding: Feeding,
    workspace_id: WorkspaceId,
    whom: Teammate,
    again: Callable[[datetime], Job],
    *,
    since: datetime | None = None,
) -> ChannelId | None:
    """Where to write to them; None where that cannot be had, or not now: then it is tried later."""
    reached = await reach(feeding, workspace_id, whom, None, again, since=since)
    return reached.direct if reached else None
