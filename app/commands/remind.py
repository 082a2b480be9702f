"""Reminding the team, gently: of what nobody took, of what nothing happened to, of no answer.

What stands for how long is in the conversations' rows, and so is that somebody was told. Each is
told of once; it has to stand differently before it can be told of again. Whatever is due at a time
goes into one message, and a channel or a person gets one of a kind in an hour at the most, and
three in a day: so an outage of days, or a first start on an old database, ends in one line and not
in a hundred. Outside the hours at which people work it waits until they do.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from uuid import uuid5
from zoneinfo import ZoneInfo

from app.commands.hours import are_at_work
from app.core.ids import AccountId, ChannelId, PostId, TeammateId
from app.store.models import Conversation, PostKind, ReminderSettings
from app.store.new import NewPost
from app.store.repositories.reminders import Reason
from app.store.telling import remind_person
from app.store.unit_of_work import UnitOfWork

_MOST_ACCOUNTS: Final = 1000
MOST_AT_ONCE: Final = 200
MOST_IN_A_DAY: Final = 3
"""Messages of one kind, to one channel or person."""
_HOURS: Final = {
    Reason.UNASSIGNED: "unassigned_hours",
    Reason.NO_ACTION: "no_action_hours",
    Reason.NO_ANSWER: "no_answer_hours",
}
OF_PERSONS: Final = (Reason.NO_ACTION, Reason.NO_ANSWER)


@dataclass(frozen=True, slots=True)
class Watch:
    """Accounts for which one limit holds just now."""

    reason: Reason
    account_ids: tuple[AccountId, ...]
    before: datetime
    """What has stood like that since before then is told of."""


async def watches(uow: UnitOfWork, now: datetime) -> list[Watch]:
    """What is to be looked for at this hour, by the settings of each account."""
    settings = await uow.reminders.settings()
    general = settings.get(None, ReminderSettings(workspace_id=uow.workspace_id))
    groups = defaultdict[tuple[Reason, int], list[AccountId]](list)
    for account in await uow.accounts.page(after=None, limit=_MOST_ACCOUNTS):
        wanted = settings.get(account.id, general)
        if wanted.is_on and are_at_work(wanted, now):
            for reason, name in _HOURS.items():
                if hours := getattr(wanted, name):
                    groups[reason, hours].append(account.id)
    return [
        Watch(reason, tuple(ids), now - timedelta(hours=hours))
        for (reason, hours), ids in groups.items()
    ]


async def remind(uow: UnitOfWork, *, now: datetime) -> None:
    """Put lines into channels, and leave jobs that write to people. May be run twice."""
    people = set[TeammateId]()
    for watch in await watches(uow, now):
        if watch.reason is Reason.UNASSIGNED:
            await _tell_channels(uow, watch, now)
        else:
            people |= set(
                await uow.reminders.assignees(watch.reason, watch.account_ids, watch.before)
            )
    for teammate_id in people:
        uow.leave(remind_person(uow.workspace_id, teammate_id))


async def mark_reminded(
    uow: UnitOfWork, reason: Reason, found: Sequence[Conversation]
) -> list[Conversation]:
    """Note that somebody is told of these; answers those that nobody was told of before."""
    locked = (await uow.conversations.lock_many(one.id for one in found)).values()
    told = [one for one in locked if one.reminded_of is None]
    for one in told:
        one.reminded_of = reason
    return told


async def may_tell(
    uow: UnitOfWork, reason: Reason, whom: ChannelId | TeammateId, now: datetime
) -> bool:
    """Whether another message of this kind is not too much, this hour and this day of the team."""
    zone = ZoneInfo((await uow.reminders.general()).time_zone)
    began = datetime.combine(now.astimezone(zone).date(), time.min, zone)
    hours = range(int((now - began) / timedelta(hours=1)) + 1)
    day = [name_of(reason, whom, uow, now - timedelta(hours=hour)) for hour in hours]
    told = await uow.posts.known(day)
    return name_of(reason, whom, uow, now) not in told and len(told) < MOST_IN_A_DAY


def name_of(reason: Reason, whom: ChannelId | TeammateId, uow: UnitOfWork, now: datetime) -> PostId:
    """Of the one message of this kind in this hour."""
    return PostId(uuid5(uow.workspace_id, f"{reason}:{whom}:{now:%Y-%m-%dT%H}"))


async def _tell_channels(uow: UnitOfWork, watch: Watch, now: datetime) -> None:
    """Each on its own: one that was told enough holds up no other."""
    wanted = (watch.reason, watch.account_ids, watch.before)
    for channel_id in await uow.reminders.channels(*wanted):
        if channel_id is not None and not await may_tell(uow, watch.reason, channel_id, now):
            continue
        found = await uow.reminders.due_in(channel_id, *wanted, limit=MOST_AT_ONCE)
        told = await mark_reminded(uow, watch.reason, found)
        if channel_id is None or not told:
            continue
        line = NewPost(
            workspace_id=uow.workspace_id,
            id=name_of(watch.reason, channel_id, uow, now),
            channel_id=channel_id,
            kind=PostKind.REMINDER,
            payload={"reason": watch.reason, "ids": [str(one.id) for one in told]},
        )
        await uow.posts.add_all([line])
        uow.feed_is_due(channel_id)
