"""API keys: make, list, revoke. Only a key that is bound to no account may."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from app.accounts.keys import make_key, revoke_key
from app.core.access import Scope
from app.core.ids import AccountId, APIKeyId
from app.store.audit import audit
from app.web.deps import (
    Admin,
    Cursor,
    Limit,
    Parts,
    Words,
    check_unbound,
    read_cursor,
    write_cursor,
)
from app.web.idempotency import Idempotent

router = APIRouter(prefix="/api-keys", tags=["api-keys"])
_BEYOND = "deal with keys"


class APIKeyIn(BaseModel):
    """`account_ids`: bind the key to these accounts; it knows of no other then."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Words, Field(min_length=1, max_length=100, examples=["reporting"])]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    account_ids: Annotated[list[UUID] | None, Field(min_length=1, max_length=1000)] = None


class APIKeyOut(BaseModel):
    """`prefix` tells keys apart; the rest of a key is shown once, when it is made."""

    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    account_ids: list[UUID] | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewAPIKeyOut(APIKeyOut):
    key: str


class APIKeyPage(BaseModel):
    items: list[APIKeyOut]
    next_cursor: str | None


@router.post("", status_code=201, response_model=NewAPIKeyOut)
async def create(parts: Parts, caller: Admin, body: APIKeyIn, once: Idempotent) -> JSONResponse:
    """Make a key. `key` is shown only in this answer."""
    check_unbound(caller, _BEYOND)
    accounts = [AccountId(one) for one in body.account_ids] if body.account_ids else None
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        row, key = await make_key(uow, body.name, body.scopes, accounts)
        audit(uow, caller, "api_key.created", about=row.name, key_id=str(row.id))
        await uow.session.flush()
        await uow.session.refresh(row)
        shown = NewAPIKeyOut(**row.model_dump(), key=key.text)
        return once.record(uow, 201, shown.model_dump(mode="json"), is_secret=True)


@router.get("")
async def list_(
    parts: Parts, caller: Admin, cursor: Cursor = None, limit: Limit = 50
) -> APIKeyPage:
    check_unbound(caller, _BEYOND)
    place = read_cursor(cursor, UUID)
    after = APIKeyId(place[0]) if place else None
    async with parts.store.begin(caller.workspace_id) as uow:
        found = await uow.api_keys.page(after=after, limit=limit + 1)
    page = found[:limit]
    return APIKeyPage(
        items=[APIKeyOut.model_validate(one.model_dump()) for one in page],
        next_cursor=write_cursor(page[-1].id) if len(found) > limit else None,
    )


@router.delete("/{key_id}", status_code=204)
async def revoke(parts: Parts, caller: Admin, key_id: UUID) -> Response:
    """Revoke a key: it is refused from the next request on. Revoking it twice does nothing."""
    check_unbound(caller, _BEYOND)
    async with parts.store.begin(caller.workspace_id) as uow:
        now = parts.clock.now()
        row = await revoke_key(uow, APIKeyId(key_id), now=now)
        if row.revoked_at == now:
            audit(uow, caller, "api_key.revoked", about=row.name, key_id=str(row.id))
    return Response(status_code=204)
