"""What every request and every answer passes through: a limit on bodies, and headers.

Plain ASGI, so that a body is counted as it arrives, whether or not the client said how long it is,
and a stream of events is passed on as it is written.
"""

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.errors import problem
from app.web.policy import DATA, PAGES

LARGEST_BODY: Final = 2 * 1024 * 1024
"""In bytes. Slack's deliveries and our own endpoints stay far below it, but for mail to be sent."""
_WITH_FILES: Final = "/api/v1/outgoing"
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Shell:
    """`is_https`: people reach us by HTTPS only, so browsers may remember that.

    `largest_mail`: files to be sent come within the request, in Base64.
    """

    def __init__(self, app: ASGIApp, *, is_https: bool, largest_mail: int = 0) -> None:
        self._app = app
        self._largest_with_files = LARGEST_BODY + largest_mail * 4 // 3
        self._headers = dict(_ALWAYS)
        if is_https:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_files = scope["path"].startswith(_WITH_FILES)
        most = self._largest_with_files if has_files else LARGEST_BODY
        length = Headers(scope=scope).get("content-length", "0")
        if not (length.isascii() and length.isdecimal()) or int(length[:20]) > most:
            refusal = problem(413, _too_large(most), request=Request(scope))
            await refusal(scope, receive, self._with_headers(send))
            return
        await self._app(scope, _counted(receive, most), self._with_headers(send))

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                is_page = headers.get("content-type", "").startswith("text/html")
                policy = PAGES if is_page else DATA
                headers.setdefault("Content-Security-Policy", policy)
                # Without any referrer, browsers would hide the origin of our own forms too.
                headers.setdefault("Referrer-Policy", "same-origin" if is_page else "no-referrer")
            await send(message)

        return sending


def _too_large(most: int) -> str:
    return f"More than {most} bytes are not taken."


def _counted(receive: Receive, most: int) -> Receive:
    """Refuse the body at the byte that is too many."""
    received = 0

    async def receiving() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most:
            raise HTTPException(413, _too_large(most))
        return message

    return receiving
