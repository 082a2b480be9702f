"""Notes: what the team says among itself about a conversation."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from app.commands.notes import write_note
from app.core.ids import ConversationId
from app.web.api.conversations import NoteOut, show_note
from app.web.deps import Parts, Words, Writer, check_visible
from app.web.idempotency import Idempotent

router = APIRouter(prefix="/conversations/{conversation_id}/notes", tags=["conversations"])


class NoteIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[Words, Field(min_length=1, max_length=10_000)]


@router.post("", status_code=201, response_model=NoteOut)
async def create(
    parts: Parts, caller: Writer, conversation_id: UUID, body: NoteIn, once: Idempotent
) -> JSONResponse:
    """Add a note. It stands in the thread of the conversation’s card, and is never mailed."""
    id_ = ConversationId(conversation_id)
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        conversation = await uow.conversations.get(id_)
        check_visible(caller, conversation.account_id, "conversation")
        note = await write_note(uow, caller, id_, body.text)
        return once.record(uow, 201, show_note(note).model_dump(mode="json"))
