"""Signatures, of inboxes and of people; and the addresses that accounts send from."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.core.access import Role
from app.core.errors import Conflict, InvalidInput, NotAllowed
from app.core.ids import AccountId, IdentityId, SignatureId, TeammateId
from app.mail import fill
from app.sending import prove
from app.sending.identities import IdentityState, add_identity, standing
from app.sending.wording import put_signature
from app.store.models import SenderIdentity, Signature
from app.store.unit_of_work import UnitOfWork
from app.web.admin.choices import (
    account_choices,
    check_writes,
    chosen_account,
    chosen_id,
    teammate_choices,
)
from app.web.admin.forms import Form, read
from app.web.admin.nav import Entry, Group
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAdmin, AsAgent, AsViewer, Visitor
from app.web.deps import Parts

router = APIRouter()
NAV = Entry("Signatures and senders", "/signatures", "pen", Group.SENDING)
LEVELS = {
    IdentityState.VERIFIED: "good",
    IdentityState.WAITING: "idle",
    IdentityState.EXPIRED: "warn",
    IdentityState.FAILED: "bad",
}


class SignatureForm(BaseModel):
    account: str = ""
    teammate: str = ""
    text: Annotated[str, Field(max_length=fill.LONGEST)] = ""
    html: Annotated[str, Field(max_length=fill.LONGEST)] = ""


class SenderForm(BaseModel):
    account: str
    address: Annotated[str, Field(min_length=3, max_length=320)]
    name: Annotated[str, Field(max_length=200)] = ""


@router.get("/signatures")
async def list_(request: Request, visitor: AsViewer, parts: Parts) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = [one for one in await uow.signatures.all() if _may_see(visitor, one.account_id)]
        senders = [one for one in await uow.identities.all() if _may_see(visitor, one.account_id)]
        addresses = dict(await account_choices(uow, visitor))
        names = dict(await teammate_choices(uow))
        now = await uow.outgoing.time()
    return page(
        request, visitor, "signatures.html", found=found, addresses=addresses, names=names,
        senders=[_shown(one, now) for one in senders],
        theirs={one.id for one in found if _may_write(visitor, one.teammate_id)},
    )  # fmt: skip


@router.get("/signatures/new")
async def ask(request: Request, visitor: AsAgent, parts: Parts) -> Response:
    return await _form(request, visitor, parts, Form({}), named="New signature")


@router.get("/signatures/{signature_id}")
async def one(request: Request, visitor: AsAgent, parts: Parts, signature_id: UUID) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = await _signature(uow, visitor, signature_id)
        _check_is_theirs(visitor, found.teammate_id)
        named = await _name_of(uow, found)
    form: Form[SignatureForm] = Form(
        {
            "account": str(found.account_id or ""),
            "teammate": str(found.teammate_id or ""),
            "text": found.text,
            "html": found.html,
        }
    )
    return await _form(request, visitor, parts, form, named=named)


@router.post("/signatures/new")
async def save(request: Request, visitor: AsAgent, parts: Parts) -> Response:
    """Of one inbox and person there is one signature: writing it anew replaces it."""
    form = await read(request, SignatureForm)
    if form.is_good:
        given = form.data
        try:
            teammate = chosen_id(given.teammate, "teammate") if given.teammate else None
            _check_is_theirs(visitor, teammate)
            async with parts.store.begin(visitor.workspace_id) as uow:
                await put_signature(
                    uow,
                    account_id=await chosen_account(uow, visitor, given.account),
                    teammate_id=TeammateId(teammate) if teammate else None,
                    text=given.text.replace("\r\n", "\n"),
                    html=given.html,
                )
        except InvalidInput as error:
            form.refuse(error)
        else:
            return see_other(request, "/signatures", "The signature is kept.")
    return await _form(request, visitor, parts, form, status=422)


@router.post("/signatures/{signature_id}/delete")
async def delete(request: Request, visitor: AsAgent, parts: Parts, signature_id: UUID) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = await _signature(uow, visitor, signature_id)
        _check_is_theirs(visitor, found.teammate_id)
        check_writes(visitor, found.account_id)
        await uow.signatures.delete(found)
    return see_other(request, "/signatures", "The signature is gone.")


@router.get("/senders/new")
async def ask_sender(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    return await _sender_form(request, visitor, parts, Form({}))


@router.post("/senders/new")
async def add_sender(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    form = await read(request, SenderForm)
    if form.is_good:
        given = form.data
        try:
            async with parts.store.begin(visitor.workspace_id) as uow:
                account = await uow.accounts.get(AccountId(chosen_id(given.account, "account")))
                added = await add_identity(uow, account, given.address.strip(), given.name.strip())
                visitor.audit(uow, "sender.added", about=added.address)
        except (Conflict, InvalidInput) as error:
            form.refuse(error)
        else:
            said = f"Once a mail from {added.address} to itself is back, it can be used."
            return see_other(request, "/signatures", said)
    return await _sender_form(request, visitor, parts, form, status=422)


@router.post("/senders/{identity_id}/verify")
async def verify(request: Request, visitor: AsAdmin, parts: Parts, identity_id: UUID) -> Response:
    try:
        async with parts.store.begin(visitor.workspace_id) as uow:
            identity = await uow.identities.lock(IdentityId(identity_id))
            await prove.ask(uow, await uow.accounts.get(identity.account_id), identity)
    except Conflict as error:
        return see_other(request, "/signatures", error.sentence, is_bad=True)
    return see_other(request, "/signatures", f"Another mail to {identity.address} is on its way.")


@router.post("/senders/{identity_id}/delete")
async def remove(request: Request, visitor: AsAdmin, parts: Parts, identity_id: UUID) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        identity = await uow.identities.get(IdentityId(identity_id))
        uow.emit("identity.removed", account_id=identity.account_id, address=identity.address)
        visitor.audit(uow, "sender.removed", about=identity.address)
        await uow.identities.delete(identity)
    return see_other(request, "/signatures", f"Nothing is sent from {identity.address} any more.")


async def _form(
    request: Request,
    visitor: Visitor,
    parts: Parts,
    form: Form[Any],
    *,
    named: str = "Signature",
    status: int = 200,
) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        accounts, people = await account_choices(uow, visitor), await teammate_choices(uow)
    if visitor.role.includes(Role.ADMIN):
        people = [("", "everybody"), *people]
    else:
        people = [one for one in people if one[0] == str(visitor.teammate.id)]
    return page(
        request, visitor, "signature.html", status=status, form=form, named=named,
        accounts=accounts, people=people, variables=fill.VARIABLES,
    )  # fmt: skip


async def _sender_form(
    request: Request, visitor: Visitor, parts: Parts, form: Form[Any], *, status: int = 200
) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        accounts = await account_choices(uow, visitor)
    return page(request, visitor, "sender_new.html", status=status, form=form, accounts=accounts)


def _shown(identity: SenderIdentity, now: datetime) -> dict[str, Any]:
    stands = standing(identity, now)
    return {
        **identity.model_dump(include={"id", "account_id", "address", "name"}),
        "state": stands.state,
        "detail": stands.detail,
        "level": LEVELS[stands.state],
    }


async def _name_of(uow: UnitOfWork, signature: Signature) -> str:
    whose, where = "everybody", "every inbox"
    if signature.teammate_id is not None:
        whose = (await uow.teammates.get_many([signature.teammate_id]))[signature.teammate_id].name
    if signature.account_id is not None:
        where = (await uow.accounts.get(signature.account_id)).address
    return f"Signature of {whose} in {where}"


async def _signature(uow: UnitOfWork, visitor: Visitor, signature_id: UUID) -> Signature:
    """Raises `NotFound`, too, for one of an inbox they may not know of."""
    found = await uow.signatures.get(SignatureId(signature_id))
    if found.account_id is not None:
        visitor.check_sees(AccountId(found.account_id))
    return found


def _check_is_theirs(visitor: Visitor, teammate_id: UUID | None) -> None:
    """Everybody writes what stands below their own mail; an admin, below anybody's."""
    if not _may_write(visitor, teammate_id):
        raise NotAllowed("You may write your own signature only.", fix="Ask an admin for others.")


def _may_write(visitor: Visitor, teammate_id: UUID | None) -> bool:
    return visitor.role.includes(Role.ADMIN) or (
        visitor.role.includes(Role.AGENT) and teammate_id == visitor.teammate.id
    )


def _may_see(visitor: Visitor, account_id: UUID | None) -> bool:
    return account_id is None or visitor.actor.may_see(AccountId(account_id))
