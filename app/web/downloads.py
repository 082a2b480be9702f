"""Handing over what a mail brought: to be saved, never to be shown by the browser."""

import asyncio
import string
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import StreamingResponse

from app.core.errors import NotFound
from app.mail.transfer import decode
from app.store.blobs import Blobs
from app.store.models import Attachment, Message

DOWNLOAD_ONLY: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-store",
}
_PLAIN: Final = frozenset(string.ascii_letters + string.digits + " !#$&+-.^_`|~()[]{},;=@'")


def download(data: bytes, media_type: str, filename: str) -> Response:
    headers = {**DOWNLOAD_ONLY, "Content-Disposition": disposition(filename)}
    return Response(data, media_type=media_type, headers=headers)


async def download_mail(blobs: Blobs, digest: bytes, filename: str) -> Response:
    """A mail exactly as its server had it. A little of it is held at a time, however slow they are.

    Raises `BlobMissing`.
    """
    size, pieces = await blobs.stream(digest)
    headers = {
        **DOWNLOAD_ONLY,
        "Content-Disposition": disposition(filename),
        "Content-Length": str(size),
    }
    return StreamingResponse(pieces, media_type="message/rfc822", headers=headers)


async def attachment(blobs: Blobs, mail: Message, files: Sequence[Attachment], n: int) -> Response:
    """One of a mail's files, decoded; what it says to be is told to nobody. Raises `NotFound`."""
    file = next((one for one in files if one.n == n), None)
    if file is None:
        raise NotFound("There is no such attachment.")
    data = await blobs.part(mail.raw_sha256, file.offset, file.length)
    content = await asyncio.to_thread(decode, data, file.encoding)
    return download(content, "application/octet-stream", file.filename)


def disposition(filename: str) -> str:
    """`attachment`, with the name twice: for clients that know RFC 8187, and for the others.

    (RFC 6266 §4.3 and appendix D; inside the quotes only what needs no escape is left as it is.)
    """
    plain = "".join(one if one in _PLAIN else "_" for one in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
