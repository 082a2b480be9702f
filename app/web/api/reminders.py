"""When the team is reminded of what, for all accounts or for one."""

from typing import Annotated, Any, Self
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from app.core.access import Actor
from app.core.errors import NotAllowed
from app.core.ids import AccountId
from app.store.models import ReminderSettings
from app.store.unit_of_work import UnitOfWork
from app.web.deps import Admin, Parts, Reader, Words, check_visible

router = APIRouter(prefix="/reminders", tags=["reminders"])

Hours = Annotated[int, Field(ge=0, le=24 * 90)]
Minutes = Annotated[int, Field(ge=0, le=24 * 60)]
Days = Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(max_length=7)]


class RemindersIn(BaseModel):
    """Hours of 0 remind of nothing. `days`: 0 is Monday; `opens_at`: minutes after midnight."""

    model_config = ConfigDict(extra="forbid")

    account_id: UUID | None = Field(default=None, description="Null: for all without their own.")
    is_on: bool = True
    unassigned_hours: Hours = 24
    no_action_hours: Hours = 48
    no_answer_hours: Hours = 72
    time_zone: Words = Field(default="UTC", description="By its name in the IANA database.")
    days: Days = Field(default=[0, 1, 2, 3, 4])
    opens_at: Minutes = 9 * 60
    closes_at: Minutes = 17 * 60

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("there is no such time zone")
        return name

    @model_validator(mode="after")
    def _opens(self) -> Self:
        if self.opens_at == self.closes_at:
            raise ValueError("opens_at and closes_at are the same, so it would never be open")
        return self


class RemindersOut(RemindersIn):
    is_default: bool = Field(description="Nobody has set it: this is what holds until then.")


class RemindersPage(BaseModel):
    items: list[RemindersOut]


@router.get("")
async def get(parts: Parts, caller: Reader) -> RemindersPage:
    """What holds for all accounts, and for those with settings of their own."""
    async with parts.store.begin(caller.workspace_id) as uow:
        return await _page(uow, caller)


async def _page(uow: UnitOfWork, caller: Actor) -> RemindersPage:
    found = await uow.reminders.settings()
    general = found.pop(None, None)
    default = ReminderSettings(workspace_id=caller.workspace_id)
    shown = [_out(general or default, is_default=general is None)]
    seen = caller.account_ids
    shown += [_out(one) for id_, one in found.items() if seen is None or id_ in seen]
    return RemindersPage(items=shown)


@router.put("")
async def put(parts: Parts, caller: Admin, body: RemindersIn) -> RemindersOut:
    """Set them for all accounts, or with `account_id` for one."""
    async with parts.store.begin(caller.workspace_id) as uow:
        account_id = await _account(uow, caller, body.account_id)
        values = {**body.model_dump(), "days": sorted(set(body.days)), "account_id": account_id}
        settings = ReminderSettings(workspace_id=caller.workspace_id, **values)
        await uow.reminders.put(settings)
    return _out(settings)


@router.delete("")
async def delete(
    parts: Parts, caller: Admin, account: Annotated[UUID | None, Query()] = None
) -> RemindersPage:
    """Have an account follow those of all again, or all accounts the default."""
    async with parts.store.begin(caller.workspace_id) as uow:
        await uow.reminders.drop(await _account(uow, caller, account))
        return await _page(uow, caller)


async def _account(uow: UnitOfWork, caller: Actor, account_id: UUID | None) -> AccountId | None:
    """Raises `NotFound`, and `NotAllowed` for a key of some accounts that asks for all."""
    if account_id is None:
        if caller.account_ids is not None:
            raise NotAllowed("This key is bound to accounts, so it sets nothing for all of them.")
        return None
    account = await uow.accounts.get(AccountId(account_id))
    check_visible(caller, account.id, "account")
    return account.id


def _out(settings: ReminderSettings, *, is_default: bool = False) -> RemindersOut:
    values: dict[str, Any] = settings.model_dump(include=set(RemindersIn.model_fields))
    return RemindersOut(**values, is_default=is_default)
