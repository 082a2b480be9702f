"""The import of an account's history: start, follow, cancel."""

from dataclasses import asdict
from datetime import UTC, date, datetime, time
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.accounts import history
from app.accounts.history import MOST_HISTORY_DAYS, MOST_MAILS_PER_MINUTE, Window, progress_of
from app.core.access import Actor
from app.core.ids import AccountId
from app.store.audit import audit
from app.store.models import HistoryImport, ImportState
from app.store.unit_of_work import UnitOfWork
from app.web.deps import Admin, Parts, Reader, check_visible

router = APIRouter(prefix="/accounts", tags=["accounts"])


class ImportIn(BaseModel):
    """Which mail: of the last `days` days, `since` a day (UTC), or `all` there is."""

    model_config = ConfigDict(extra="forbid")

    days: Annotated[int | None, Field(ge=1, le=MOST_HISTORY_DAYS)] = None
    since: date | None = None
    all: bool = False
    mails_per_minute: Annotated[
        int | None,
        Field(ge=1, le=MOST_MAILS_PER_MINUTE, description="The pace; left out: the setting’s."),
    ] = None

    @model_validator(mode="after")
    def _names_one_window(self) -> Self:
        if sum((self.days is not None, self.since is not None, self.all)) != 1:
            raise ValueError("give exactly one of days, since and all")
        return self

    def window(self) -> Window:
        since = datetime.combine(self.since, time(), UTC) if self.since else None
        return Window(days=self.days, since=since)


class ImportOut(BaseModel):
    """`found` is null until the mails of the window were counted; `failed` are in quarantine."""

    state: ImportState
    days: int | None
    since: datetime | None
    mails_per_minute: int | None
    found: int | None
    done: int
    failed: int
    eta_seconds: int | None
    requested_at: datetime
    finished_at: datetime | None


@router.post("/{account_id}/import", status_code=202)
async def start(parts: Parts, caller: Admin, account_id: UUID, body: ImportIn) -> ImportOut:
    """Bring in history, silently: no cards, no notices. It replaces one that is still running."""
    check_visible(caller, AccountId(account_id), "account")
    async with parts.store.begin(caller.workspace_id) as uow:
        wanted = await history.start(
            uow, AccountId(account_id), body.window(), mails_per_minute=body.mails_per_minute
        )
        await _note(uow, caller, "account.import_started", account_id)
        return _shown(wanted, parts.clock.now())


@router.get("/{account_id}/import")
async def get(parts: Parts, caller: Reader, account_id: UUID) -> ImportOut:
    """How far the latest import is."""
    check_visible(caller, AccountId(account_id), "account")
    async with parts.store.begin(caller.workspace_id) as uow:
        return _shown(await history.find(uow, AccountId(account_id)), parts.clock.now())


@router.delete("/{account_id}/import")
async def cancel(parts: Parts, caller: Admin, account_id: UUID) -> ImportOut:
    """Stop the import that is running. What is in stays in."""
    check_visible(caller, AccountId(account_id), "account")
    now = parts.clock.now()
    async with parts.store.begin(caller.workspace_id) as uow:
        cancelled = await history.cancel(uow, AccountId(account_id), now=now)
        await _note(uow, caller, "account.import_cancelled", account_id)
        return _shown(cancelled, now)


async def _note(uow: UnitOfWork, caller: Actor, act: str, account_id: UUID) -> None:
    account = await uow.accounts.get(AccountId(account_id))
    audit(uow, caller, act, about=account.address, account_id=str(account.id))


def _shown(wanted: HistoryImport, now: datetime) -> ImportOut:
    return ImportOut.model_validate(asdict(progress_of(wanted, now)))
