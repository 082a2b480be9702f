"""Drafts: what people are writing, for scripts and other front ends that write with them."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from app.core.access import Actor, Scope
from app.core.errors import Conflict, InvalidInput, NotAllowed
from app.core.ids import AccountId, ConversationId, DraftId, MessageId, TeammateId
from app.sending import drafts
from app.sending.context import writing_of
from app.sending.enqueue import enqueue
from app.sending.offer import offer
from app.sending.wanted import Wanted
from app.sending.write import write
from app.slack.described import check_says_something, named_plainly, names_in, wanted
from app.slack.rich_html import from_html
from app.slack.rich_text import from_text, typed
from app.slack.writing import MOST_TEXT, Form
from app.store.models import Draft, OutgoingMode
from app.store.unit_of_work import UnitOfWork
from app.web.api.outgoing import asked_for
from app.web.api.outgoing_schemas import AskedOut
from app.web.attached import bytes_of
from app.web.deps import (
    Cursor,
    Limit,
    Parts,
    Reader,
    Sender,
    Words,
    Writer,
    check_visible,
    read_cursor,
    visible_accounts,
    write_cursor,
)
from app.web.idempotency import Idempotent

router = APIRouter(prefix="/drafts", tags=["drafts"])
Line = Annotated[Words, Field(max_length=MOST_TEXT)]
Body = Annotated[Words, Field(max_length=50_000)]


class DraftFields(BaseModel):
    """People stand as they do in a mail: `ana@acme.example, Ben <ben@acme.example>`.

    Of `text` and `html`, give one. What is left out stays as it is.
    """

    model_config = ConfigDict(extra="forbid")

    mode: OutgoingMode | None = None
    to: Line | None = None
    cc: Line | None = None
    bcc: Line | None = None
    subject: Line | None = None
    text: Body | None = None
    html: Body | None = None


class DraftIn(DraftFields):
    account_id: UUID
    conversation_id: UUID | None = None
    teammate_id: Annotated[UUID, Field(description="Whose draft it is.")]


class DraftPatch(DraftFields):
    updated_at: Annotated[
        datetime, Field(description="As it was read: a draft written on since then answers 409.")
    ]


class TakeOverIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    teammate_id: Annotated[UUID, Field(description="Who goes on with it.")]


class SendIn(BaseModel):
    """`last_seen_message_id`: the newest mail its writer has seen; a newer one answers 409.

    It may be the id of a mail that is on its way, too; the 409 names what to pass.
    """

    model_config = ConfigDict(extra="forbid")

    last_seen_message_id: UUID | None = None
    undo_seconds: Annotated[int | None, Field(ge=0)] = None


class DraftOut(BaseModel):
    """`writing_until`: until then its author counts as writing, which others are shown.

    `taken_by_id`: who has gone on with it. `in_slack`: it is open in a window there.
    """

    id: UUID
    account_id: UUID
    conversation_id: UUID | None
    teammate_id: UUID
    mode: OutgoingMode
    to: str
    cc: str
    bcc: str
    subject: str
    text: str
    html: str | None
    files: list[str]
    writing_until: datetime | None
    others_writing: list[UUID]
    taken_by_id: UUID | None
    in_slack: bool
    outgoing_id: UUID | None
    created_at: datetime
    updated_at: datetime


class DraftPage(BaseModel):
    items: list[DraftOut]
    next_cursor: str | None


@router.get("")
async def list_(
    parts: Parts,
    caller: Reader,
    account: UUID | None = None,
    conversation: UUID | None = None,
    teammate: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DraftPage:
    """Those whose mail has not left, in the order in which they were begun."""
    visible = visible_accounts(caller, account)
    place = read_cursor(cursor, UUID)
    async with parts.store.begin(caller.workspace_id) as uow:
        found = await uow.drafts.page(
            visible,
            ConversationId(conversation) if conversation else None,
            TeammateId(teammate) if teammate else None,
            after=DraftId(place[0]) if place else None,
            limit=limit + 1,
        )
        items = [await _shown(uow, one) for one in found[:limit]]
    more = len(found) > limit
    return DraftPage(items=items, next_cursor=write_cursor(items[-1].id) if more else None)


@router.post("", status_code=201, response_model=DraftOut)
async def create(parts: Parts, caller: Writer, body: DraftIn, once: Idempotent) -> JSONResponse:
    """Begin a draft for somebody. Others are shown that they are writing."""
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        account = await uow.accounts.get(AccountId(body.account_id))
        check_visible(caller, account.id, "account")
        conversation_id = None
        if body.conversation_id is not None:
            conversation = await uow.conversations.get(ConversationId(body.conversation_id))
            if conversation.account_id != account.id:
                raise InvalidInput(
                    "The conversation belongs to another account.", field="conversation_id"
                )
            conversation_id = conversation.id
        mode = OutgoingMode.REPLY if conversation_id else OutgoingMode.NEW
        content = _content(Form(mode=mode), body)
        author = await _as(uow, caller, body.teammate_id)
        draft = await drafts.begin_elsewhere(uow, author, account.id, conversation_id, content)
        return once.record(uow, 201, (await _shown(uow, draft)).model_dump(mode="json"))


@router.get("/{draft_id}")
async def get(parts: Parts, caller: Reader, draft_id: UUID) -> DraftOut:
    async with parts.store.begin(caller.workspace_id) as uow:
        return await _shown(uow, await _visible(uow, caller, draft_id))


@router.patch("/{draft_id}")
async def patch(parts: Parts, caller: Writer, draft_id: UUID, body: DraftPatch) -> DraftOut:
    """Write on. 409 where it was written on meanwhile, or is open in Slack."""
    async with parts.store.begin(caller.workspace_id) as uow:
        draft = await _visible(uow, caller, draft_id)
        _check_whose(caller, draft)
        content, seen = _content(Form.of(draft.content), body), body.updated_at
        await drafts.write_elsewhere(uow, draft, content, seen_at=seen, key_id=draft.key_id)
        return await _shown(uow, draft)


@router.delete("/{draft_id}", status_code=204)
async def delete(parts: Parts, caller: Writer, draft_id: UUID) -> Response:
    """Discard it. One that is open in Slack is discarded there."""
    async with parts.store.begin(caller.workspace_id) as uow:
        draft = await _visible(uow, caller, draft_id)
        _check_whose(caller, draft)
        await drafts.discard_elsewhere(uow, draft)
    return Response(status_code=204)


@router.post("/{draft_id}/take-over", status_code=201)
async def take_over(parts: Parts, caller: Writer, draft_id: UUID, body: TakeOverIn) -> DraftOut:
    """Have somebody else go on with the text. Answers their draft; this one stays its author's."""
    async with parts.store.begin(caller.workspace_id) as uow:
        draft = await _seen(uow, caller, draft_id)
        _check_whose(caller, draft)
        author = await _as(uow, caller, body.teammate_id)
        return await _shown(uow, await drafts.take_elsewhere(uow, author, draft.id))


