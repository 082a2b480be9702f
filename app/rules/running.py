"""Applying a rule to mail that is there already, because somebody asks for it.

    asked for ──▶ a page of mails: read, judged, applied ──▶ the next page ──▶ … ──▶ done
                     │ the rule was changed, or somebody cancelled: cancelled

A page and how far we are commit together, and each mail is written down with the rule, so a crash
costs a page's reading and nothing is applied twice. What decides where new mail is shown does
nothing here; what is about a conversation is done only by its last mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.core.access import Actor
from app.core.clock import Clock
from app.core.errors import Conflict, NotFound
from app.core.ids import AccountId, MessageId, RuleId, RuleRunId, WorkspaceId
from app.core.logging import get_logger
from app.rules.apply import About, carry_out
from app.rules.history import judge, read_page
from app.rules.plan import Readied, Step, readied
from app.store.blobs import Blobs
from app.store.models import Direction, Rule, RuleRun, RunState
from app.store.queue import run_rule
from app.store.repositories.past import PastMail
from app.store.unit_of_work import Store, UnitOfWork

_PAGE: Final = 100
_LATEST: Final = 20
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Page:
    rule: Readied
    before: MessageId | None
    mails: Sequence[PastMail]


async def start(
    uow: UnitOfWork, actor: Actor, rule_id: RuleId, *, since: datetime | None = None
) -> RuleRun:
    """Apply a rule to what is there, newest first. Raises `NotFound` and `Conflict`."""
    rule = await uow.rules.lock(rule_id)
    if await uow.rule_runs.running(rule_id) is not None:
        raise Conflict(
            "This rule is being applied to older mail already.",
            fix="Wait until that is done, or cancel it.",
        )
    run = RuleRun(
        workspace_id=uow.workspace_id,
        rule_id=rule_id,
        rule_revision=rule.revision,
        since=since,
        total=await uow.past.count(_accounts(rule), since),
        requested_by_id=actor.teammate_id,
    )
    await uow.rule_runs.add(run)
    await uow.session.refresh(run)
    uow.emit("rule.run_started", account_id=rule.account_id, rule_id=str(rule_id), total=run.total)
    uow.leave(run_rule(uow.workspace_id, run.id))
    return run


async def cancel(uow: UnitOfWork, rule_id: RuleId, *, now: datetime) -> RuleRun:
    """What was done stays done. Raises `NotFound` where nothing is under way."""
    found = await uow.rule_runs.running(rule_id)
    if found is None:
        raise NotFound("There is no such run: the rule is not being applied to older mail.")
    run = await uow.rule_runs.lock(found.id)
    if run.state is RunState.RUNNING:
        _end(uow, run, RunState.CANCELLED, "Somebody cancelled it.", now)
    return run


async def step(
    store: Store, blobs: Blobs, clock: Clock, workspace_id: WorkspaceId, run_id: RuleRunId
) -> bool:
    """Apply it to the next page; answers whether there may be more. May run twice.

    Raises `TooManyWaiting`, with nothing done, until the account has caught up with its commands.
    """
    async with store.begin(workspace_id) as uow:
        page = await _read(uow, run_id, clock.now())
    if page is None:
        return False
    fitting = await judge(blobs, page.rule.body, page.mails)
    async with store.begin(workspace_id) as uow:
        run = await uow.rule_runs.lock(run_id)
        if run.state is not RunState.RUNNING or run.before_id != page.before:
            return run.state is RunState.RUNNING
        known = await uow.rules.known(page.rule.id, [one.id for one in fitting])
        what = Step(page.rule.id, page.rule.name, page.rule.body.actions)
        for mail in sorted(fitting, key=lambda one: (one.conversation_id, one.id)):
            if mail.id not in known:
                about = await _about(uow, mail)
                run.applied += await carry_out(uow, what, about, now=clock.now())
        run.looked_at += len(page.mails)
        run.matched += len(fitting)
        run.before_id = page.mails[-1].id
    return True


async def _read(uow: UnitOfWork, run_id: RuleRunId, now: datetime) -> _Page | None:
    """The next page; None where the run has come to its end, which is then written down."""
    try:
        run = await uow.rule_runs.lock(run_id)
    except NotFound:
        return None  # The rule was removed, and its runs with it.
    if run.state is not RunState.RUNNING:
        return None
    rule = await uow.rules.get(run.rule_id)
    found, _ = readied([rule])
    if not found or rule.revision != run.rule_revision:
        _end(uow, run, RunState.CANCELLED, "The rule was changed meanwhile.", now)
        return None
    mails = await read_page(
        uow,
        found[0].body,
        account_ids=_accounts(rule),
        before=run.before_id,
        since=run.since,
        limit=_PAGE,
    )
    if not mails:
        _end(uow, run, RunState.DONE, "", now)
        return None
    return _Page(found[0], run.before_id, mails)


async def _about(uow: UnitOfWork, mail: PastMail) -> About:
    latest = await uow.messages.newest(mail.conversation_id, limit=_LATEST)
    inbound = [one.id for one in latest if one.direction is Direction.INBOUND]
    return About(
        account_id=mail.account_id,
        conversation_id=mail.conversation_id,
        message_id=mail.id,
        received_at=mail.received_at,
        automatic=mail.automatic,
        is_latest=bool(inbound) and inbound[0] == mail.id,
        on_history=True,
    )


def _end(uow: UnitOfWork, run: RuleRun, state: RunState, detail: str, now: datetime) -> None:
    run.state, run.detail, run.finished_at = state, detail, now
    uow.emit(
        f"rule.run_{state}", rule_id=str(run.rule_id), matched=run.matched, applied=run.applied
    )
    log.info("rule.run", rule=str(run.rule_id), state=state, looked_at=run.looked_at)


def _accounts(rule: Rule) -> frozenset[AccountId] | None:
    return None if rule.account_id is None else frozenset({rule.account_id})
