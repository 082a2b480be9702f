"""Merging conversations, and splitting mails off. Undo goes by the command that is answered."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from app.commands.merge import merge, split
from app.core.ids import ConversationId, MessageId
from app.web.api.commands import CommandOut, show_command
from app.web.deps import Parts, Writer, check_visible
from app.web.idempotency import Idempotent

router = APIRouter(prefix="/conversations", tags=["conversations"])


class MergeIn(BaseModel):
    """`into_id`: the conversation that gets the mails."""

    model_config = ConfigDict(extra="forbid")

    into_id: UUID


class SplitIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    message_id: UUID


class SplitOut(CommandOut):
    """`into_id`: the mail's new conversation."""

    into_id: UUID


@router.post("/{conversation_id}/merge", status_code=201, response_model=CommandOut)
async def merge_(
    parts: Parts, caller: Writer, conversation_id: UUID, body: MergeIn, once: Idempotent
) -> JSONResponse:
    """Its mails, notes and answers join the other one, and later mails do, too."""
    source_id, target_id = ConversationId(conversation_id), ConversationId(body.into_id)
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        for id_ in (source_id, target_id):
            check_visible(caller, (await uow.conversations.get(id_)).account_id, "conversation")
        command = await merge(uow, caller, source_id, target_id, now=parts.clock.now())
        return once.record(uow, 201, await show_command(uow, command))


@router.post("/{conversation_id}/split", status_code=201, response_model=SplitOut)
async def split_(
    parts: Parts, caller: Writer, conversation_id: UUID, body: SplitIn, once: Idempotent
) -> JSONResponse:
    """Give one of its mails a conversation of its own."""
    id_ = ConversationId(conversation_id)
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        check_visible(caller, (await uow.conversations.get(id_)).account_id, "conversation")
        now = parts.clock.now()
        command = await split(uow, caller, id_, MessageId(body.message_id), now=now)
        answer_ = {**await show_command(uow, command), "into_id": command.params["into_id"]}
        return once.record(uow, 201, answer_)
