"""Single mails: as we show them, as they came, and what is attached to them."""

import asyncio
import string
from typing import Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Response

from app.core.access import Actor
from app.core.errors import NotFound
from app.core.ids import MessageId
from app.mail.parse import cut
from app.store.models import Message
from app.store.unit_of_work import UnitOfWork
from app.web.api.conversations import MessageOut, show_message
from app.web.deps import Parts, Reader, check_visible

router = APIRouter(prefix="/messages", tags=["messages"])
_DOWNLOAD_ONLY: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-store",
}
"""Whatever a mail brings is handed over to be saved, never to be shown by the browser."""
_PLAIN: Final = frozenset(string.ascii_letters + string.digits + " !#$&+-.^_`|~()[]{},;=@'")


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
    data = await parts.blobs.get(message.raw_sha256)
    return _download(data, "message/rfc822", f"{message.id}.eml")


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
    file = next((one for one in files if one.n == n), None)
    if file is None:
        raise NotFound("There is no such attachment.")
    data = await parts.blobs.get(message.raw_sha256)
    content = await asyncio.to_thread(cut, data, file.offset, file.length, file.encoding)
    return _download(content, "application/octet-stream", file.filename)


async def _message(uow: UnitOfWork, caller: Actor, message_id: UUID) -> Message:
    message = await uow.messages.get(MessageId(message_id))
    check_visible(caller, message.account_id, "message")
    return message


def _download(data: bytes, media_type: str, filename: str) -> Response:
    headers = {**_DOWNLOAD_ONLY, "Content-Disposition": disposition(filename)}
    return Response(data, media_type=media_type, headers=headers)


def disposition(filename: str) -> str:
    """`attachment`, with the name twice: for clients that know RFC 8187, and for the others.

    (RFC 6266 §4.3 and appendix D; inside the quotes only what needs no escape is left as it is.)
    """
    plain = "".join(one if one in _PLAIN else "_" for one in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
