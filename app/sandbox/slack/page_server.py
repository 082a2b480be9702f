"""The server's side of the page on which people act.

Whoever loads the page gets a session cookie; everything else here asks for it, and for a request
that comes from the page itself. Mail is hostile, so the policy allows no script but ours.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from app.core.errors import SharedBoxError
from app.sandbox.slack.arguments import body_of
from app.sandbox.slack.changes import Watcher
from app.sandbox.slack.control import run_verb
from app.sandbox.slack.customer import Customer
from app.sandbox.slack.page_state import state_of, teams_of
from app.sandbox.slack.people import People
from app.sandbox.slack.wire import JSON, Refused

FOLDER: Final = Path(__file__).parent / "page"
_COOKIE: Final = "local_workspace"
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_VERBS: Final = frozenset(
    {
        "post_as_user", "edit_as_user", "delete_as_user", "react_as_user",
        "run_command", "use_shortcut", "use_message_shortcut",
        "choose", "suggest", "act_in_view", "submit_view", "close_view", "open_home",
    }
)  # fmt: skip
_ASSETS: Final = frozenset(path.name for path in FOLDER.iterdir() if path.suffix in (".js", ".css"))
_MAIL_FIELDS: Final = ("sender_name", "sender_address", "subject", "text")
_STREAMS_AT_MOST: Final = 32
_SESSIONS_KEPT: Final = 100
_CUSTOMER_SECONDS: Final = 15
_KEEP_ALIVE_SECONDS: Final = 15
_MESSAGES_SHOWN: Final = 500
Handler = Callable[[Request], Awaitable[Response]]


class PageServer:
    """`workspaces` may grow; `install_url` is where the app asks to be let into one."""

    def __init__(
        self,
        workspaces: Sequence[People],
        customer: Customer | None,
        closing: asyncio.Event,
        install_url: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._workspaces = workspaces
        self._customer = customer
        self._install_url = install_url
        self._closing = closing
        self._sessions: dict[str, None] = {}
        self._streams = 0
        self.routes = [
            Route("/", self._page),
            Route("/page/files/{id}", self._guarded(self._file)),
            Route("/page/state", self._guarded(self._state)),
            Route("/page/messages/{channel}", self._guarded(self._messages)),
            Route("/page/inspect/{what}/{number:int}", self._guarded(self._inspect)),
            Route("/page/stream", self._guarded(self._stream)),
            Route("/page/do/{verb}", self._guarded(self._do), methods=["POST"]),
            Route("/page/upload", self._guarded(self._upload), methods=["POST"]),
            Route("/page/{asset}", self._asset),
            Route("/archives/{channel}/{message}", self._permalink),
            Route("/customer/send", self._guarded(self._customer_sends), methods=["POST"]),
            Route("/customer/mail", self._guarded(self._customer_reads)),
        ]

    # The page itself

    async def _page(self, request: Request) -> Response:
        """The page, with a session for whoever loads it."""
        answer = FileResponse(FOLDER / "index.html", headers=dict(_HEADERS))
        if request.cookies.get(_cookie(request)) not in self._sessions:
            session = secrets.token_urlsafe(24)
            self._sessions[session] = None
            if len(self._sessions) > _SESSIONS_KEPT:
                del self._sessions[next(iter(self._sessions))]
            answer.set_cookie(_cookie(request), session, httponly=True, samesite="strict")
        return answer

    async def _asset(self, request: Request) -> Response:
        name = request.path_params["asset"]
        if name not in _ASSETS:
            return PlainTextResponse("no such file", 404)
        return FileResponse(FOLDER / name, headers=dict(_HEADERS))

    async def _permalink(self, request: Request) -> Response:
        """A permalink opens the page at that message."""
        channel, message = request.path_params["channel"], request.path_params["message"]
        return RedirectResponse(f"/#{channel}/{message}", 302)

    # What the page asks for

    def _of(self, request: Request) -> People:
        wanted = request.query_params.get("team")
        named = (one for one in self._workspaces if one.emulator.workspace.team_id == wanted)
        return next(named, self._workspaces[0])

    async def _state(self, request: Request) -> Response:
        """The workspace that is named, the first one otherwise."""
        emulators = [one.emulator for one in self._workspaces]
        customer = {"address": self._customer.address} if self._customer else None
        more = {"teams": teams_of(emulators), "install_url": self._install_url()}
        return _answer({**state_of(self._of(request).emulator), **more, "customer": customer})

    async def _messages(self, request: Request) -> Response:
        here = self._of(request).emulator.workspace
        channel = here.channels.get(request.path_params["channel"])
        messages = list(channel.messages.values())[-_MESSAGES_SHOWN:] if channel else []
        return _answer({"messages": [message.shown for message in messages]})

    async def _inspect(self, request: Request) -> Response:
        """What was sent in a delivery or a call, and what was answered."""
        number, emulator = request.path_params["number"], self._of(request).emulator
        found: JSON = {}
        if request.path_params["what"] == "calls":
            for call in emulator.writes:
                if call.number == number:
                    found = {"sent": call.arguments, "answer": call.answer}
        else:
            for delivery in emulator.courier.log:
                if delivery.number == number:
                    found = {"sent": delivery.sent, "answer": _read(delivery.answer)}
        text = json.dumps(found, default=repr)
        return Response(text, headers=dict(_HEADERS), media_type="application/json")

    async def _file(self, request: Request) -> Response:
        try:
            file = self._of(request).emulator.files.complete(request.path_params["id"])
        except Refused:
            return PlainTextResponse("no such file", 404)
        quoted = quote(file.name)
        disposition = {"Content-Disposition": f"attachment; filename*=UTF-8''{quoted}"}
        return Response(
            file.data, headers={**_HEADERS, **disposition}, media_type="application/octet-stream"
        )

    async def _upload(self, request: Request) -> Response:
        """The bytes of a file that somebody chose; its name and whose it is are in the query."""
        query = request.query_params
        try:
            data = await body_of(request)
            file = self._of(request).upload_as_user(query["user"], query["name"], data)
        except (Refused, KeyError) as error:
            return _answer({"error": str(error)})
        return _answer({"file": file})

    async def _do(self, request: Request) -> Response:
        verb = request.path_params["verb"]
        if verb not in _VERBS:
            return JSONResponse({"error": "unknown_verb"}, 404)
        # A refusal is an answer like others here: browsers call every 4xx an error of the page.
        return await run_verb(getattr(self._of(request), verb), request, refused=200)

    async def _stream(self, _request: Request) -> Response:
        if self._streams >= _STREAMS_AT_MOST:
            return PlainTextResponse("too many pages are open", 503)
        return StreamingResponse(self._changes(), 200, dict(_HEADERS), "text/event-stream")

    async def _changes(self) -> AsyncIterator[str]:
        self._streams += 1
        try:
            with self._workspaces[0].emulator.changes.watch() as watcher:
                yield "retry: 1000\n\n"
                while not self._closing.is_set() and not watcher.cut_off:
                    yield await self._next(watcher)
        finally:
            self._streams -= 1

    async def _next(self, watcher: Watcher) -> str:
        """The next change as an event, or a comment that keeps the connection alive."""
        change = asyncio.create_task(watcher.queue.get())
        closing = asyncio.create_task(self._closing.wait())
        both = (change, closing)
        try:
            await asyncio.wait(both, timeout=_KEEP_ALIVE_SECONDS, return_when="FIRST_COMPLETED")
            return (
                f"data: {json.dumps(change.result())}\n\n" if change.done() else ": still here\n\n"
            )
        finally:
            change.cancel()
            closing.cancel()

    # The customer

    async def _customer_sends(self, request: Request) -> Response:
        if self._customer is None:
            return JSONResponse({"error": "no_customer"}, 404)
        try:
            given = json.loads(await body_of(request))
            fields = [str(given.get(name, "")) for name in _MAIL_FIELDS]
            answered = str(given.get("in_reply_to") or "") or None
            async with asyncio.timeout(_CUSTOMER_SECONDS):
                await self._customer.send(*fields, in_reply_to=answered)
        except (SharedBoxError, OSError, ValueError) as error:
            return JSONResponse({"error": "not_sent", "detail": str(error)}, 502)
        return JSONResponse({"sent": True})

    async def _customer_reads(self, _request: Request) -> Response:
        if self._customer is None:
            return JSONResponse({"error": "no_customer"}, 404)
        try:
            async with asyncio.timeout(_CUSTOMER_SECONDS):
                return _answer({"mail": await self._customer.received()})
        except (SharedBoxError, OSError) as error:
            return JSONResponse({"error": "not_read", "detail": str(error)}, 502)

    # The guard

    def _guarded(self, handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            if not self._comes_from_the_page(request):
                return JSONResponse({"error": "not_from_the_page"}, 403)
            return await handler(request)

        return checked

    def _comes_from_the_page(self, request: Request) -> bool:
        """A known session, no other site behind it, and for a change our own origin."""
        if request.cookies.get(_cookie(request)) not in self._sessions:
            return False
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        own = f"http://{request.headers.get('host', '')}"
        return request.headers.get("origin", own if request.method == "GET" else "") == own


def _read(answer: bytes) -> object:
    text = answer.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _cookie(request: Request) -> str:
    """Cookies are shared by all ports of a machine; each workspace has its own."""
    return f"{_COOKIE}_{request.url.port}"


def _answer(value: JSON) -> Response:
    return JSONResponse(value, headers=dict(_HEADERS))
