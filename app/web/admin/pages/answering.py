"""Answering a conversation: the page on which it is written. `answers.py` keeps and sends it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, Field

from app.container import Container
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.ids import ConversationId, DraftId
from app.mail.loops import nobody_reads
from app.mail.typed import as_typed
from app.sending import drafts
from app.sending.drafts import Writer
from app.sending.guard import Seen, seen_now
from app.sending.offer import Offer, offer
from app.sending.warnings import unread_words
from app.slack.writing import MOST_TEXT, Option
from app.slack.writing import Form as Content
from app.store.models import Conversation, Draft, OutgoingMode
from app.store.unit_of_work import UnitOfWork
from app.web.admin import answers
from app.web.admin.answers import Given, LookFirst
from app.web.admin.choices import chosen_id
from app.web.admin.forms import Form, checked, read
from app.web.admin.pages.conversation import seen_conversation
from app.web.admin.seen import SeenField, in_words, seen_in
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAgent, Visitor
from app.web.deps import Parts

router = APIRouter()
_ANSWERS: Final = (OutgoingMode.REPLY, OutgoingMode.REPLY_ALL)
_LONGEST: Final = 50_000


class AnswerForm(BaseModel):
    """`seen`, `kept_at`, `accepted` and `taken` are what the page remembers of itself."""

    mode: Annotated[str, Field(pattern="^reply(_all)?$")] = OutgoingMode.REPLY
    to: Annotated[str, Field(max_length=MOST_TEXT)] = ""
    cc: Annotated[str, Field(max_length=MOST_TEXT)] = ""
    text: Annotated[str, Field(max_length=_LONGEST)] = ""
    done: Annotated[bool, BeforeValidator(bool)] = False
    seen: SeenField
    kept_at: Annotated[datetime | None, BeforeValidator(lambda typed: typed or None)] = None
    accepted: Annotated[str, Field(max_length=10_000)] = ""
    taken: Annotated[bool, BeforeValidator(bool)] = False
    do: Annotated[str, Field(pattern="^(send|keep)$")] = "keep"

    def given(self) -> Given:
        return Given(
            mode=OutgoingMode(self.mode),
            to=self.to,
            cc=self.cc,
            text=self.text,
            then_done=self.done,
            seen=seen_in(self.seen),
            kept_at=self.kept_at,
            accepted=tuple(self.accepted.split()),
            knows_taken=self.taken,
        )


class TakeForm(BaseModel):
    draft: Annotated[str, Field(max_length=50)]


@dataclass(frozen=True, slots=True)
class Desk:
    """What there is around an answer that is being written."""

    conversation: Conversation
    offered: Offer
    draft: Draft | None
    content: Content
    seen: Seen
    writer: Writer | None
    has_both: bool
    """Answering everybody is something else than answering the sender."""


@router.get("/conversations/{conversation_id}/answer")
async def ask(
    request: Request,
    visitor: AsAgent,
    parts: Parts,
    conversation_id: UUID,
    mode: Annotated[Literal["reply", "reply_all"], Query()] = "reply",
) -> Response:
    where = f"/conversations/{conversation_id}"
    try:
        async with parts.store.begin(visitor.workspace_id) as uow:
            desk = await _desk(uow, visitor, conversation_id, OutgoingMode(mode))
            values = await _values(uow, desk)
    except Conflict as error:
        return see_other(request, where, error.sentence, is_bad=True)
    return _page(request, visitor, desk, Form(values))


@router.post("/conversations/{conversation_id}/answer")
async def answer(
    request: Request, visitor: AsAgent, parts: Parts, conversation_id: UUID
) -> Response:
    """Send it, or keep it for later; whatever is wrong with it, its text is kept."""
    form = await read(request, AnswerForm)
    if not form.is_good:
        return await _again(request, visitor, parts, conversation_id, form)
    given = form.data.given()
    try:
        draft_id, form.values["kept_at"] = await _kept(visitor, parts, conversation_id, form)
        if form.data.do == "keep":
            where = f"/conversations/{conversation_id}"
            return see_other(request, where, "Your answer is kept as a draft.")
        outgoing = await answers.send(parts, visitor.actor, draft_id, given)
    except LookFirst as error:
        return await _again(request, visitor, parts, conversation_id, form, look=error)
    except (InvalidInput, Conflict) as error:
        form.refuse(error)
        return await _again(request, visitor, parts, conversation_id, form)
    said = "Your answer is on its way. Until it leaves, it can be taken back here."
    return see_other(request, f"/outbox/{outgoing.id}", said)


@router.post("/conversations/{conversation_id}/answer/kept")
async def keep(request: Request, visitor: AsAgent, parts: Parts, conversation_id: UUID) -> Response:
    """While somebody types: keep it, and say so in the page they type in."""
    form = await read(request, AnswerForm)
    kept_at, problem = form.values["kept_at"], ""
    try:
        _, kept_at = await _kept(visitor, parts, conversation_id, form)
    except (Conflict, InvalidInput) as error:
        problem = error.sentence
    return page(
        request, visitor, "answer_kept.html", kept_at=kept_at, problem=problem,
        at=parts.clock.now(),
    )  # fmt: skip


@router.post("/conversations/{conversation_id}/answer/take-over")
async def take_over(
    request: Request, visitor: AsAgent, parts: Parts, conversation_id: UUID
) -> Response:
    """Go on with a colleague's text; theirs stays theirs."""
    where = f"/conversations/{conversation_id}/answer"
    form = await read(request, TakeForm)
    try:
        async with parts.store.begin(visitor.workspace_id) as uow:
            conversation = await seen_conversation(uow, visitor, ConversationId(conversation_id))
            draft_id = DraftId(chosen_id(checked(form).draft, "draft"))
            theirs = await _draft_in(uow, conversation, draft_id)
            await drafts.take_elsewhere(uow, visitor.actor, theirs.id)
    except Conflict as error:
        return see_other(request, where, error.sentence, is_bad=True)
    return see_other(request, where, "You go on with their text. It stays theirs as well.")


