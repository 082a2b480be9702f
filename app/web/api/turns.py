"""Giving conversations to a Slack user group, by turns."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from app.commands.rotation import ask_for_turn
from app.core.ids import ConversationId
from app.web.deps import Parts, Words, Writer, check_visible
from app.web.idempotency import Idempotent

router = APIRouter(prefix="/conversations", tags=["conversations"])


class TurnIn(BaseModel):
    """`group_id`: Slack's own id of the user group; `group`: what it is called where it is told."""

    model_config = ConfigDict(extra="forbid")

    group_id: Annotated[Words, Field(max_length=30, examples=["S0614TZR7"])]
    group: Annotated[Words, Field(max_length=80)] = "group"


class TurnOut(BaseModel):
    """What comes of it is told by `conversation.assigned` or `conversation.nobody_available`."""

    conversation_id: UUID
    state: str


@router.post("/{conversation_id}/assign-by-turns", status_code=202, response_model=TurnOut)
async def assign_by_turns(
    parts: Parts, caller: Writer, conversation_id: UUID, body: TurnIn, once: Idempotent
) -> JSONResponse:
    """Assign it to the member whose turn it is, of those who are there just now."""
    id_ = ConversationId(conversation_id)
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        check_visible(caller, (await uow.conversations.get(id_)).account_id, "conversation")
        await ask_for_turn(uow, caller, id_, body.group_id, body.group)
        queued = TurnOut(conversation_id=conversation_id, state="queued")
        return once.record(uow, 202, queued.model_dump(mode="json"))
