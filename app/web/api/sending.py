"""How an inbox sends."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.core.config import Settings
from app.core.errors import InvalidInput
from app.core.ids import AccountId
from app.sending.context import MOST_UNDO_SECONDS
from app.sending.habits import change_habits, server_limit, size_limit
from app.store.audit import audit
from app.store.models import Account
from app.web.deps import Admin, Parts, Reader, check_visible

router = APIRouter(prefix="/accounts/{account_id}/sending", tags=["accounts"])


class SendingIn(BaseModel):
    """What is left out stays as it is; null is what the settings say."""

    model_config = ConfigDict(extra="forbid")

    undo_seconds: Annotated[int | None, Field(ge=0, le=MOST_UNDO_SECONDS)] = None
    done_after_send: Annotated[
        bool | None, Field(description="Offer answers with “Mark Done after sending” ticked.")
    ] = None
    sends_per_hour: Annotated[int | None, Field(ge=0, le=1_000_000)] = None


class SendingOut(BaseModel):
    """As it is in force. `largest_mail`: in bytes, as it travels, and `limited_by` who says so."""

    undo_seconds: int
    done_after_send: bool
    sends_per_hour: int
    largest_mail: int
    limited_by: str


@router.get("")
async def get(parts: Parts, caller: Reader, account_id: UUID) -> SendingOut:
    async with parts.store.begin(caller.workspace_id) as uow:
        account = await uow.accounts.get(AccountId(account_id))
        check_visible(caller, account.id, "account")
    return _shown(account, parts.settings)


@router.patch("")
async def patch(parts: Parts, caller: Admin, account_id: UUID, body: SendingIn) -> SendingOut:
    """Change how the inbox sends. Mail that waits already keeps its own window."""
    check_visible(caller, AccountId(account_id), "account")
    changes = body.model_dump(exclude_unset=True)
    if "done_after_send" in changes and changes["done_after_send"] is None:
        raise InvalidInput("This is either true or false.", field="done_after_send")
    async with parts.store.begin(caller.workspace_id) as uow:
        account = await change_habits(uow, AccountId(account_id), **changes)
        audit(uow, caller, "account.changed", about=account.address, account_id=str(account.id))
    return _shown(account, parts.settings)


def _shown(account: Account, settings: Settings) -> SendingOut:
    limit = size_limit(server_limit(account), settings.max_sent_bytes)
    undo, per_hour = account.undo_seconds, account.sends_per_hour
    return SendingOut(
        undo_seconds=settings.undo_seconds if undo is None else undo,
        done_after_send=account.done_after_send,
        sends_per_hour=settings.sends_per_hour if per_hour is None else per_hour,
        largest_mail=limit.size,
        limited_by=limit.who,
    )
