"""The summary of the day, for whoever asked for one: it comes when their working day begins.

When somebody's next one is due stands in their row, and whoever leaves the job moves that on in the
same transaction. So an outage of days ends in one summary and not in one for each, and one whose
day is over by then is left out.
"""

from collections.abc import Sequence
from datetime import datetime

from app.commands.hours import are_at_work, next_opening, zone_of
from app.core.ids import TeammateId
from app.store.models import Teammate
from app.store.telling import summarise
from app.store.unit_of_work import UnitOfWork


async def want_summary(uow: UnitOfWork, teammate: Teammate, *, wanted: bool, now: datetime) -> None:
    """Have it come from the next working day on, or no more. Again the same changes nothing."""
    if not wanted:
        teammate.summary_at = None
    elif teammate.summary_at is None:
        settings = await uow.reminders.general()
        zone = zone_of(teammate.time_zone, settings)
        teammate.summary_at = next_opening(settings, now, zone)


async def summaries_due(uow: UnitOfWork, ids: Sequence[TeammateId], *, now: datetime) -> None:
    """Leave a job for each of these whose day has begun. May be run twice."""
    settings = await uow.reminders.general()
    for teammate in await uow.teammates.lock_many(ids):
        due = teammate.summary_at
        if due is None or due > now:
            continue
        zone = zone_of(teammate.time_zone, settings)
        if are_at_work(settings, now, zone):
            uow.leave(summarise(uow.workspace_id, teammate.id, due))
        teammate.summary_at = next_opening(settings, now, zone)
