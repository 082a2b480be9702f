"""Single mails: as we show them, as they came, and what is attached to them."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.core.access import Actor
from app.core.ids import MessageId
from app.store.models import Message
from app.store.unit_of_work import UnitOfWork
from app.web.api.conversations import MessageOut, show_message
from app.web.deps import Parts, Reader, check_visible
from app.web.downloads import attachment as attached
from app.web.downloads import download_mail

router = APIRouter(prefix="/messages", tags=["messages"])


@router.get("/{message_id}")
async def get(parts: Parts, caller: Reader, message_id: UUID) -> MessageOut:
    async with parts.store.begin(caller.workspace_id) as uow:
        message = await _message(uow, caller, message_id)
        return show_message(message, await uow.messages.attachments([message.id]))


@router.get(
    "/{message_id}/raw",
    response_class=Response,
    responses={200: {"content": {"message/rfc822": {}}}},
)
async def raw(parts: Parts, caller: Reader, message_id: UUID) -> Response:
    """The mail exactly as the server had it."""
    async with parts.store.begin(caller.workspace_id) as uow:
        message = await _message(uow, caller, message_id)
    return await download_mail(parts.blobs, message.raw_sha256, f"{message.id}.eml")


@router.get(
    "/{message_id}/attachments/{n}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
async def attachment(parts: Parts, caller: Reader, message_id: UUID, n: int) -> Response:
    """One file, decoded; `n` counts from 1."""
    async with parts.store.begin(caller.workspace_id) as uow:
        message = await _message(uow, caller, message_id)
        files = await uow.messages.attachments([message.id])
    return await attached(parts.blobs, message, files, n)


async def _message(uow: UnitOfWork, caller: Actor, message_id: UUID) -> Message:
    message = await uow.messages.get(MessageId(message_id))
    check_visible(caller, message.account_id, "message")
    return message
