"""Testing a mailbox's servers, step by step: before it is connected, and after.

A worker goes through the steps; the list asks for itself again until it is done.
"""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from app.accounts.trials import Servers, ask_for_account_trial, ask_for_trial
from app.core.errors import Conflict, InvalidInput
from app.core.ids import AccountId, TrialId
from app.store.models import Trial, TrialState
from app.web.admin.forms import read
from app.web.admin.pages.connect import ServersForm, gate_of
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAdmin, Visitor
from app.web.deps import Parts

router = APIRouter()
_LEVELS: Final = {
    "waiting": ("not yet", "idle"),
    "running": ("under way", "warn"),
    "ok": ("good", "good"),
    "note": ("good, with a note", "warn"),
    "failed": ("failed", "bad"),
    "skipped": ("left out", "idle"),
}


class LoopForm(BaseModel):
    with_loop: bool = False


@router.post("/connect/try")
async def try_servers(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    """Try what is typed in the form, which stays as it is."""
    form = await read(request, ServersForm)
    problems = [*form.errors.values(), form.problem] if not form.is_good else []
    trial = None
    if form.is_good:
        servers = Servers(form.data.imap(), form.data.smtp())
        try:
            async with parts.store.begin(visitor.workspace_id) as uow:
                trial = await ask_for_trial(uow, gate_of(parts), form.data.address, servers)
        except (InvalidInput, Conflict) as error:
            problems = [error.sentence]
    return _page(request, visitor, trial, problems, choosing=True)


@router.post("/accounts/{account_id}/try")
async def try_account(
    request: Request, visitor: AsAdmin, parts: Parts, account_id: UUID
) -> Response:
    id_ = AccountId(account_id)
    visitor.check_sees(id_)
    form = await read(request, LoopForm)
    with_loop = form.is_good and form.data.with_loop
    async with parts.store.begin(visitor.workspace_id) as uow:
        trial = await ask_for_account_trial(uow, parts.vault, id_, with_loop=with_loop)
    return see_other(request, f"/trials/{trial.id}")


@router.get("/trials/{trial_id}")
async def show(
    request: Request,
    visitor: AsAdmin,
    parts: Parts,
    trial_id: UUID,
    choosing: Annotated[bool, Query(description="Offer its folders to be chosen from.")] = False,
) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        trial = await uow.trials.get(TrialId(trial_id))
    return _page(request, visitor, trial, (), choosing=choosing)


def _page(
    request: Request,
    visitor: Visitor,
    trial: Trial | None,
    problems: list[str] | tuple[str, ...],
    *,
    choosing: bool,
) -> Response:
    is_done = trial is not None and trial.state is TrialState.DONE
    failed = [one for one in trial.steps if one["state"] == "failed"] if trial else []
    return page(
        request, visitor, "trial.html", status=422 if problems else 200, trial=trial,
        problems=[one for one in problems if one], is_done=is_done, is_good=is_done and not failed,
        choosing=choosing, levels=_LEVELS,
    )  # fmt: skip
