"""Mail to be sent: ask for it, follow it, take it back, and decide where nobody knows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.container import Container
from app.core.access import Actor
from app.core.faults import faultpoint
from app.core.ids import AccountId, ConversationId, OutgoingId
from app.sending import change
from app.sending.context import Writing, writing_of
from app.sending.enqueue import enqueue
from app.sending.warnings import strangers, warnings
from app.sending.write import Written, preview, write
from app.store.models import (
    WAITING,
    Outgoing,
    OutgoingFile,
    OutgoingRecipient,
    OutgoingState,
    RecipientKind,
)
from app.store.repositories.outgoing import OutgoingFilter
from app.store.unit_of_work import UnitOfWork
from app.web.api.outgoing_schemas import (
    AskedOut,
    OutgoingFileOut,
    OutgoingIn,
    OutgoingOut,
    OutgoingPage,
    PersonOut,
    PreviewOut,
    RecipientOut,
    RetryIn,
)
from app.web.deps import (
    Cursor,
    Limit,
    Parts,
    Reader,
    Sender,
    check_visible,
    read_cursor,
    visible_accounts,
    write_cursor,
)
from app.web.idempotency import Idempotent

router = APIRouter(prefix="/outgoing", tags=["outgoing"])


@router.post("", status_code=202, response_model=AskedOut)
async def create(parts: Parts, caller: Sender, body: OutgoingIn, once: Idempotent) -> JSONResponse:
    """Send a mail once its undo window is over, or at the time it is given."""
    check_visible(caller, AccountId(body.account_id), "account")
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
    written = await write(_writing(parts), caller, body.wanted())
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        outgoing = await enqueue(uow, caller, written)
        shown = await asked_for(uow, outgoing, written)
        answer = once.record(uow, 202, shown.model_dump(mode="json"))
    faultpoint("K23")
    return answer


@router.post("/preview")
async def preview_(parts: Parts, caller: Sender, body: OutgoingIn) -> PreviewOut:
    """What would be sent, and to whom. Nothing is kept."""
    check_visible(caller, AccountId(body.account_id), "account")
    written = await preview(_writing(parts), caller, body.wanted())
    mail = written.mail
    return PreviewOut(
        sender=PersonOut(name=mail.sender.name, address=mail.sender.address),
        to=[PersonOut(name=one.name, address=one.address) for one in mail.to],
        cc=[PersonOut(name=one.name, address=one.address) for one in mail.cc],
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        size=len(written.composed.raw),
        new_domains=list(strangers(written)),
        warnings=warnings(written),
    )


@router.get("")
async def list_(
    parts: Parts,
    caller: Reader,
    account: UUID | None = None,
    conversation: UUID | None = None,
    state: OutgoingState | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> OutgoingPage:
    """The latest first."""
    visible = visible_accounts(caller, account)
    wanted = OutgoingFilter(
        account_ids=visible,
        conversation_id=ConversationId(conversation) if conversation else None,
        state=state,
    )
    place = read_cursor(cursor, UUID)
    before = OutgoingId(place[0]) if place else None
    async with parts.store.begin(caller.workspace_id) as uow:
        found = await uow.outgoing.page(wanted, before=before, limit=limit + 1)
        ids = [one.id for one in found[:limit]]
        people, files = await uow.outgoing.recipients_of(ids), await uow.outgoing.files_of(ids)
        waiting = {one.account_id for one in found[:limit] if one.state in WAITING}
        paused = await uow.waiting.paused_since(waiting)
    items = [
        _out(one, people.get(one.id, []), files.get(one.id, []), paused) for one in found[:limit]
    ]
    more = len(found) > limit
    return OutgoingPage(items=items, next_cursor=write_cursor(items[-1].id) if more else None)


@router.get("/{outgoing_id}")
async def get(parts: Parts, caller: Reader, outgoing_id: UUID) -> OutgoingOut:
    async with parts.store.begin(caller.workspace_id) as uow:
        return await _shown(uow, await _visible(uow, caller, outgoing_id))


@router.put("/{outgoing_id}", status_code=202)
async def put(parts: Parts, caller: Sender, outgoing_id: UUID, body: OutgoingIn) -> AskedOut:
    """Send this instead. Answers the new mail; the old one is taken back, or it answers 409."""
    check_visible(caller, AccountId(body.account_id), "account")
    async with parts.store.begin(caller.workspace_id) as uow:
        await _visible(uow, caller, outgoing_id)
    wanted = replace(body.wanted(), instead_of_id=OutgoingId(outgoing_id))
    written = await write(_writing(parts), caller, wanted)
    async with parts.store.begin(caller.workspace_id) as uow:
        outgoing = await change.replace(uow, caller, OutgoingId(outgoing_id), written)
        return await asked_for(uow, outgoing, written)


@router.delete("/{outgoing_id}")
async def delete(parts: Parts, caller: Sender, outgoing_id: UUID) -> OutgoingOut:
    """Take it back while that is possible; once it left, 409."""
    async with parts.store.begin(caller.workspace_id) as uow:
        await _visible(uow, caller, outgoing_id)
        return await _shown(uow, await change.cancel(uow, OutgoingId(outgoing_id)))


@router.post("/{outgoing_id}/send-now", status_code=202)
async def send_now(parts: Parts, caller: Sender, outgoing_id: UUID) -> OutgoingOut:
    """Do not wait for the undo window, the time it was given or the next attempt."""
    async with parts.store.begin(caller.workspace_id) as uow:
        await _visible(uow, caller, outgoing_id)
        return await _shown(uow, await change.send_now(uow, OutgoingId(outgoing_id)))


@router.post("/{outgoing_id}/retry", status_code=202)
async def retry(
    parts: Parts, caller: Sender, outgoing_id: UUID, body: RetryIn | None = None
) -> OutgoingOut:
    """Try a failed mail again."""
    even_if_sent = body is not None and body.even_if_sent
    async with parts.store.begin(caller.workspace_id) as uow:
        await _visible(uow, caller, outgoing_id)
        outgoing = await change.retry(uow, OutgoingId(outgoing_id), even_if_sent=even_if_sent)
        return await _shown(uow, outgoing)


@router.post("/{outgoing_id}/was-sent", status_code=202)
async def was_sent(parts: Parts, caller: Sender, outgoing_id: UUID) -> OutgoingOut:
    """Say that a mail did leave of which nobody knew."""
    async with parts.store.begin(caller.workspace_id) as uow:
        await _visible(uow, caller, outgoing_id)
        return await _shown(uow, await change.it_was_sent(uow, OutgoingId(outgoing_id)))


@router.post("/{outgoing_id}/drop")
async def drop(parts: Parts, caller: Sender, outgoing_id: UUID) -> OutgoingOut:
    """Give up a mail of which nobody knows whether it left."""
    async with parts.store.begin(caller.workspace_id) as uow:
        await _visible(uow, caller, outgoing_id)
        return await _shown(uow, await change.drop(uow, OutgoingId(outgoing_id)))


def _writing(parts: Container) -> Writing:
    return writing_of(parts.store, parts.blobs, parts.settings)


async def _visible(uow: UnitOfWork, caller: Actor, outgoing_id: UUID) -> Outgoing:
    outgoing = await uow.outgoing.get(OutgoingId(outgoing_id))
    check_visible(caller, outgoing.account_id, "outgoing mail")
    return outgoing


async def _shown(uow: UnitOfWork, outgoing: Outgoing) -> OutgoingOut:
    await uow.session.flush()
    await uow.session.refresh(outgoing)
    recipients = await uow.outgoing.recipients(outgoing.id)
    files = await uow.outgoing.files(outgoing.id)
    paused = await uow.waiting.paused_since([outgoing.account_id])
    return _out(outgoing, list(recipients), list(files), paused)


async def asked_for(uow: UnitOfWork, outgoing: Outgoing, written: Written) -> AskedOut:
    shown = await _shown(uow, outgoing)
    values = {name: getattr(shown, name) for name in OutgoingOut.model_fields}
    return AskedOut(**values, warnings=warnings(written))


def _out(
    outgoing: Outgoing,
    recipients: list[OutgoingRecipient],
    files: list[OutgoingFile],
    paused: Mapping[AccountId, datetime],
) -> OutgoingOut:
    values: dict[str, Any] = outgoing.model_dump(include=set(OutgoingOut.model_fields))
    if outgoing.state in WAITING:
        values["paused_since"] = paused.get(outgoing.account_id)
    for kind in RecipientKind:
        values[kind] = [
            RecipientOut.model_validate(one.model_dump()) for one in recipients if one.kind is kind
        ]
    return OutgoingOut(
        **values,
        sender=PersonOut(name=outgoing.from_name, address=outgoing.from_address),
        attachments=[OutgoingFileOut.model_validate(one.model_dump()) for one in files],
        answers_message_id=outgoing.answers_id,
    )
