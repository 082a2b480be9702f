"""Handing over what a mail brought: to be saved, never to be shown by the browser."""

import string
from typing import Final
from urllib.parse import quote

from fastapi import Response

DOWNLOAD_ONLY: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-store",
}
_PLAIN: Final = frozenset(string.ascii_letters + string.digits + " !#$&+-.^_`|~()[]{},;=@'")


def download(data: bytes, media_type: str, filename: str) -> Response:
    headers = {**DOWNLOAD_ONLY, "Content-Disposition": disposition(filename)}
    return Response(data, media_type=media_type, headers=headers)


def disposition(filename: str) -> str:
    """`attachment`, with the name twice: for clients that know RFC 8187, and for the others.

    (RFC 6266 §4.3 and appendix D; inside the quotes only what needs no escape is left as it is.)
    """
    plain = "".join(one if one in _PLAIN else "_" for one in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
