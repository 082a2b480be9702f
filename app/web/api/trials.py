"""Trying the servers of a mailbox before it is connected, step by step."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.accounts.trials import Servers, ask_for_trial
from app.core.errors import NotFound
from app.core.ids import GrantId, TrialId
from app.store.models import Trial, TrialState
from app.web.api.accounts import Server, gate_of
from app.web.deps import Admin, Parts, Reader, check_unbound

router = APIRouter(prefix="/trials", tags=["accounts"])


class TrialIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    address: Annotated[str, Field(max_length=320, examples=["support@example.com"])]
    imap: Server
    smtp: Server | None = None
    grant_id: Annotated[
        UUID | None, Field(description="Whose tokens are shown, in place of passwords.")
    ] = None
    with_loop: Annotated[
        bool, Field(description="Send a mail to the mailbox itself, and see it arrive.")
    ] = False


class StepOut(BaseModel):
    """`state`: waiting, running, ok, note, failed or skipped."""

    key: str
    title: str
    state: str
    detail: str
    fix: str
    seconds: float | None


class TrialOut(BaseModel):
    """`found`: the folders with their roles, the capabilities, and how much mail there is."""

    id: UUID
    address: str
    state: TrialState
    steps: list[StepOut]
    found: dict[str, Any]
    created_at: datetime
    finished_at: datetime | None


@router.post("", status_code=202)
async def create(parts: Parts, caller: Admin, body: TrialIn) -> TrialOut:
    """Have a worker try the servers. Ask for the trial again to see how far it is."""
    check_unbound(caller, "try another mailbox")
    servers = Servers(body.imap.login(), body.smtp.login() if body.smtp else None)
    async with parts.store.begin(caller.workspace_id) as uow:
        trial = await ask_for_trial(
            uow,
            gate_of(parts),
            body.address,
            servers,
            grant_id=GrantId(body.grant_id) if body.grant_id else None,
            with_loop=body.with_loop,
        )
        await uow.session.flush()
        await uow.session.refresh(trial)
        return shown(trial)


@router.get("/{trial_id}")
async def get(parts: Parts, caller: Reader, trial_id: UUID) -> TrialOut:
    """How far it is."""
    async with parts.store.begin(caller.workspace_id) as uow:
        trial = await uow.trials.get(TrialId(trial_id))
        if caller.account_ids is not None and trial.account_id not in caller.account_ids:
            raise NotFound("There is no such test.", fix="Begin it anew.")
        return shown(trial)


def shown(trial: Trial) -> TrialOut:
    return TrialOut.model_validate(trial.model_dump())
