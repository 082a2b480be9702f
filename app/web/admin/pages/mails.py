"""One mail: as text, as its sender laid it out, as it came, and what is attached to it."""

from enum import StrEnum
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.core.errors import NotFound
from app.core.ids import MessageId
from app.mail import charset
from app.mail.parse import MailUnreadable
from app.mail.scan import MOST_HEADER, header_of
from app.store.models import Message
from app.store.unit_of_work import UnitOfWork
from app.sync.parsing import ParseFailed
from app.web.admin.frames import explained, framed, frames_of
from app.web.admin.view import page
from app.web.admin.visitor import AsViewer, Visitor
from app.web.deps import Parts
from app.web.downloads import attachment, download_mail
from app.web.policy import FRAMING

router = APIRouter()
_MOST_SHOWN: Final = 100_000


class As(StrEnum):
    TEXT = "text"
    HTML = "html"
    HEADERS = "headers"


@router.get("/messages/{message_id}")
async def show(
    request: Request,
    visitor: AsViewer,
    parts: Parts,
    message_id: UUID,
    like: As = As.TEXT,
    images: bool = False,
) -> Response:
    """On a page of its own, or as the part of another one."""
    async with parts.store.begin(visitor.workspace_id) as uow:
        mail = await _mail(uow, visitor, message_id)
        files = await uow.messages.attachments([mail.id])
    header = ""
    if like is As.HEADERS:
        head = header_of(await parts.blobs.part(mail.raw_sha256, 0, MOST_HEADER))
        header = charset.decode(head[:_MOST_SHOWN]).replace("\r\n", "\n")
    answer = page(
        request, visitor, "mail.html",
        mail=mail, files=files, like=like.value, images=images, header=header,
    )  # fmt: skip
    answer.headers["Content-Security-Policy"] = FRAMING
    return answer


@router.get("/messages/{message_id}/frame")
async def frame(
    request: Request, visitor: AsViewer, parts: Parts, message_id: UUID, images: bool = False
) -> Response:
    """What stands in the frame. `images`: those from elsewhere may be loaded."""
    async with parts.store.begin(visitor.workspace_id) as uow:
        mail = await _mail(uow, visitor, message_id)
    raw = await parts.blobs.get(mail.raw_sha256)
    try:
        shown = await frames_of(request).document(raw, load_remote=images)
    except (MailUnreadable, ParseFailed):
        return explained("This mail cannot be shown like this. Read it as text, or download it.")
    return framed(shown, load_remote=images)


@router.get("/messages/{message_id}/raw")
async def raw(visitor: AsViewer, parts: Parts, message_id: UUID) -> Response:
    """The mail exactly as the server had it."""
    async with parts.store.begin(visitor.workspace_id) as uow:
        mail = await _mail(uow, visitor, message_id)
    return await download_mail(parts.blobs, mail.raw_sha256, f"{mail.id}.eml")


@router.get("/messages/{message_id}/files/{n}")
async def file(visitor: AsViewer, parts: Parts, message_id: UUID, n: int) -> Response:
    """One file; `n` counts from 1."""
    async with parts.store.begin(visitor.workspace_id) as uow:
        mail = await _mail(uow, visitor, message_id)
        files = await uow.messages.attachments([mail.id])
    return await attachment(parts.blobs, mail, files, n)


async def _mail(uow: UnitOfWork, visitor: Visitor, message_id: UUID) -> Message:
    """Raises `NotFound`."""
    mail = await uow.messages.get(MessageId(message_id))
    if not await visitor.sees(uow, mail.account_id, mail.id):
        raise NotFound("There is no such mail.")
    return mail
