"""Whether an account is tended: try it out, try it again, pause it, resume it."""

from dataclasses import asdict
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.accounts import connect, pausing
from app.accounts.health import health_of
from app.accounts.trials import ask_for_account_trial, follow
from app.accounts.trying import try_out
from app.core.ids import AccountId
from app.store.audit import audit
from app.store.models import AccountState
from app.web.api.accounts import AccountOut, shown
from app.web.deps import Admin, Parts, check_visible

router = APIRouter(prefix="/accounts", tags=["accounts"])
_STEPS_SECONDS: Final = 10.0
"""How long a test's steps are waited for, once the account itself has answered."""


class TestOut(BaseModel):
    """`ok`: connected, logged in and looked at every watched folder.

    `steps`, where they were asked for: what was seen on the way, one after the other, by a
    connection of the test’s own.
    """

    ok: bool
    state: AccountState
    detail: str
    steps: list[dict[str, Any]] = []


@router.post("/{account_id}/test")
async def examine(
    parts: Parts,
    caller: Admin,
    account_id: UUID,
    steps: Annotated[bool, Query(description="Try its servers step by step as well.")] = False,
) -> TestOut:
    """Connect anew, now, and wait for what comes of it."""
    check_visible(caller, AccountId(account_id), "account")
    here, which = caller.workspace_id, AccountId(account_id)
    tried = await try_out(parts.store, parts.hub, here, which)
    if not steps:
        return TestOut(**asdict(tried))
    async with parts.store.begin(here) as uow:
        trial_id = (await ask_for_account_trial(uow, parts.vault, which)).id
    seen: list[dict[str, Any]] = []
    async for trial in follow(parts.store, parts.hub, here, trial_id, seconds=_STEPS_SECONDS):
        seen = trial.steps
    return TestOut(**asdict(tried), steps=seen)


@router.post("/{account_id}/retry", status_code=202)
async def retry(parts: Parts, caller: Admin, account_id: UUID) -> AccountOut:
    """Try an account that rests after a failure now, however long it was to rest still."""
    check_visible(caller, AccountId(account_id), "account")
    async with parts.store.begin(caller.workspace_id) as uow:
        account = await connect.retry_now(uow, AccountId(account_id))
        audit(uow, caller, "account.retried", about=account.address, account_id=str(account.id))
        (health,) = await health_of(uow, [account])
    return shown(health)


@router.post("/{account_id}/pause")
async def pause(parts: Parts, caller: Admin, account_id: UUID) -> AccountOut:
    """Close its connection within seconds and let it be until it is resumed.

    Nothing is fetched or sent, and commands wait; what is stored already is posted all the same.
    """
    check_visible(caller, AccountId(account_id), "account")
    async with parts.store.begin(caller.workspace_id) as uow:
        account = await pausing.pause(
            uow, AccountId(account_id), by=caller.name, now=parts.clock.now()
        )
        audit(uow, caller, "account.paused", about=account.address, account_id=str(account.id))
        (health,) = await health_of(uow, [account])
    return shown(health)


@router.post("/{account_id}/resume")
async def resume(parts: Parts, caller: Admin, account_id: UUID) -> AccountOut:
    """Go on with an account that is paused: the mail of the gap is brought in, each once."""
    check_visible(caller, AccountId(account_id), "account")
    async with parts.store.begin(caller.workspace_id) as uow:
        account = await pausing.resume(
            uow, AccountId(account_id), by=caller.name, now=parts.clock.now()
        )
        audit(uow, caller, "account.resumed", about=account.address, account_id=str(account.id))
        (health,) = await health_of(uow, [account])
    return shown(health)
