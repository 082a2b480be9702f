"""The HTML of mails, as a document of its own for a sandboxed frame.

Nothing in it runs: the mail was made safe by `app.mail.safe_html` in a child process, the frame has
no origin of its own, and its policy allows neither scripts nor forms nor anything to be loaded, but
for pictures that are within it. What somebody asks to see from elsewhere loosens that policy in one
place, for that one answer.
"""

import asyncio
from html import escape
from typing import Final

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from app.core.errors import Unavailable
from app.core.findings import counted
from app.mail.shown import ShownMail
from app.sync.parsing import ParserPool

_SECONDS: Final = 30.0
"""For one mail, the wait for the child included."""
_POLICY: Final = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src {images}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""Links open windows of their own, which are not bound by the sandbox: they are other sites."""
_STYLE: Final = """
html { color-scheme: light; background: #fff; color: #1b2430; }
body { margin: 0; padding: 16px; font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
img { max-width: 100%; height: auto; }
table { max-width: 100%; }
pre { white-space: pre-wrap; font: inherit; }
blockquote { margin: 0 0 0 8px; padding-left: 12px; border-left: 2px solid #c5ccd6; }
.sharedbox-says { margin: 0 0 12px; padding: 8px 12px; border: 1px solid #c5ccd6;
  border-radius: 6px; background: #f5f6f8; color: #4f5b6b; font: 13px/1.4 system-ui, sans-serif; }
"""


class MailFrames:
    """Has one child process read mails for their readers; it is started with the first of them."""

    def __init__(self) -> None:
        self._pool = ParserPool(1, late=True)
        self._entered = False

    async def document(self, raw: bytes, *, load_remote: bool) -> ShownMail:
        """Raises `MailUnreadable`, `ParseFailed`, and `Unavailable` where it takes too long."""
        if not self._entered:
            self._entered = True
            await self._pool.__aenter__()
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._pool.show(raw, load_remote=load_remote)
        except TimeoutError:
            raise Unavailable(
                "This mail takes too long to be shown.", fix="Read it as text, or try again."
            ) from None

    async def aclose(self) -> None:
        if self._entered:
            await self._pool.__aexit__(None, None, None)


def frames_of(request: Request) -> MailFrames:
    found: MailFrames = request.app.state.mail_frames
    return found


def framed(mail: ShownMail, *, load_remote: bool) -> Response:
    notes = []
    if mail.remote_images and not load_remote:
        notes.append(f"{counted(mail.remote_images, 'picture')} from elsewhere not loaded.")
    if mail.is_cut:
        notes.append("This mail is longer than what is shown here; the download has all of it.")
    return _document(mail.html or "<p>This mail has no text.</p>", notes, load_remote=load_remote)


def explained(sentence: str) -> Response:
    """In place of a mail that cannot be shown."""
    return _document("", [sentence], load_remote=False)


def _document(html: str, notes: list[str], *, load_remote: bool) -> Response:
    said = "".join(f'<p class="sharedbox-says">{escape(one)}</p>' for one in notes)
    page = (
        '<!doctype html><html lang="und"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Mail</title><style>{_STYLE}</style></head>"
        f'<body>{said}<div class="mail">{html}</div></body></html>'
    )
    images = "data: https:" if load_remote else "data:"
    return HTMLResponse(
        page,
        headers={
            "Content-Security-Policy": _POLICY.format(images=images),
            "X-Frame-Options": "SAMEORIGIN",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "private, no-store",
        },
    )
