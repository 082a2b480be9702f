"""Mail of ours: what waits, what left, what did not, and what a person has to decide."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from app.container import Container
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.ids import OutgoingId
from app.mail.address import Address
from app.mail.compose import File
from app.sending import change
from app.sending.context import writing_of
from app.sending.guard import Seen, newer_than, seen_now
from app.sending.wanted import Wanted
from app.sending.write import write
from app.store.models import (
    WAITING,
    Outgoing,
    OutgoingMode,
    OutgoingRecipient,
    OutgoingState,
    RecipientKind,
)
from app.store.repositories.outgoing import OutgoingFilter
from app.store.unit_of_work import UnitOfWork
from app.web.admin.answers import LookFirst
from app.web.admin.choices import account_choices, filter_id, filter_state, paused_among
from app.web.admin.forms import Form, read
from app.web.admin.nav import Entry, Group
from app.web.admin.seen import SeenField, in_words, seen_in
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAgent, AsViewer, Visitor
from app.web.deps import Cursor, Parts, Words, read_cursor, visible_accounts, write_cursor

router = APIRouter()
NAV = Entry("Outbox", "/outbox", "send", Group.SENDING)
_PAGE: Final = 40
STATES: Final = {
    OutgoingState.UNDO: ("leaves in a moment", "warn"),
    OutgoingState.SCHEDULED: ("scheduled", "idle"),
    OutgoingState.QUEUED: ("waits for the next attempt", "warn"),
    OutgoingState.SENDING: ("being sent", "warn"),
    OutgoingState.SENT: ("sent", "good"),
    OutgoingState.FAILED: ("not sent", "bad"),
    OutgoingState.UNKNOWN: ("in doubt", "bad"),
    OutgoingState.CANCELLED: ("taken back", "idle"),
}
_CHANGED: Final = (OutgoingState.FAILED, *WAITING)
Text = Annotated[Words, Query(max_length=50)]


class EditForm(BaseModel):
    subject: Annotated[str, Field(max_length=500)] = ""
    text: Annotated[str, Field(min_length=1, max_length=200_000)]
    seen: SeenField
    """Of the conversation, as its writer was shown it."""


@router.get("/outbox")
async def list_(
    request: Request,
    visitor: AsViewer,
    parts: Parts,
    state: Text = "",
    account: Text = "",
    cursor: Cursor = None,
) -> Response:
    place = read_cursor(cursor, UUID)
    wanted = OutgoingFilter(
        account_ids=visible_accounts(visitor.actor, filter_id(account)),
        state=filter_state(OutgoingState, state),
    )
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = await uow.outgoing.page(
            wanted, before=OutgoingId(place[0]) if place else None, limit=_PAGE + 1
        )
        seen = await visitor.shown(uow, [one.id for one in found])
        mails = [one for one in found[:_PAGE] if one.id in seen]
        people = await uow.outgoing.recipients_of([one.id for one in mails])
        accounts = await account_choices(uow, visitor)
        paused = await paused_among(uow, visitor, filter_id(account))
    more = None
    if len(found) > _PAGE:
        query = {"cursor": write_cursor(found[_PAGE - 1].id), "state": state, "account": account}
        more = f"/outbox?{urlencode(query)}"
    return page(
        request, visitor, "outbox.html",
        mails=mails, people=people, states=STATES, state=state, account=account,
        accounts=accounts, addresses=dict(accounts), more=more, first=cursor is None,
        paused=paused, waiting=WAITING,
    )  # fmt: skip


@router.get("/outbox/{outgoing_id}")
async def show(request: Request, visitor: AsViewer, parts: Parts, outgoing_id: UUID) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        mail = await _mail(uow, visitor, outgoing_id)
        people = await uow.outgoing.recipients(mail.id)
        files = await uow.outgoing.files(mail.id)
        account = await uow.accounts.get(mail.account_id)
    return page(
        request, visitor, "outgoing.html", mail=mail, people=people, files=files, account=account,
        is_paused=account.paused_at is not None and mail.state in WAITING,
        states=STATES, may_edit=_may_edit(mail),
        waits=mail.state in WAITING and mail.sent_at is None,
        is_late=mail.state is OutgoingState.UNKNOWN and mail.is_only_late,
        in_doubt=mail.state is OutgoingState.UNKNOWN and mail.settled_at is not None,
    )  # fmt: skip


@router.post("/outbox/{outgoing_id}/cancel")
async def cancel(request: Request, visitor: AsAgent, parts: Parts, outgoing_id: UUID) -> Response:
    said = "Taken back."
    return await _done(request, visitor, parts, outgoing_id, change.cancel, said)


@router.post("/outbox/{outgoing_id}/send-now")
async def send_now(request: Request, visitor: AsAgent, parts: Parts, outgoing_id: UUID) -> Response:
    return await _done(request, visitor, parts, outgoing_id, change.send_now, "It goes out now.")


@router.post("/outbox/{outgoing_id}/retry")
async def retry(request: Request, visitor: AsAgent, parts: Parts, outgoing_id: UUID) -> Response:
    async def act(uow: UnitOfWork, id_: OutgoingId) -> Outgoing:
        return await change.retry(uow, id_, even_if_sent=False)

    return await _done(request, visitor, parts, outgoing_id, act, "It is tried again.")


@router.post("/outbox/{outgoing_id}/send-again")
async def send_again(
    request: Request, visitor: AsAgent, parts: Parts, outgoing_id: UUID
) -> Response:
    """Of a mail in doubt: whoever asks knows that it may reach people twice."""

    async def act(uow: UnitOfWork, id_: OutgoingId) -> Outgoing:
        return await change.retry(uow, id_, even_if_sent=True)

    return await _done(request, visitor, parts, outgoing_id, act, "It is sent again.")


@router.post("/outbox/{outgoing_id}/was-sent")
async def was_sent(request: Request, visitor: AsAgent, parts: Parts, outgoing_id: UUID) -> Response:
    said = "It counts as sent."
    return await _done(request, visitor, parts, outgoing_id, change.it_was_sent, said)


@router.post("/outbox/{outgoing_id}/drop")
async def drop(request: Request, visitor: AsAgent, parts: Parts, outgoing_id: UUID) -> Response:
    said = "Dropped: it is not sent again."
    return await _done(request, visitor, parts, outgoing_id, change.drop, said)


@router.get("/outbox/{outgoing_id}/edit")
async def ask_to_edit(
    request: Request, visitor: AsAgent, parts: Parts, outgoing_id: UUID
) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        mail = await _mail(uow, visitor, outgoing_id)
        seen = in_words(await seen_now(uow, mail.conversation_id))
    _check_editable(mail)
    form: Form[EditForm] = Form({"subject": mail.subject, "text": mail.text, "seen": seen})
    return page(request, visitor, "outgoing_edit.html", mail=mail, form=form, look=None)


@router.post("/outbox/{outgoing_id}/edit")
async def edit(request: Request, visitor: AsAgent, parts: Parts, outgoing_id: UUID) -> Response:
    """Send another text in its place: the old mail is taken back, the new one waits anew.

    What came into the conversation since stops it once; sent again from the page that shows that,
    it is meant.
    """
    look: LookFirst | None = None
    form = await read(request, EditForm)
    async with parts.store.begin(visitor.workspace_id) as uow:
        mail = await _mail(uow, visitor, outgoing_id)
    _check_editable(mail)
    if form.is_good:
        try:
            wanted = await _rewritten(parts, visitor, mail, form.data)
            writing = writing_of(parts.store, parts.blobs, parts.settings)
            written = await write(writing, visitor.actor, wanted)
            async with parts.store.begin(visitor.workspace_id) as uow:
                await _check_seen(uow, mail.id, seen_in(form.data.seen))
                new = await change.replace(uow, visitor.actor, mail.id, written)
        except InvalidInput as error:
            form.refuse(error)
        except LookFirst as error:
            look, form.values["seen"] = error, in_words(error.seen)
        except Conflict as error:
            return see_other(request, f"/outbox/{mail.id}", error.sentence, is_bad=True)
        else:
            return see_other(request, f"/outbox/{new.id}", "This goes out in its place.")
    return page(request, visitor, "outgoing_edit.html", status=422, mail=mail, form=form, look=look)


async def _check_seen(uow: UnitOfWork, outgoing_id: OutgoingId, seen: Seen) -> None:
    """Holds the mail, and then its conversation. Raises `LookFirst`."""
    mail = await uow.outgoing.lock(outgoing_id)
    newer = await newer_than(uow, mail.conversation_id, seen)
    if newer is not None:
        raise LookFirst(newer, await seen_now(uow, mail.conversation_id), (), "")


async def _rewritten(parts: Container, visitor: Visitor, mail: Outgoing, given: EditForm) -> Wanted:
    """The same mail to the same people with the same files, but for what was changed."""
    async with parts.store.begin(visitor.workspace_id) as uow:
        people = await uow.outgoing.recipients(mail.id)
        rows = await uow.outgoing.files(mail.id)
        now = await uow.outgoing.time()
    files = [
        File(one.filename, one.content_type, await parts.blobs.get(one.sha256), one.content_id)
        for one in rows
    ]
    return Wanted(
        account_id=mail.account_id,
        mode=mail.mode,
        text=given.text.replace("\r\n", "\n"),
        conversation_id=mail.conversation_id,
        answers_id=mail.answers_id,
        sender=mail.from_address,
        to=_of_kind(people, RecipientKind.TO),
        cc=_of_kind(people, RecipientKind.CC),
        bcc=_of_kind(people, RecipientKind.BCC),
        subject=given.subject.strip() or None,
        files=tuple(files),
        quote=mail.quotes,
        send_at=mail.send_at if mail.send_at and mail.send_at > now else None,
        cancel_if_answered=mail.cancel_if_answered,
        then_done=mail.then_done,
        follow_up_days=mail.follow_up_days,
    )


def _of_kind(people: Sequence[OutgoingRecipient], kind: RecipientKind) -> tuple[Address, ...]:
    return tuple(Address(one.name, one.address) for one in people if one.kind is kind)


def _may_edit(mail: Outgoing) -> bool:
    """A forward carries what it forwards, which only a new one can be made to do."""
    is_still_ours = mail.state in _CHANGED and mail.sent_at is None
    return is_still_ours and mail.mode is not OutgoingMode.FORWARD


def _check_editable(mail: Outgoing) -> None:
    if not _may_edit(mail):
        raise Conflict("The text of this mail cannot be changed any more.")


async def _done(
    request: Request,
    visitor: Visitor,
    parts: Container,
    outgoing_id: UUID,
    act: Callable[[UnitOfWork, OutgoingId], Awaitable[Outgoing]],
    said: str,
) -> Response:
    where = f"/outbox/{outgoing_id}"
    try:
        async with parts.store.begin(visitor.workspace_id) as uow:
            mail = await _mail(uow, visitor, outgoing_id)
            await act(uow, mail.id)
    except Conflict as error:
        return see_other(request, where, error.sentence, is_bad=True)
    return see_other(request, where, said)


async def _mail(uow: UnitOfWork, visitor: Visitor, outgoing_id: UUID) -> Outgoing:
    """Raises `NotFound`."""
    mail = await uow.outgoing.get(OutgoingId(outgoing_id))
    if not await visitor.sees(uow, mail.account_id, mail.id):
        raise NotFound("There is no such outgoing mail.")
    return mail
