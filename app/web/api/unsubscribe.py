"""Leaving the list that a conversation came by."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from app.core.errors import NotFound
from app.core.ids import ConversationId
from app.mail.lists import Way
from app.sending.context import writing_of
from app.sending.lists import find_exit, leave, letter
from app.store.models import ListExit, ListExitState
from app.web.deps import Parts, Reader, Sender, check_visible
from app.web.idempotency import Idempotent

router = APIRouter(prefix="/conversations/{conversation_id}/unsubscribe", tags=["conversations"])


class ListExitOut(BaseModel):
    """`state`: asked, done, refused; mailed, where a mail asks for it (`outgoing_id`)."""

    id: UUID
    conversation_id: UUID
    message_id: UUID
    way: Way
    whom: str
    state: ListExitState
    detail: str
    attempts: int
    outgoing_id: UUID | None
    created_at: datetime
    settled_at: datetime | None


class WayOutOut(BaseModel):
    """How the list can be left: by one request, by a mail, or on a page (`url`) by a person."""

    way: Way
    whom: str
    url: str
    why_not: str = Field(description="Why one request is not enough, where the mail claims it is.")


class UnsubscribeOut(BaseModel):
    """`possible` is null where the last mail names no way; `latest` until somebody asked."""

    possible: WayOutOut | None
    latest: ListExitOut | None


@router.get("")
async def get(parts: Parts, caller: Reader, conversation_id: UUID) -> UnsubscribeOut:
    """How the list can be left, and what came of it."""
    id_ = ConversationId(conversation_id)
    async with parts.store.begin(caller.workspace_id) as uow:
        check_visible(caller, (await uow.conversations.get(id_)).account_id, "conversation")
        latest = await uow.list_exits.latest(id_)
    found = await find_exit(parts.store, parts.blobs, caller.workspace_id, id_)
    way = found.way if found else None
    return UnsubscribeOut(
        possible=WayOutOut(way=way.way, whom=way.whom, url=way.url, why_not=way.why_not)
        if way
        else None,
        latest=_shown(latest) if latest else None,
    )


@router.post("", status_code=202, response_model=ListExitOut)
async def create(
    parts: Parts, caller: Sender, conversation_id: UUID, once: Idempotent
) -> JSONResponse:
    """Leave the list, by one request or by a mail. Where only a page does it, 409 with its address.

    Nothing is asked of the list by itself: somebody has to call this.
    """
    id_ = ConversationId(conversation_id)
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        check_visible(caller, (await uow.conversations.get(id_)).account_id, "conversation")
    found = await find_exit(parts.store, parts.blobs, caller.workspace_id, id_)
    if found is None:
        raise NotFound("The last mail of this conversation does not say how to leave a list.")
    written = await letter(writing_of(parts.store, parts.blobs, parts.settings), caller, found)
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        row = await leave(uow, caller, found, written)
        await uow.session.flush()
        return once.record(uow, 202, _shown(row).model_dump(mode="json"))


def _shown(row: ListExit) -> ListExitOut:
    return ListExitOut.model_validate(row.model_dump())
