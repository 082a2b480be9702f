"""Mail to be sent: ask for it, follow it, take it back, and decide where nobody knows."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, Base64Bytes, BaseModel, ConfigDict, Field, model_validator

from app.container import Container
from app.core.access import Actor
from app.core.errors import InvalidInput
from app.core.faults import faultpoint
from app.core.ids import AccountId, ConversationId, MessageId, OutgoingId
from app.mail.address import Address, addresses
from app.mail.answer import new_domains
from app.mail.compose import MOST_FILES, MOST_RECIPIENTS, File
from app.mail.compose_headers import check_line
from app.sending import change
from app.sending.context import MOST_UNDO_SECONDS, Writing
from app.sending.enqueue import enqueue
from app.sending.wanted import Wanted
from app.sending.write import LONGEST_TEXT, preview, write
from app.store.models import (
    Filing,
    Outgoing,
    OutgoingFile,
    OutgoingMode,
    OutgoingRecipient,
    OutgoingState,
    RecipientKind,
    RecipientState,
)
from app.store.repositories.outgoing import OutgoingFilter
from app.store.unit_of_work import UnitOfWork
from app.web.deps import (
    Cursor,
    Limit,
    Parts,
    Reader,
    Sender,
    Words,
    check_visible,
    read_cursor,
    write_cursor,
)
from app.web.idempotency import Idempotent

router = APIRouter(prefix="/outgoing", tags=["outgoing"])


class PersonIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[Words, Field(max_length=200)] = ""
    address: Annotated[Words, Field(max_length=320)]


PeopleIn = Annotated[list[PersonIn | Words], Field(max_length=MOST_RECIPIENTS)]


class FileIn(BaseModel):
    """`content` is Base64. With a `content_id` the file is shown within the HTML, by `cid:`."""

    model_config = ConfigDict(extra="forbid")

    filename: Annotated[Words, Field(min_length=1, max_length=255)]
    content_type: Annotated[Words, Field(max_length=120)] = "application/octet-stream"
    content: Base64Bytes
    content_id: Annotated[Words | None, Field(max_length=200)] = None


class OutgoingIn(BaseModel):
    """What is left out is worked out: from the mail that is answered, and from the settings."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    account_id: UUID
    conversation_id: UUID | None = None
    mode: OutgoingMode = OutgoingMode.REPLY
    answers_message_id: UUID | None = None
    sender: Annotated[Words | None, Field(alias="from", max_length=320)] = None
    to: PeopleIn | None = None
    cc: PeopleIn | None = None
    bcc: PeopleIn = []
    subject: Annotated[Words | None, Field(max_length=500)] = None
    text: Annotated[Words, Field(max_length=LONGEST_TEXT)] = ""
    html: Annotated[Words | None, Field(max_length=LONGEST_TEXT)] = None
    attachments: Annotated[list[FileIn], Field(max_length=MOST_FILES)] = []
    original_attachments: list[int] | None = None
    attach_original: bool = False
    quote: bool = True
    sign: bool = True
    send_at: AwareDatetime | None = None
    undo_seconds: Annotated[int | None, Field(ge=0, le=MOST_UNDO_SECONDS)] = None
    cancel_if_answered: bool = False
    then_done: bool = False
    last_seen_message_id: UUID | None = None

    @model_validator(mode="after")
    def _belongs_somewhere(self) -> Self:
        if self.mode is not OutgoingMode.NEW and self.conversation_id is None:
            raise ValueError("an answer needs the conversation_id it belongs to")
        if not (self.text.strip() or self.html or self.mode is OutgoingMode.FORWARD):
            raise ValueError("give text, html or both")
        return self

    def wanted(self) -> Wanted:
        answers, seen = self.answers_message_id, self.last_seen_message_id
        return Wanted(
            account_id=AccountId(self.account_id),
            mode=self.mode,
            text=self.text,
            html=self.html,
            conversation_id=ConversationId(self.conversation_id) if self.conversation_id else None,
            answers_id=MessageId(answers) if answers else None,
            sender=self.sender,
            to=_people("to", self.to),
            cc=_people("cc", self.cc),
            bcc=_people("bcc", self.bcc) or (),
            subject=self.subject,
            files=tuple(
                File(one.filename, one.content_type, one.content, one.content_id)
                for one in self.attachments
            ),
            original_files=(
                None if self.original_attachments is None else tuple(self.original_attachments)
            ),
            attach_original=self.attach_original,
            quote=self.quote,
            sign=self.sign,
            send_at=self.send_at,
            undo_seconds=self.undo_seconds,
            cancel_if_answered=self.cancel_if_answered,
            then_done=self.then_done,
            last_seen_id=MessageId(seen) if seen else None,
        )


class RetryIn(BaseModel):
    """`even_if_sent`: risk that people get a mail twice of which nobody knows whether it left."""

    model_config = ConfigDict(extra="forbid")

    even_if_sent: bool = False


class PersonOut(BaseModel):
    name: str
    address: str


class RecipientOut(PersonOut):
    """`state`: pending, accepted, refused or bounced; `detail` holds the server’s own words."""

    state: RecipientState
    detail: str