@router.post("/conversations/{conversation_id}/answer/discard")
async def discard(
    request: Request, visitor: AsAgent, parts: Parts, conversation_id: UUID
) -> Response:
    where = f"/conversations/{conversation_id}"
    try:
        async with parts.store.begin(visitor.workspace_id) as uow:
            conversation = await seen_conversation(uow, visitor, ConversationId(conversation_id))
            found = await drafts.in_progress(uow, conversation.id, visitor.teammate.id)
            if found is not None:
                await drafts.discard_elsewhere(uow, found)
    except Conflict as error:
        return see_other(request, where, error.sentence, is_bad=True)
    return see_other(request, where, "Your draft is discarded.")


async def _draft_in(uow: UnitOfWork, conversation: Conversation, draft_id: DraftId) -> Draft:
    """Raises `NotFound`."""
    draft = await uow.drafts.get(draft_id)
    if draft.conversation_id != conversation.id:
        raise NotFound("There is no such draft.")
    return draft


async def _kept(
    visitor: Visitor, parts: Container, conversation_id: UUID, form: Form[AnswerForm]
) -> tuple[DraftId, str]:
    """The draft with what was typed, and when it was written: what the page knows it by."""
    async with parts.store.begin(visitor.workspace_id) as uow:
        conversation = await seen_conversation(uow, visitor, ConversationId(conversation_id))
        draft = await answers.keep(
            uow, visitor.actor, conversation.account_id, conversation.id, checked(form).given()
        )
        return draft.id, draft.updated_at.isoformat()


async def _desk(
    uow: UnitOfWork, visitor: Visitor, conversation_id: UUID, mode: OutgoingMode
) -> Desk:
    """Raises `NotFound`, and `Conflict` where there is nothing to answer."""
    actor = visitor.actor
    # What comes after this is news, though it may be on the page already.
    seen = await seen_now(uow, ConversationId(conversation_id))
    conversation = await seen_conversation(uow, visitor, ConversationId(conversation_id))
    found = await drafts.in_progress(uow, conversation.id, visitor.teammate.id)
    content = Content.of(found.content) if found else Content(mode=mode)
    if content.mode not in _ANSWERS:
        raise Conflict("Your draft here is a forward.", fix="Go on with it in Slack.")
    offers = {
        one: await offer(uow, actor, conversation.account_id, conversation.id, one)
        for one in _ANSWERS
    }
    plain, everybody = offers.values()
    return Desk(
        conversation=conversation,
        offered=offers[content.mode],
        draft=found,
        content=content,
        seen=seen,
        writer=await drafts.others_writing(uow, conversation.id, visitor.teammate.id),
        has_both=found is None and (plain.to, plain.cc) != (everybody.to, everybody.cc),
    )


async def _values(uow: UnitOfWork, desk: Desk) -> dict[str, Any]:
    """What stands in the fields of somebody who has typed nothing yet on this page."""
    content = desk.content
    to, cc = content.to, content.cc
    if to.strip() == content.offered_to.strip():
        to = as_typed(desk.offered.to, room=MOST_TEXT).text
    if cc.strip() == content.offered_cc.strip():
        cc = as_typed(desk.offered.cc, room=MOST_TEXT).text
    return {
        "mode": content.mode,
        "to": to,
        "cc": cc,
        "text": await answers.text_of(uow, content),
        "done": Option.DONE in content.options,
        "accepted": "",
        "taken": "",
        "kept_at": desk.draft.updated_at.isoformat() if desk.draft else "",
        "seen": in_words(desk.seen),
    }


async def _again(
    request: Request,
    visitor: Visitor,
    parts: Parts,
    conversation_id: UUID,
    form: Form[AnswerForm],
    *,
    look: LookFirst | None = None,
) -> Response:
    """The page with what was typed. Only who is shown what is newer has seen it."""
    async with parts.store.begin(visitor.workspace_id) as uow:
        desk = await _desk(uow, visitor, conversation_id, OutgoingMode.REPLY)
    if look is not None:
        form.values["seen"] = in_words(look.seen)
        form.values["accepted"] = " ".join((*form.data.given().accepted, *look.domains))
        form.values["taken"] = "yes" if look.taken_by or form.data.taken else ""
    return _page(request, visitor, desk, form, look=look, status=422)


def _page(
    request: Request,
    visitor: Visitor,
    desk: Desk,
    form: Form[Any],
    *,
    look: LookFirst | None = None,
    status: int = 200,
) -> Response:
    people = [one.address for one in (*desk.offered.to, *desk.offered.cc)]
    return page(
        request, visitor, "answer.html", status=status, form=form, desk=desk, look=look,
        offered=desk.offered, conversation=desk.conversation,
        unread=[unread_words(one) for one in people if nobody_reads(one)],
        is_open_in_slack=desk.draft is not None and desk.draft.view_id is not None,
        files=[one.name for one in desk.content.files],
    )  # fmt: skip