@router.post("/{draft_id}/send", status_code=202, response_model=AskedOut)
async def send(
    parts: Parts, caller: Sender, draft_id: UUID, body: SendIn, once: Idempotent
) -> JSONResponse:
    """Send it, once its undo window is over. An answer needs `last_seen_message_id`."""
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        draft = await _held(uow, caller, draft_id)
        await _check_can_be_sent(uow, draft, body)
        author = await _as(uow, caller, draft.author_id)
        files = Form.of(draft.content).files
        asked = await _described(uow, author, draft)
    seen = MessageId(body.last_seen_message_id) if body.last_seen_message_id else None
    asked = replace(
        asked,
        files=tuple([await bytes_of(parts.blobs, one) for one in files]),
        last_seen_id=seen,
        undo_seconds=body.undo_seconds,
    )
    written = await write(writing_of(parts.store, parts.blobs, parts.settings), author, asked)
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        draft = await _held(uow, caller, draft_id)
        await _check_can_be_sent(uow, draft, body)
        outgoing = await enqueue(uow, author, written)
        await drafts.was_asked_for(uow, draft, outgoing)
        shown = await asked_for(uow, outgoing, written)
        return once.record(uow, 202, shown.model_dump(mode="json"))


async def _as(uow: UnitOfWork, caller: Actor, teammate_id: UUID) -> Actor:
    """The teammate, with what the key may do. Raises `InvalidInput`."""
    id_ = TeammateId(teammate_id)
    found = (await uow.teammates.get_many([id_])).get(id_)
    if found is None:
        raise InvalidInput("There is no such teammate.", field="teammate_id")
    return replace(caller, teammate_id=id_, name=found.name)


