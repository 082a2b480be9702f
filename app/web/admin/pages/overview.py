"""The first page: how everything is, and what a person has to do about it."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from app.accounts.diagnose import diagnose
from app.accounts.health import AccountHealth, health_of
from app.core.access import Role
from app.core.findings import Finding, Level, ago, counted
from app.store.models import AccountState
from app.store.repositories.charts import Answers
from app.web.admin.charts import Bar, bars, counting_ticks, duration_ticks
from app.web.admin.counting import counted_for
from app.web.admin.nav import Entry, Group
from app.web.admin.view import page
from app.web.admin.visitor import AsViewer, Visitor
from app.web.deps import Parts

router = APIRouter()
NAV = Entry("Overview", "/", "overview", Group.WORK)
WORST_FIRST: Final = (Level.PROBLEM, Level.NOTE, Level.OK)
_MOST_ACCOUNTS: Final = 500
_EVENTS: Final = 12
_HOURS, _DAYS = 24, 14
_TOO_SMALL: Final = (
    "audit.recorded", "api_key.created", "api_key.revoked", "message.flags_changed",
    "message.imported",
)  # fmt: skip
STATES: Final = {
    AccountState.CONNECTING: ("connecting", "warn"),
    AccountState.LIVE: ("live", "good"),
    AccountState.RETRYING: ("out of reach", "warn"),
    AccountState.REFUSED: ("refused", "bad"),
    AccountState.STOPPED: ("given up", "bad"),
    AccountState.PAUSED: ("paused", "idle"),
}
LEVELS: Final = {Level.PROBLEM: "bad", Level.NOTE: "warn", Level.OK: "good"}


@router.get("/")
async def overview(request: Request, visitor: AsViewer, parts: Parts) -> Response:
    now = parts.clock.now()
    only = visitor.actor.account_ids
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = await uow.accounts.page(after=None, limit=_MOST_ACCOUNTS, only=only)
        healths = await health_of(uow, found)
        counted_ = await counted_for(uow, visitor, found)
        only = counted_ if visitor.seen_in is not None else only
        newest = await uow.events.newest(limit=4 * _EVENTS, but=_TOO_SMALL)
        events = await visitor.events_shown(uow, newest)
        hours = await uow.charts.mails_per_hour(_HOURS, now=now, only=only)
        answers = await uow.charts.first_answers(_DAYS, now=now, only=only)
        figures = await uow.charts.figures(only=only)
    async with parts.store.across_workspaces() as fleet:
        workers = await fleet.workers()
    diagnosed = diagnosed_worst_first(
        [(one, diagnose(one, now, poll_seconds=parts.settings.poll_seconds)) for one in healths]
    )
    return page(
        request, visitor, "overview.html",
        troubled=[pair for pair in diagnosed if pair[1].level is not Level.OK],
        accounts=healths, figures=figures, workers=len(workers), events=events[:_EVENTS],
        addresses={one.id: one.address for one in found}, levels=LEVELS,
        mails=_mails_chart(hours), mails_total=sum(count for _, count in hours),
        answers=_answers_chart(answers), answered=sum(one.answered for one in answers),
        needs_start=not found and _may_set_up(visitor),
        missing=sum(
            folder.missing
            for one in healths
            for folder in one.mailboxes
            if folder.watched and one.id in counted_
        ),
        uncounted=len(found) - len(counted_), are_counted=bool(counted_) or not found,
    )  # fmt: skip


def diagnosed_worst_first(
    pairs: Sequence[tuple[AccountHealth, Finding]],
) -> list[tuple[AccountHealth, Finding]]:
    return sorted(pairs, key=lambda pair: (WORST_FIRST.index(pair[1].level), pair[0].address))


def _may_set_up(visitor: Visitor) -> bool:
    return visitor.role.includes(Role.ADMIN)


def _mails_chart(hours: Sequence[tuple[object, int]]) -> Markup:
    counts = [count for _, count in hours]
    found = []
    for n, count in enumerate(counts):
        before = len(counts) - 1 - n
        when = "in this hour" if before == 0 else f"{counted(before, 'hour')} ago"
        label = {0: "now"}.get(before, f"−{before} h" if before % 6 == 0 else "")
        found.append(Bar(count, f"{counted(count, 'mail')}, {when}", label))
    summary = (
        f"Mails that came in, hour by hour over the last {len(counts)} hours: "
        f"{counted(sum(counts), 'mail')} in all, at the most {max(counts, default=0)} in an hour."
    )
    return bars("Mail per hour", summary, found, counting_ticks(max(counts, default=0)))


def _answers_chart(days: Sequence[Answers]) -> Markup:
    found = []
    for n, one in enumerate(days):
        median = one.median_seconds or 0
        day = f"{one.day:%d %b}"
        words = f"{day}: nobody was answered yet"
        if one.median_seconds is not None:
            words = f"{day}: half of {counted(one.answered, 'answer')} within {ago(median)}"
        found.append(Bar(median, words, day if n % 3 == len(days) % 3 else ""))
    medians = [one.median_seconds for one in days if one.median_seconds is not None]
    summary = "Time to the first answer, day by day, the median: nobody was answered yet."
    if medians:
        summary = (
            "Time to the first answer, day by day, the median: "
            f"between {ago(min(medians))} and {ago(max(medians))}."
        )
    return bars("Time to first answer", summary, found, duration_ticks(max(medians, default=0)))
