"""API keys: made and shown once, listed, revoked."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.accounts.keys import make_key, revoke_key
from app.core.access import Role, Scope
from app.core.errors import InvalidInput
from app.core.ids import AccountId, APIKeyId
from app.store.models import Account
from app.store.unit_of_work import UnitOfWork
from app.web.admin.forms import Form, read
from app.web.admin.nav import Entry, Group
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAdmin
from app.web.deps import Cursor, Parts, read_cursor, write_cursor

router = APIRouter()
NAV = Entry("API keys", "/keys", "key", Group.SYSTEM, Role.ADMIN)
_PAGE = 50
_MOST_ACCOUNTS = 500
_MEANINGS = {
    Scope.READ: "Read mail, conversations and events.",
    Scope.WRITE: "Move, flag, assign, note: whatever changes a conversation or its mail.",
    Scope.SEND: "Send mail as an account.",
    Scope.IMAP: "Sign in to the shared inbox with a mail client.",
    Scope.ADMIN: "Everything, accounts and keys included.",
}

_WORDS = {Scope.IMAP: "IMAP"}


class KeyForm(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Scope], Field(min_length=1)]
    accounts: list[UUID]


@router.get("/keys")
async def list_(
    request: Request, visitor: AsAdmin, parts: Parts, cursor: Cursor = None
) -> Response:
    place = read_cursor(cursor, UUID)
    after = APIKeyId(place[0]) if place else None
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = await uow.api_keys.page(after=after, limit=_PAGE + 1)
        accounts = {one.id: one.address for one in await _accounts(uow)}
    keys = found[:_PAGE]
    more = f"/keys?cursor={write_cursor(keys[-1].id)}" if len(found) > _PAGE else None
    return page(
        request, visitor, "keys.html", keys=keys, accounts=accounts, more=more, first=cursor is None
    )


@router.get("/keys/new")
async def ask(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        accounts = await _accounts(uow)
    form: Form[KeyForm] = Form({"scopes": ["read"]})
    return page(request, visitor, "key_new.html", form=form, **_choices(accounts))


@router.post("/keys/new")
async def make(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    """The key stands in the answer, and nowhere else: it is not kept, not even for a moment."""
    form = await read(request, KeyForm, lists=("scopes", "accounts"))
    async with parts.store.begin(visitor.workspace_id) as uow:
        accounts = await _accounts(uow)
        if form.is_good:
            given = form.data
            ids = [AccountId(one) for one in given.accounts] or None
            try:
                row, key = await make_key(uow, given.name.strip(), given.scopes, ids)
            except InvalidInput as error:
                form.refuse(error)
            else:
                visitor.audit(uow, "api_key.created", about=row.name, key_id=str(row.id))
                return page(request, visitor, "key_made.html", key=row, text=key.text)
    return page(request, visitor, "key_new.html", status=422, form=form, **_choices(accounts))


@router.post("/keys/{key_id}/revoke")
async def revoke(request: Request, visitor: AsAdmin, parts: Parts, key_id: UUID) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        row = await revoke_key(uow, APIKeyId(key_id), now=parts.clock.now())
        visitor.audit(uow, "api_key.revoked", about=row.name, key_id=str(row.id))
    return see_other(request, "/keys", f"The key “{row.name}” is refused from now on.")


def _choices(accounts: list[Account]) -> dict[str, Any]:
    return {
        "scopes": [
            (str(scope), _WORDS.get(scope, scope.capitalize()), _MEANINGS[scope]) for scope in Scope
        ],
        "accounts": [(str(one.id), one.address, "") for one in accounts],
    }


async def _accounts(uow: UnitOfWork) -> list[Account]:
    return list(await uow.accounts.page(after=None, limit=_MOST_ACCOUNTS))
