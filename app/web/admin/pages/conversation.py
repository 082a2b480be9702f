"""One conversation: its mails and notes, what was asked for, and what can be done with it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from app.commands.assign import assign
from app.commands.change import change_conversation
from app.commands.enqueue import enqueue_for_conversation
from app.commands.notes import write_note
from app.commands.snooze import snooze
from app.commands.types import ConversationIntent, Done, Reopen, Tag, Wake, mail_intent
from app.container import Container
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.ids import ConversationId, MessageId, TeammateId
from app.core.zones import zone_named
from app.sending import drafts
from app.store.models import (
    Attachment,
    CommandType,
    Conversation,
    Mailbox,
    Message,
    Note,
    OutgoingState,
    Placement,
)
from app.store.repositories.outgoing import OutgoingFilter
from app.store.unit_of_work import UnitOfWork
from app.web.admin import moments
from app.web.admin.asked import asked
from app.web.admin.choices import chosen_id
from app.web.admin.forms import checked, read
from app.web.admin.pages.outbox import STATES as OUTGOING
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAgent, AsViewer, Visitor
from app.web.deps import Cursor, Parts, read_cursor, write_cursor
from app.web.policy import FRAMING

router = APIRouter()
_PAGE: Final = 20
_COMMANDS: Final = 20
_MOST_PEOPLE: Final = 200
_MOST_TAGS: Final = 50
_LONGEST_TAG: Final = 60
_SOON: Final = (
    OutgoingState.UNDO, OutgoingState.SCHEDULED, OutgoingState.QUEUED, OutgoingState.SENDING,
    OutgoingState.FAILED, OutgoingState.UNKNOWN,
)  # fmt: skip
_ASKABLE: Final = frozenset(
    {
        CommandType.ARCHIVE, CommandType.DELETE, CommandType.SPAM, CommandType.MOVE,
        CommandType.FLAG, CommandType.UNFLAG, CommandType.MARK_READ, CommandType.MARK_UNREAD,
    }
)  # fmt: skip
_SAID: Final = {
    CommandType.ARCHIVE: "It goes to the archive.",
    CommandType.DELETE: "It goes to the trash.",
    CommandType.SPAM: "It goes to the spam folder.",
    CommandType.FLAG: "It is being flagged.",
    CommandType.UNFLAG: "Its flag is being taken away.",
    CommandType.MARK_READ: "It is being marked as read.",
    CommandType.MARK_UNREAD: "It is being marked as unread.",
}


class AssignForm(BaseModel):
    assignee: Annotated[str, Field(max_length=50)] = ""


class SnoozeForm(BaseModel):
    until: Annotated[str, Field(max_length=20)] = ""
    at: Annotated[str, Field(max_length=40)] = ""
    zone: Annotated[str, Field(max_length=100)] = ""
    earlier: bool = False


class TagsForm(BaseModel):
    tags: Annotated[str, Field(max_length=4000)] = ""


class NoteForm(BaseModel):
    text: Annotated[str, Field(max_length=10_000)] = ""


class MailForm(BaseModel):
    do: CommandType
    folder: Annotated[str, Field(max_length=500)] = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A mail or a note, in the order of time."""

    at: datetime
    mail: Message | None = None
    note: Note | None = None
    files: Sequence[Attachment] = ()
    folders: tuple[str, ...] = ()
    flags: frozenset[str] = field(default_factory=frozenset)