class OutgoingFileOut(BaseModel):
    n: int
    filename: str
    content_type: str
    size: int


class OutgoingOut(BaseModel):
    """`state`: undo, scheduled, queued, sending, sent, failed, unknown or cancelled.

    `unknown` with a `settled_at` waits for a person: retry it with `even_if_sent`, or say that it
    was sent. `due_at` is when it goes out or is tried again.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    id: UUID
    account_id: UUID
    conversation_id: UUID
    mode: OutgoingMode
    state: OutgoingState
    detail: str
    sender: Annotated[PersonOut, Field(serialization_alias="from")]
    to: list[RecipientOut]
    cc: list[RecipientOut]
    bcc: list[RecipientOut]
    subject: str
    text: str
    html: str | None
    attachments: list[OutgoingFileOut]
    internet_message_id: str
    answers_message_id: UUID | None
    message_id: UUID | None
    author: str
    size: int
    attempts: int
    filing: Filing
    cancel_if_answered: bool
    send_at: datetime | None
    due_at: datetime
    sent_at: datetime | None
    created_at: datetime
    settled_at: datetime | None


class OutgoingPage(BaseModel):
    items: list[OutgoingOut]
    next_cursor: str | None


class PreviewOut(BaseModel):
    """The mail as it would be sent. `new_domains`: nobody of the conversation belongs to them."""

    model_config = ConfigDict(serialize_by_alias=True)

    sender: Annotated[PersonOut, Field(serialization_alias="from")]
    to: list[PersonOut]
    cc: list[PersonOut]
    subject: str
    text: str
    html: str | None
    size: int
    new_domains: list[str]


@router.post("", status_code=202, response_model=OutgoingOut)
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
        answer = once.record(uow, 202, (await _shown(uow, outgoing)).model_dump(mode="json"))
    faultpoint("K23")
    return answer


@router.post("/preview")
async def preview_(parts: Parts, caller: Sender, body: OutgoingIn) -> PreviewOut:
    """What would be sent, and to whom. Nothing is kept."""
    check_visible(caller, AccountId(body.account_id), "account")
    written = await preview(_writing(parts), caller, body.wanted())
    mail, conversation = written.mail, written.gathered.conversation
    known = [written.gathered.account.address, *(conversation.participants if conversation else ())]
    return PreviewOut(
        sender=PersonOut(name=mail.sender.name, address=mail.sender.address),
        to=[PersonOut(name=one.name, address=one.address) for one in mail.to],
        cc=[PersonOut(name=one.name, address=one.address) for one in mail.cc],
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        size=len(written.composed.raw),
        new_domains=list(new_domains([one.address for _, one in written.envelope], known)),
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
    visible = caller.account_ids
    if account is not None:
        check_visible(caller, AccountId(account), "account")
        visible = frozenset({AccountId(account)})
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
    items = [_out(one, people.get(one.id, []), files.get(one.id, [])) for one in found[:limit]]
    more = len(found) > limit
    return OutgoingPage(items=items, next_cursor=write_cursor(items[-1].id) if more else None)


@router.get("/{outgoing_id}")
async def get(parts: Parts, caller: Reader, outgoing_id: UUID) -> OutgoingOut:
    async with parts.store.begin(caller.workspace_id) as uow:
        return await _shown(uow, await _visible(uow, caller, outgoing_id))


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


def _writing(parts: Container) -> Writing:
    return Writing(
        store=parts.store,
        blobs=parts.blobs,
        undo_seconds=parts.settings.undo_seconds,
        largest_mail=parts.settings.max_sent_bytes,
    )


async def _visible(uow: UnitOfWork, caller: Actor, outgoing_id: UUID) -> Outgoing:
    outgoing = await uow.outgoing.get(OutgoingId(outgoing_id))
    check_visible(caller, outgoing.account_id, "outgoing mail")
    return outgoing


async def _shown(uow: UnitOfWork, outgoing: Outgoing) -> OutgoingOut:
    await uow.session.flush()
    await uow.session.refresh(outgoing)
    recipients = await uow.outgoing.recipients(outgoing.id)
    return _out(outgoing, list(recipients), list(await uow.outgoing.files(outgoing.id)))


def _out(
    outgoing: Outgoing, recipients: list[OutgoingRecipient], files: list[OutgoingFile]
) -> OutgoingOut:
    values: dict[str, Any] = outgoing.model_dump(include=set(OutgoingOut.model_fields))
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


def _people(field: str, people: list[PersonIn | str] | None) -> tuple[Address, ...] | None:
    """`Ana Ruiz <ana@acme.example>` as well as name and address by themselves."""
    if people is None:
        return None
    return tuple(
        _typed(field, one) if isinstance(one, str) else Address(one.name, one.address)
        for one in people
    )


def _typed(field: str, text: str) -> Address:
    """One person on one line. What a reader of mail would make the best of is refused here."""
    found = addresses(check_line(field, text))
    if len(found) != 1:
        raise InvalidInput(
            f"“{text[:100]}” is not the address of one person.",
            field=field,
            fix="Write it like name@example.com or Ana <name@example.com>.",
        )
    return found[0]
