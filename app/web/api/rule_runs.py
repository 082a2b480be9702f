"""A rule applied to mail that is there already, because somebody asks for it."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict

from app.core.access import Actor
from app.core.errors import NotFound
from app.core.ids import RuleId
from app.rules import running
from app.store.models import RuleRun, RunState
from app.store.unit_of_work import UnitOfWork
from app.web.deps import Admin, Parts, Reader, check_unbound, check_visible

router = APIRouter(prefix="/rules", tags=["rules"])


class RunIn(BaseModel):
    """Without `since` to all the mail there is."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime | None = None


class RunOut(BaseModel):
    """Of `total` mails it has looked at so many, `matched` some and changed something for some."""

    id: UUID
    rule_id: UUID
    state: RunState
    detail: str
    since: datetime | None
    total: int
    looked_at: int
    matched: int
    applied: int
    created_at: datetime
    finished_at: datetime | None


@router.post("/{rule_id}/apply", status_code=202)
async def apply(parts: Parts, caller: Admin, rule_id: UUID, body: RunIn) -> RunOut:
    """Apply it to mail that is there already, the newest first, without showing any of it anew.

    `channel`, `mute` and `reply` are for new mail and do nothing here; `assign` and `done` are done
    by the last mail of a conversation alone. A mail it was applied to before is left out.
    """
    async with parts.store.begin(caller.workspace_id) as uow:
        id_ = await _rule(uow, caller, rule_id, changes=True)
        return _shown(await running.start(uow, caller, id_, since=body.since))


@router.get("/{rule_id}/apply")
async def progress(parts: Parts, caller: Reader, rule_id: UUID) -> RunOut:
    """How far the latest one is."""
    async with parts.store.begin(caller.workspace_id) as uow:
        id_ = await _rule(uow, caller, rule_id)
        run = await uow.rule_runs.latest(id_)
        if run is None:
            raise NotFound("There is no such run: the rule was never applied to older mail.")
        return _shown(run)


@router.delete("/{rule_id}/apply")
async def cancel(parts: Parts, caller: Admin, rule_id: UUID) -> RunOut:
    """What was done by then stays done."""
    async with parts.store.begin(caller.workspace_id) as uow:
        id_ = await _rule(uow, caller, rule_id, changes=True)
        return _shown(await running.cancel(uow, id_, now=parts.clock.now()))


async def _rule(uow: UnitOfWork, caller: Actor, rule_id: UUID, *, changes: bool = False) -> RuleId:
    rule = await uow.rules.get(RuleId(rule_id))
    if rule.account_id is not None:
        check_visible(caller, rule.account_id, "rule")
    elif changes:
        check_unbound(caller, "apply a rule to the mail of every account")
    return rule.id


def _shown(run: RuleRun) -> RunOut:
    return RunOut.model_validate(run.model_dump(include=set(RunOut.model_fields)))
