"""Conversations: find them, read them, and change what the team keeps about them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.commands.assign import assign
from app.commands.change import change_conversation
from app.commands.follow_up import follow_up
from app.commands.snooze import snooze
from app.commands.types import ConversationIntent, Done, Reopen, Tag, Wake
from app.core.errors import InvalidInput
from app.core.ids import ConversationId, MessageId, TeammateId
from app.mail.parsed import Automatic
from app.store.models import Attachment, Conversation, ConversationStatus, Direction, Message, Note
from app.store.repositories.conversations import ConversationFilter
from app.store.unit_of_work import UnitOfWork
from app.web.deps import (
    Cursor,
    Limit,
    Parts,
    Reader,
    Words,
    Writer,
    check_visible,
    read_cursor,
    visible_accounts,
    write_cursor,
)

router = APIRouter(prefix="/conversations", tags=["conversations"])


class AddressOut(BaseModel):
    name: str
    address: str


class AttachmentOut(BaseModel):
    """`size` is in bytes, decoded."""

    n: int
    filename: str
    content_type: str
    size: int
    inline: bool


class MessageOut(BaseModel):
    """`excerpt` is what the sender newly wrote; `text` is everything."""

    id: UUID
    conversation_id: UUID
    account_id: UUID
    direction: Direction
    internet_message_id: str | None
    subject: str
    sender: AddressOut
    to: list[AddressOut]
    cc: list[AddressOut]
    sent_at: datetime | None
    received_at: datetime
    excerpt: str
    text: str
    size: int
    automatic: Automatic | None = Field(
        description="Who, if not a person, wrote it: reply, generated, bounce or complaint."
    )
    report: dict[str, Any] | None = Field(
        description="Of a bounce or a complaint: the mail and the recipients it is about."
    )
    unsubscribe: dict[str, Any] | None = Field(description="How to leave the list it came by.")
    invitation: dict[str, Any] | None = Field(description="The event of a calendar it is about.")
    attachments: list[AttachmentOut]


class SnoozeOut(BaseModel):
    """It sleeps until that moment, until they reply, or until whichever comes first."""

    until: datetime | None
    until_reply: bool
    by_id: UUID | None


class FollowUpOut(BaseModel):
    """Whoever asked is told then, unless they have answered."""

    at: datetime
    by_id: UUID | None


class ConversationOut(BaseModel):
    id: UUID
    account_id: UUID
    subject: str
    status: ConversationStatus
    assignee_id: UUID | None
    merged_into_id: UUID | None = Field(description="Its mails are in that conversation now.")
    tags: list[str]
    participants: list[str]
    message_count: int
    first_message_at: datetime
    last_message_at: datetime
    waiting_since: datetime | None
    snooze: SnoozeOut | None
    follow_up: FollowUpOut | None
    no_answer_since: datetime | None = Field(
        description="The time of a follow-up has come, and they have not answered since then."
    )


class NoteOut(BaseModel):
    id: UUID
    author_id: UUID | None
    author_name: str
    text: str
    created_at: datetime
    edited_at: datetime | None


class ConversationDetail(ConversationOut):
    """`messages`: the latest, the oldest of them first; `messages_cursor` leads to those before."""

    messages: list[MessageOut]
    messages_cursor: str | None
    notes: list[NoteOut]


class ConversationPage(BaseModel):
    items: list[ConversationOut]
    next_cursor: str | None


TagName = Annotated[Words, Field(min_length=1, max_length=60)]


class SnoozeIn(BaseModel):
    """`until` carries its offset from UTC. One of the two is needed; both: whichever is first."""

    model_config = ConfigDict(extra="forbid")

    until: AwareDatetime | None = None
    until_reply: bool = False


class ConversationPatch(BaseModel):
    """What is left out stays as it is.

    `assignee_id: null` assigns to nobody, `snooze: null` wakes the conversation, and
    `follow_up_at: null` has nobody told.
    """

    model_config = ConfigDict(extra="forbid")

    status: ConversationStatus | None = None
    assignee_id: UUID | None = None
    tags: Annotated[list[TagName] | None, Field(max_length=50)] = None
    snooze: SnoozeIn | None = None
    follow_up_at: AwareDatetime | None = None


@router.get("")
async def list_(
    parts: Parts,
    caller: Reader,
    account: UUID | None = None,
    status: ConversationStatus | None = None,
    assignee: Annotated[str | None, Query(description="A teammate’s id, or “none”.")] = None,
    snoozed: Annotated[bool | None, Query(description="Those that sleep, or that do not.")] = None,
    q: Annotated[Words | None, Query(max_length=500, description="Words to be found.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ConversationPage:
    """The latest first."""
    wanted = ConversationFilter(
        account_ids=visible_accounts(caller, account),
        status=status,
        assignee_id=_teammate(assignee),
        unassigned=assignee == "none",
        snoozed=snoozed,
        query=q,
    )
    place = read_cursor(cursor, datetime.fromisoformat, UUID)
    before = (place[0], ConversationId(place[1])) if place else None
    async with parts.store.begin(caller.workspace_id) as uow:
        found = await uow.conversations.page(wanted, before=before, limit=limit + 1)
    page = found[:limit]
    more = len(found) > limit
    return ConversationPage(
        items=[ConversationOut(**_values(one)) for one in page],
        next_cursor=write_cursor(page[-1].last_message_at, page[-1].id) if more else None,
    )


@router.get("/{conversation_id}")
async def get(
    parts: Parts,
    caller: Reader,
    conversation_id: UUID,
    messages_cursor: Annotated[
        str | None, Query(max_length=500, description="`messages_cursor` of the page before.")
    ] = None,
    messages_limit: Annotated[int, Query(ge=1, le=500, description="How many mails.")] = 500,
) -> ConversationDetail:
    """With its latest mails, the oldest of them first; the cursor leads to those before."""
    place = read_cursor(messages_cursor, datetime.fromisoformat, UUID)
    before = (place[0], MessageId(place[1])) if place else None
    async with parts.store.begin(caller.workspace_id) as uow:
        conversation = await uow.conversations.get(ConversationId(conversation_id))
        check_visible(caller, conversation.account_id, "conversation")
        return await _detail(uow, conversation, before=before, limit=messages_limit)


@router.patch("/{conversation_id}")
async def patch(
    parts: Parts, caller: Writer, conversation_id: UUID, body: ConversationPatch
) -> ConversationDetail:
    id_, now = ConversationId(conversation_id), parts.clock.now()
    async with parts.store.begin(caller.workspace_id) as uow:
        conversation = await uow.conversations.get(id_)
        check_visible(caller, conversation.account_id, "conversation")
        if "assignee_id" in body.model_fields_set:
            await assign(uow, caller, id_, await _assignee(uow, body), now=now)
        for intent in _intents(body, now):
            await change_conversation(uow, caller, id_, intent, now=now)
        return await _detail(uow, await uow.conversations.get(id_))


async def _assignee(uow: UnitOfWork, body: ConversationPatch) -> TeammateId | None:
    assignee = TeammateId(body.assignee_id) if body.assignee_id else None
    if assignee and not await uow.teammates.get_many([assignee]):
        raise InvalidInput("There is no such teammate.", field="assignee_id")
    return assignee


def _intents(body: ConversationPatch, now: datetime) -> list[ConversationIntent]:
    intents: list[ConversationIntent] = []
    if body.status is ConversationStatus.DONE:
        intents.append(Done())
    elif body.status is ConversationStatus.OPEN:
        intents.append(Reopen())
    if body.snooze is not None:
        until, until_reply = body.snooze.until, body.snooze.until_reply
        intents.append(snooze(until, until_reply=until_reply, now=now, field="snooze"))
    elif "snooze" in body.model_fields_set:
        intents.append(Wake())
    if "follow_up_at" in body.model_fields_set:
        intents.append(follow_up(body.follow_up_at, now=now, field="follow_up_at"))
    if body.tags is not None:
        intents.append(Tag(tuple(dict.fromkeys(body.tags))))
    return intents


async def _detail(
    uow: UnitOfWork,
    conversation: Conversation,
    *,
    before: tuple[datetime, MessageId] | None = None,
    limit: int = 500,
) -> ConversationDetail:
    found = await uow.messages.newest(conversation.id, limit=limit + 1, before=before)
    messages = found[limit - 1 :: -1] if len(found) > limit else found[::-1]
    first = messages[0] if len(found) > limit else None
    attachments = await uow.messages.attachments(one.id for one in messages)
    return ConversationDetail(
        **_values(conversation),
        messages=[show_message(one, attachments) for one in messages],
        messages_cursor=write_cursor(first.received_at, first.id) if first else None,
        notes=[show_note(one) for one in await uow.notes.of_conversation(conversation.id)],
    )


def _values(conversation: Conversation) -> dict[str, Any]:
    values = conversation.model_dump()
    values["snooze"] = values["follow_up"] = None
    if conversation.follow_up_at is not None:
        values["follow_up"] = FollowUpOut(
            at=conversation.follow_up_at, by_id=conversation.follow_up_by_id
        )
    if conversation.is_snoozed:
        values["snooze"] = SnoozeOut(
            until=conversation.snoozed_until,
            until_reply=conversation.snoozed_until_reply,
            by_id=conversation.snoozed_by_id,
        )
    return values


def show_note(note: Note) -> NoteOut:
    return NoteOut(**note.model_dump(include=set(NoteOut.model_fields)))


def show_message(message: Message, attachments: Sequence[Attachment]) -> MessageOut:
    files = [one for one in attachments if one.message_id == message.id]
    return MessageOut(
        **message.model_dump(include=_SAME_NAMES),
        sender=AddressOut(name=message.from_name, address=message.from_address),
        text=message.body,
        attachments=[AttachmentOut.model_validate(file.model_dump()) for file in files],
    )


_SAME_NAMES = set(MessageOut.model_fields) - {"sender", "text", "attachments"}


def _teammate(text: str | None) -> TeammateId | None:
    if text is None or text == "none":
        return None
    try:
        return TeammateId(UUID(text))
    except ValueError:
        raise InvalidInput("That is not the id of a teammate.", field="assignee") from None