@router.get("/conversations/{conversation_id}")
async def show(
    request: Request,
    visitor: AsViewer,
    parts: Parts,
    conversation_id: UUID,
    before: Cursor = None,
    since: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    id_ = ConversationId(conversation_id)
    place = read_cursor(before, datetime.fromisoformat, UUID)
    async with parts.store.begin(visitor.workspace_id) as uow:
        conversation = await seen_conversation(uow, visitor, id_)
        if conversation.merged_into_id is not None:
            said = "It was merged into this conversation."
            return see_other(request, f"/conversations/{conversation.merged_into_id}", said)
        items, earlier = await _timeline(
            uow, visitor, id_, (place[0], MessageId(place[1])) if place else None
        )
        commands = await uow.commands.of_conversation(id_, limit=_COMMANDS)
        waiting = await uow.outgoing.page(
            OutgoingFilter(conversation_id=id_), before=None, limit=_COMMANDS
        )
        now = parts.clock.now()
        answer = page(
            request, visitor, "conversation.html",
            conversation=conversation, items=items, is_latest=before is None,
            earlier=write_cursor(*earlier) if earlier else None,
            asked=await asked(uow, commands),
            outgoing_states=OUTGOING,
            outgoing=[one for one in waiting if one.state in _SOON],
            account=await uow.accounts.get(conversation.account_id),
            draft=await drafts.in_progress(uow, id_, visitor.teammate.id),
            folders=await _folders(uow, conversation),
            people=await uow.teammates.page(after=None, limit=_MOST_PEOPLE),
            tags=await uow.conversations.known_tags(visitor.sight),
            choices=moments.CHOICES,
            new=await uow.reading.count_since(id_, seen) if (seen := _moment(since)) else 0,
            read_at=seen or now,
        )  # fmt: skip
    answer.headers["Content-Security-Policy"] = FRAMING
    return answer


@router.post("/conversations/{conversation_id}/assign")
async def assign_(
    request: Request, visitor: AsAgent, parts: Parts, conversation_id: UUID
) -> Response:
    form = checked(await read(request, AssignForm))
    assignee = TeammateId(chosen_id(form.assignee, "assignee")) if form.assignee else None

    async def act(uow: UnitOfWork, id_: ConversationId, now: datetime) -> str:
        if assignee is not None and not await uow.teammates.get_many([assignee]):
            raise InvalidInput("There is no such teammate.", field="assignee")
        await assign(uow, visitor.actor, id_, assignee, now=now)
        if assignee is None:
            return "It is nobody’s now."
        return "It is yours." if assignee == visitor.teammate.id else "It is theirs now."

    return await _done(request, visitor, parts, conversation_id, act)


@router.post("/conversations/{conversation_id}/done")
async def done(request: Request, visitor: AsAgent, parts: Parts, conversation_id: UUID) -> Response:
    return await _changed(request, visitor, parts, conversation_id, Done(), "It is done.")


@router.post("/conversations/{conversation_id}/reopen")
async def reopen(
    request: Request, visitor: AsAgent, parts: Parts, conversation_id: UUID
) -> Response:
    return await _changed(request, visitor, parts, conversation_id, Reopen(), "It is open again.")


@router.post("/conversations/{conversation_id}/snooze")
async def snooze_(
    request: Request, visitor: AsAgent, parts: Parts, conversation_id: UUID
) -> Response:
    form = checked(await read(request, SnoozeForm))

    async def act(uow: UnitOfWork, id_: ConversationId, now: datetime) -> str:
        zone = zone_named(form.zone, visitor.teammate.time_zone)
        until = moments.until(form.until, form.at, zone, now)
        until_reply = form.earlier or form.until == moments.REPLY
        intent = snooze(until, until_reply=until_reply, now=now, field="until")
        await change_conversation(uow, visitor.actor, id_, intent, now=now)
        return "It sleeps."

    return await _done(request, visitor, parts, conversation_id, act)


@router.post("/conversations/{conversation_id}/wake")
async def wake(request: Request, visitor: AsAgent, parts: Parts, conversation_id: UUID) -> Response:
    return await _changed(request, visitor, parts, conversation_id, Wake(), "It is awake.")


@router.post("/conversations/{conversation_id}/tags")
async def tag(request: Request, visitor: AsAgent, parts: Parts, conversation_id: UUID) -> Response:
    form = checked(await read(request, TagsForm))
    tags = [one.strip() for one in form.tags.split(",")]
    tags = list(dict.fromkeys(one for one in tags if one))
    if len(tags) > _MOST_TAGS or any(len(one) > _LONGEST_TAG for one in tags):
        raise InvalidInput("These are too many tags, or too long ones.", field="tags")
    intent = Tag(tuple(tags))
    return await _changed(request, visitor, parts, conversation_id, intent, "The tags are changed.")


@router.post("/conversations/{conversation_id}/notes")
async def note(request: Request, visitor: AsAgent, parts: Parts, conversation_id: UUID) -> Response:
    text = checked(await read(request, NoteForm)).text.strip()

    async def act(uow: UnitOfWork, id_: ConversationId, _now: datetime) -> str:
        if not text:
            raise InvalidInput("The note is empty.", field="text", fix="Write something.")
        await write_note(uow, visitor.actor, id_, text)
        return "The note is kept. It is never mailed."

    return await _done(request, visitor, parts, conversation_id, act)


@router.post("/conversations/{conversation_id}/mail")
async def mail(request: Request, visitor: AsAgent, parts: Parts, conversation_id: UUID) -> Response:
    """Have something done to its mails on their server."""
    form = checked(await read(request, MailForm))
    if form.do not in _ASKABLE:
        raise InvalidInput("This cannot be asked for here.", field="do")
    if form.do is CommandType.MOVE and not form.folder:
        raise InvalidInput("Choose a folder.", field="folder")
    intent = mail_intent(form.do, form.folder or None)

    async def act(uow: UnitOfWork, id_: ConversationId, _now: datetime) -> str:
        await enqueue_for_conversation(uow, visitor.actor, id_, intent)
        return _SAID.get(form.do, f"It goes to “{form.folder}”.")

    return await _done(request, visitor, parts, conversation_id, act)


async def _changed(
    request: Request,
    visitor: Visitor,
    parts: Container,
    conversation_id: UUID,
    intent: ConversationIntent,
    said: str,
) -> Response:
    async def act(uow: UnitOfWork, id_: ConversationId, now: datetime) -> str:
        await change_conversation(uow, visitor.actor, id_, intent, now=now)
        return said

    return await _done(request, visitor, parts, conversation_id, act)


Act = Callable[[UnitOfWork, ConversationId, datetime], Awaitable[str]]


async def _done(
    request: Request, visitor: Visitor, parts: Container, conversation_id: UUID, act: Act
) -> Response:
    """Do it in one transaction, and go back to the conversation, which says what came of it."""
    id_, where = ConversationId(conversation_id), f"/conversations/{conversation_id}"
    try:
        async with parts.store.begin(visitor.workspace_id) as uow:
            await seen_conversation(uow, visitor, id_)
            said = await act(uow, id_, parts.clock.now())
    except (Conflict, InvalidInput) as error:
        return see_other(request, where, error.sentence, is_bad=True)
    return see_other(request, where, said)


async def seen_conversation(
    uow: UnitOfWork, visitor: Visitor, conversation_id: ConversationId
) -> Conversation:
    """Raises `NotFound`."""
    conversation = await uow.conversations.get(conversation_id)
    if not await visitor.sees(uow, conversation.account_id, conversation.id):
        raise NotFound("There is no such conversation.")
    return conversation


async def _timeline(
    uow: UnitOfWork,
    visitor: Visitor,
    conversation_id: ConversationId,
    before: tuple[datetime, MessageId] | None,
) -> tuple[list[Item], tuple[datetime, MessageId] | None]:
    """The latest mails before a place, with the notes among them; and where earlier ones begin."""
    found = await uow.messages.newest(conversation_id, before=before, limit=_PAGE + 1)
    mails = [one for one in found[:_PAGE] if visitor.actor.may_see(one.account_id)]
    earlier = (found[_PAGE - 1].received_at, found[_PAGE - 1].id) if len(found) > _PAGE else None
    placed = await uow.ledger.live_of_messages(one.id for one in mails)
    files = await uow.messages.attachments(one.id for one in mails)
    items = [_item(one, placed, files) for one in mails]
    for one in await uow.notes.of_conversation(conversation_id):
        is_later = earlier is None or one.created_at >= earlier[0]
        if is_later and (before is None or one.created_at < before[0]):
            items.append(Item(one.created_at, note=one))
    return sorted(items, key=lambda one: one.at), earlier


def _item(
    mail: Message,
    placed: Sequence[tuple[Placement, Mailbox]],
    files: Sequence[Attachment],
) -> Item:
    where = [(place, box) for place, box in placed if place.message_id == mail.id]
    return Item(
        mail.received_at,
        mail=mail,
        files=[one for one in files if one.message_id == mail.id],
        folders=tuple(dict.fromkeys(box.name for _, box in where)),
        flags=frozenset(flag for place, _ in where for flag in place.flags),
    )


async def _folders(uow: UnitOfWork, conversation: Conversation) -> list[str]:
    mailboxes = await uow.mailboxes.of_account(conversation.account_id)
    return [one.name for one in mailboxes if one.selectable and one.listed]


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo else None