async def _seen(uow: UnitOfWork, caller: Actor, draft_id: UUID) -> Draft:
    draft = await uow.drafts.get(DraftId(draft_id))
    check_visible(caller, draft.account_id, "draft")
    return draft


async def _visible(uow: UnitOfWork, caller: Actor, draft_id: UUID) -> Draft:
    """Held against other changes."""
    return await uow.drafts.lock((await _seen(uow, caller, draft_id)).id)


async def _held(uow: UnitOfWork, caller: Actor, draft_id: UUID) -> Draft:
    """With all that sending it touches, by who may send it."""
    draft = await drafts.hold(uow, (await _seen(uow, caller, draft_id)).id)
    _check_whose(caller, draft)
    return draft


def _check_whose(caller: Actor, draft: Draft) -> None:
    """Raise `NotAllowed` where its author has written it themself, and the key is no admin's."""
    is_the_keys = caller.key_id is not None and caller.key_id == draft.key_id
    if not is_the_keys and Scope.ADMIN not in caller.scopes:
        raise NotAllowed(
            "This draft is its author’s own: this key did not begin it, or they wrote on it since.",
            fix="Begin another one, or use a key that was made with the scope “admin”.",
        )


def _content(form: Form, said: DraftFields) -> dict[str, Any]:
    """The fields of the window, with what was said about them."""
    if said.text is not None and said.html is not None:
        raise InvalidInput("Give the text or the HTML, not both.", field="html")
    names = ("mode", "to", "cc", "bcc", "subject")
    changes = {name: value for name in names if (value := getattr(said, name)) is not None}
    if said.text is not None or said.html is not None:
        body = from_text(said.text) if said.text is not None else from_html(said.html or "")
        changes |= {"body": body, "body_drawing": form.body_drawing + 1}
    return form.but(**changes, drawing=form.drawing + 1).model_dump(mode="json")


async def _check_can_be_sent(uow: UnitOfWork, draft: Draft, body: SendIn) -> None:
    await drafts.check_not_sent(uow, draft)
    if draft.view_id is not None:
        raise Conflict("This draft is open in Slack.", fix="Send it there, or close its window.")
    if draft.taken_by_id is not None:
        raise Conflict("Somebody else has taken this text over.", fix="Send theirs.")
    if draft.conversation_id is not None and body.last_seen_message_id is None:
        raise InvalidInput(
            "Say which mail its writer has seen last, so that nothing newer is overlooked.",
            field="last_seen_message_id",
        )


async def _described(uow: UnitOfWork, author: Actor, draft: Draft) -> Wanted:
    """The mail, but for its files. What is left empty of an answer is worked out."""
    form = Form.of(draft.content)
    offered = await offer(uow, author, draft.account_id, draft.conversation_id, form.mode)
    try:
        check_says_something(form)
        found = await wanted(uow, draft, form, offered)
    except InvalidInput as error:
        raise named_plainly(error) from None
    answers = form.mode in {OutgoingMode.REPLY, OutgoingMode.REPLY_ALL}
    if answers and not form.to.strip():
        return replace(found, to=None, cc=found.cc or None)
    return found


async def _shown(uow: UnitOfWork, draft: Draft) -> DraftOut:
    await uow.session.flush()
    await uow.session.refresh(draft)
    form = Form.of(draft.content)
    words = typed(form.body, await names_in(uow, form))
    others = await uow.drafts.writing(draft.conversation_id) if draft.conversation_id else ()
    return DraftOut(
        **draft.model_dump(include={"id", "account_id", "conversation_id", "writing_until"}),
        **draft.model_dump(include={"taken_by_id", "outgoing_id", "created_at", "updated_at"}),
        **form.model_dump(include={"mode", "to", "cc", "bcc", "subject"}),
        teammate_id=draft.author_id,
        text=words.text,
        html=words.html,
        files=[one.name for one in form.files],
        others_writing=[one.author_id for one in others if one.author_id != draft.author_id],
        in_slack=draft.view_id is not None,
    )
