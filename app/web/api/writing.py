"""What mail is written with: identities to send from, signatures, templates."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from app.core.access import Actor, Scope
from app.core.errors import NotAllowed
from app.core.ids import (
    AccountId,
    ConversationId,
    IdentityId,
    SignatureId,
    TeammateId,
    TemplateId,
)
from app.mail import fill
from app.sending import prove, wording
from app.sending.identities import IdentityState, add_identity, standing
from app.sending.templates import filled
from app.store.audit import audit
from app.store.models import SenderIdentity, Template
from app.store.unit_of_work import UnitOfWork
from app.web.deps import (
    Admin,
    Parts,
    Reader,
    Words,
    Writer,
    check_unbound,
    check_visible,
)
from app.web.idempotency import Idempotent

identities = APIRouter(prefix="/identities", tags=["identities"])
signatures = APIRouter(prefix="/signatures", tags=["signatures"])
templates = APIRouter(prefix="/templates", tags=["templates"])

LongText = Annotated[Words, Field(max_length=fill.LONGEST)]


class IdentityIn(BaseModel):
    """Variables of templates may stand in `name`: “{{ agent.first_name }} at Acme”."""

    model_config = ConfigDict(extra="forbid")

    account_id: UUID
    address: Annotated[Words, Field(max_length=320)]
    name: Annotated[Words, Field(max_length=200)] = ""
    is_default: bool = False


class IdentityOut(BaseModel):
    """`state`: waiting, verified, expired or failed; only a verified one can be sent from."""

    id: UUID
    account_id: UUID
    address: str
    name: str
    is_default: bool
    state: IdentityState
    detail: str
    proof_sent_at: datetime | None
    proof_expires_at: datetime | None
    verified_at: datetime | None
    created_at: datetime


class SignatureIn(BaseModel):
    """Without `teammate_id` for everybody, without `account_id` in every inbox."""

    model_config = ConfigDict(extra="forbid")

    account_id: UUID | None = None
    teammate_id: UUID | None = None
    text: LongText = ""
    html: LongText = ""


class SignatureOut(BaseModel):
    id: UUID
    account_id: UUID | None
    teammate_id: UUID | None
    text: str
    html: str


class TemplateIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    account_id: UUID | None = None
    name: Annotated[Words, Field(min_length=1, max_length=75)]
    subject: Annotated[Words, Field(max_length=500)] = ""
    text: LongText = ""
    html: LongText = ""


class TemplateOut(BaseModel):
    id: UUID
    account_id: UUID | None
    name: str
    subject: str
    text: str
    html: str


class FillIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    account_id: UUID
    conversation_id: UUID | None = None


class FilledOut(BaseModel):
    """`missing`: variables that nothing is known for."""

    subject: str
    text: str
    html: str
    missing: list[str]


@identities.get("")
async def list_identities(
    parts: Parts, caller: Reader, account: UUID | None = None
) -> list[IdentityOut]:
    async with parts.store.begin(caller.workspace_id) as uow:
        found = (
            await uow.identities.of_account(AccountId(account))
            if account
            else await uow.identities.all()
        )
        now = await uow.outgoing.time()
    return [_identity(one, now) for one in found if caller.may_see(one.account_id)]


@identities.post("", status_code=201, response_model=IdentityOut)
async def create_identity(
    parts: Parts, caller: Admin, body: IdentityIn, once: Idempotent
) -> JSONResponse:
    """Let an account send from another address, once a mail from it to itself has come back."""
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        account = await uow.accounts.get(await _account(uow, caller, body.account_id))
        identity = await add_identity(
            uow, account, body.address, body.name, is_default=body.is_default
        )
        audit(uow, caller, "sender.added", about=identity.address)
        await uow.session.flush()
        await uow.session.refresh(identity)
        shown = _identity(identity, await uow.outgoing.time())
        return once.record(uow, 201, shown.model_dump(mode="json"))


@identities.post("/{identity_id}/verify", status_code=202)
async def verify_identity(parts: Parts, caller: Admin, identity_id: UUID) -> IdentityOut:
    """Send the mail that proves the address once more."""
    async with parts.store.begin(caller.workspace_id) as uow:
        identity = await uow.identities.lock(IdentityId(identity_id))
        check_visible(caller, identity.account_id, "identity")
        await prove.ask(uow, await uow.accounts.get(identity.account_id), identity)
        return _identity(identity, await uow.outgoing.time())


@identities.delete("/{identity_id}", status_code=204)
async def delete_identity(parts: Parts, caller: Admin, identity_id: UUID) -> Response:
    async with parts.store.begin(caller.workspace_id) as uow:
        identity = await uow.identities.get(IdentityId(identity_id))
        check_visible(caller, identity.account_id, "identity")
        uow.emit("identity.removed", account_id=identity.account_id, address=identity.address)
        audit(uow, caller, "sender.removed", about=identity.address)
        await uow.identities.delete(identity)
    return Response(status_code=204)


@signatures.get("")
async def list_signatures(parts: Parts, caller: Reader) -> list[SignatureOut]:
    async with parts.store.begin(caller.workspace_id) as uow:
        found = await uow.signatures.all()
    shown = [one for one in found if one.account_id is None or caller.may_see(one.account_id)]
    return [SignatureOut.model_validate(one.model_dump()) for one in shown]


@signatures.put("")
async def put_signature(parts: Parts, caller: Writer, body: SignatureIn) -> SignatureOut:
    """Set the signature of an inbox, of a person, or of a person in one inbox.

    A key is nobody's own: a person's signature takes one with the scope `admin`.
    """
    _check_whose(caller, body.teammate_id)
    async with parts.store.begin(caller.workspace_id) as uow:
        signature = await wording.put_signature(
            uow,
            account_id=await _scope(uow, caller, body.account_id),
            teammate_id=TeammateId(body.teammate_id) if body.teammate_id else None,
            text=body.text,
            html=body.html,
        )
        return SignatureOut.model_validate(signature.model_dump())


@signatures.delete("/{signature_id}", status_code=204)
async def delete_signature(parts: Parts, caller: Writer, signature_id: UUID) -> Response:
    async with parts.store.begin(caller.workspace_id) as uow:
        signature = await uow.signatures.get(SignatureId(signature_id))
        if signature.account_id is not None:
            check_visible(caller, signature.account_id, "signature")
        _check_whose(caller, signature.teammate_id)
        await _scope(uow, caller, signature.account_id)
        await uow.signatures.delete(signature)
    return Response(status_code=204)


@templates.get("")
async def list_templates(
    parts: Parts, caller: Reader, account: UUID | None = None
) -> list[TemplateOut]:
    async with parts.store.begin(caller.workspace_id) as uow:
        found = await uow.templates.all(for_account=AccountId(account) if account else None)
    shown = [one for one in found if one.account_id is None or caller.may_see(one.account_id)]
    return [TemplateOut.model_validate(one.model_dump()) for one in shown]


@templates.post("", status_code=201, response_model=TemplateOut)
async def create_template(
    parts: Parts, caller: Writer, body: TemplateIn, once: Idempotent
) -> JSONResponse:
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        made = await _put(uow, caller, None, body)
        return once.record(uow, 201, made.model_dump(mode="json"))


@templates.put("/{template_id}")
async def put_template(
    parts: Parts, caller: Writer, template_id: UUID, body: TemplateIn
) -> TemplateOut:
    async with parts.store.begin(caller.workspace_id) as uow:
        template = await _template(uow, caller, template_id)
        await _scope(uow, caller, template.account_id)
        return await _put(uow, caller, template, body)


@templates.delete("/{template_id}", status_code=204)
async def delete_template(parts: Parts, caller: Writer, template_id: UUID) -> Response:
    async with parts.store.begin(caller.workspace_id) as uow:
        template = await _template(uow, caller, template_id)
        await _scope(uow, caller, template.account_id)
        await uow.templates.delete(template)
    return Response(status_code=204)


@templates.post("/{template_id}/fill")
async def fill_template(parts: Parts, caller: Reader, template_id: UUID, body: FillIn) -> FilledOut:
    """The template’s words for one conversation."""
    async with parts.store.begin(caller.workspace_id) as uow:
        template = await _template(uow, caller, template_id)
        account_id = await _account(uow, caller, body.account_id)
        conversation_id = None
        if body.conversation_id is not None:
            conversation = await uow.conversations.get(ConversationId(body.conversation_id))
            check_visible(caller, conversation.account_id, "conversation")
            conversation_id = conversation.id
        found = await filled(uow, caller, template.id, account_id, conversation_id)
    return FilledOut(
        subject=found.subject, text=found.text, html=found.html, missing=list(found.missing)
    )


def _identity(identity: SenderIdentity, now: datetime) -> IdentityOut:
    found = standing(identity, now)
    shown = identity.model_dump() | {"state": found.state, "detail": found.detail}
    return IdentityOut.model_validate(shown)


async def _account(uow: UnitOfWork, caller: Actor, account_id: UUID) -> AccountId:
    account = await uow.accounts.get(AccountId(account_id))
    check_visible(caller, account.id, "account")
    return account.id


async def _scope(uow: UnitOfWork, caller: Actor, account_id: UUID | None) -> AccountId | None:
    """One account, or all of them, which takes a key that is bound to none."""
    if account_id is not None:
        return await _account(uow, caller, account_id)
    check_unbound(caller, "write what is for every inbox")
    return None


def _check_whose(caller: Actor, teammate_id: UUID | None) -> None:
    """Raise `NotAllowed` where it is a person's, and the key may not write for people."""
    if teammate_id is not None and Scope.ADMIN not in caller.scopes:
        raise NotAllowed(
            "A person’s signature is written by themself, in the admin.",
            fix="Sign in there, or use a key that was made with the scope “admin”.",
        )


async def _template(uow: UnitOfWork, caller: Actor, template_id: UUID) -> Template:
    template = await uow.templates.get(TemplateId(template_id))
    if template.account_id is not None:
        check_visible(caller, template.account_id, "template")
    return template


async def _put(
    uow: UnitOfWork, caller: Actor, template: Template | None, body: TemplateIn
) -> TemplateOut:
    written = await wording.put_template(
        uow,
        TemplateId(template.id) if template else None,
        account_id=await _scope(uow, caller, body.account_id),
        **body.model_dump(include={"name", "subject", "text", "html"}),
    )
    return TemplateOut.model_validate(written.model_dump())
