"""The HTTP surface that an app sees: methods, uploads, private files, and response URLs."""

import asyncio
import base64
import secrets
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.sandbox.slack.arguments import Arguments, arguments_of, body_of, object_in
from app.sandbox.slack.calls import Call, Method
from app.sandbox.slack.emulator import Emulator, Grant
from app.sandbox.slack.faults import Fault, FaultKind
from app.sandbox.slack.methods import (
    account,
    apps,
    availability,
    blocks,
    chat,
    conversations,
    files,
    oauth,
    reactions,
    users,
    views,
)
from app.sandbox.slack.rates import Tier
from app.sandbox.slack.serving import break_connection, close_connection, until_gone
from app.sandbox.slack.site import Site
from app.sandbox.slack.wire import JSON, Refused

_FAMILIES: Final = (
    account,
    apps,
    availability,
    blocks,
    chat,
    conversations,
    files,
    oauth,
    reactions,
    users,
    views,
)
METHODS: Final[Mapping[str, Method]] = {
    name: method for family in _FAMILIES for name, method in family.METHODS.items()
}
UPLOAD: Final = "upload"
RESPONSE_URL: Final = "response_url"
"""What faults call the two requests that are no methods."""


class RateLimited(Refused):
    def __init__(self, seconds: int) -> None:
        super().__init__("ratelimited")
        self.seconds = seconds


class WebAPI:
    def __init__(self, site: Site, closing: asyncio.Event) -> None:
        self._site = site
        self._home = site.home
        self._closing = closing
        both = ["GET", "POST"]
        self.routes = [
            Route("/api/{method}", self._method, methods=both),
            Route("/upload/{ticket}", self._upload, methods=["POST"]),
            Route("/files-pri/{which}/{name:path}", self._file),
            Route("/actions/{secret}", self._response_url, methods=["POST"]),
        ]

    async def _method(self, request: Request) -> Response:
        name = request.path_params["method"]
        fault = self._home.faults.take(name)
        if (early := await self._befall_before(request, fault)) is not None:
            return early
        try:
            answer = self._run(name, request, await arguments_of(request), fault)
        except RateLimited as limited:
            answer = JSONResponse(limited.answer(), 429, {"Retry-After": str(limited.seconds)})
        except Refused as refused:
            answer = JSONResponse(refused.answer())
        answer.headers["X-Slack-Req-Id"] = secrets.token_hex(16)
        return await self._befall_after(request, fault, answer)

    def _run(
        self, name: str, request: Request, arguments: Arguments, fault: Fault | None
    ) -> Response:
        """Raises `Refused`."""
        call = self._authorized(name, request, arguments)
        told = METHODS[name].run(call)
        if METHODS[name].writes:
            befell = _name_of(fault)
            call.emulator.note_write(name, arguments.values, told, befell)
        answer = _accepted(call, told)
        answer.headers["X-Accepted-OAuth-Scopes"] = METHODS[name].scope
        return answer

    def _authorized(self, name: str, request: Request, arguments: Arguments) -> Call:
        """Raises `Refused`."""
        method = METHODS.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        emulator, grant = self._home, Grant(frozenset())
        if not method.open_to_all:
            emulator, grant = self._grant(request, arguments)
            if grant.app_level is not method.app_level:
                raise Refused("not_allowed_token_type")
        self._limit(name, method, arguments, emulator)
        call = Call(emulator, grant, _with_client(request, arguments), self._site)
        if method.scope:
            call.need(method.scope)
        return call

    def _grant(self, request: Request, arguments: Arguments) -> tuple[Emulator, Grant]:
        """Raises `Refused` (not_authed, invalid_auth, token_revoked)."""
        token = _bearer(request) or arguments.text("token")
        if not token:
            raise Refused("not_authed")
        found = self._site.grant(token)
        if found is None:
            raise Refused("invalid_auth")
        if found[1].revoked:
            raise Refused("token_revoked")
        return found

    def _limit(self, name: str, method: Method, arguments: Arguments, emulator: Emulator) -> None:
        """Each workspace by itself (docs.slack.dev/apis/web-api/rate-limits)."""
        channel = arguments.text("channel") if method.tier is Tier.POSTING else ""
        team_id = emulator.workspace.team_id
        if wait := self._home.rates.wait_for(method.tier, team_id, name, channel):
            raise RateLimited(wait)

    # Faults

    async def _befall_before(self, request: Request, fault: Fault | None) -> Response | None:
        """What a fault answers instead of the call being accepted, if it strikes that early."""
        if fault is None:
            return None
        if fault.kind is FaultKind.DELAY:
            await self._pause(fault.seconds)
        elif fault.kind is FaultKind.ERROR:
            return JSONResponse({"ok": False, "error": fault.error})
        elif fault.kind is FaultKind.HTTP:
            return PlainTextResponse("something went wrong", fault.status)
        elif fault.kind is FaultKind.RATE_LIMITED:
            return JSONResponse(RateLimited(0).answer(), 429, {"Retry-After": f"{fault.seconds:g}"})
        elif fault.kind is FaultKind.RATE_LIMITED_SILENTLY:
            return JSONResponse(RateLimited(0).answer(), 429)
        elif fault.kind is FaultKind.DROP_BEFORE:
            await break_connection(request)
            return Response()
        return None

    async def _befall_after(
        self, request: Request, fault: Fault | None, answer: Response
    ) -> Response:
        """What becomes of the answer."""
        if fault is None or fault.kind.before or fault.kind is FaultKind.DELAY:
            return answer
        if fault.kind is FaultKind.HTTP_AFTER:
            return PlainTextResponse("something went wrong", fault.status)
        if fault.kind is FaultKind.HALF_BODY:
            return _HalfResponse(answer)
        if fault.kind is FaultKind.HANG_AFTER:
            await self._until_gone_or_closing(request)
        await break_connection(request, reset=fault.kind is FaultKind.RESET_AFTER)
        return Response()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass

    async def _until_gone_or_closing(self, request: Request) -> None:
        gone = asyncio.create_task(until_gone(request))
        closing = asyncio.create_task(self._closing.wait())
        await asyncio.wait((gone, closing), return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        closing.cancel()

    # What is no method

    async def _upload(self, request: Request) -> Response:
        fault = self._home.faults.take(UPLOAD)
        if (early := await self._befall_before(request, fault)) is not None:
            return early
        data = await _uploaded_bytes(request)
        answer = PlainTextResponse(f"OK - {len(data)}")
        ticket = request.path_params["ticket"]
        if not any(one.files.receive(ticket, data) for one in self._site.emulators):
            answer = PlainTextResponse("no such upload, or not as long as was said", 400)
        return await self._befall_after(request, fault, answer)

    async def _file(self, request: Request) -> Response:
        """The bytes of a file, for its token's bearer."""
        emulator, grant = self._site.grant(_bearer(request)) or (self._home, Grant(frozenset()))
        if grant.revoked or "files:read" not in grant.scopes:
            return PlainTextResponse("sign in first", 403)
        try:
            file = emulator.files.complete(request.path_params["which"].partition("-")[2])
        except Refused:
            return PlainTextResponse("no such file", 404)
        return Response(file.data, media_type="application/octet-stream")

    async def _response_url(self, request: Request) -> Response:
        fault = self._home.faults.take(RESPONSE_URL)
        if (early := await self._befall_before(request, fault)) is not None:
            return early
        try:
            body = object_in(await body_of(request))
            secret = request.path_params["secret"]
            knowing = [one for one in self._site.emulators if secret in one.response_urls]
            emulator = next(iter(knowing), self._home)
            ts = emulator.response_urls.use(secret, body)
        except Refused as refused:
            gone = refused.error in ("expired_url", "used_url")
            return JSONResponse(refused.answer(), 404 if gone else 400)
        befell = _name_of(fault)
        emulator.note_write(RESPONSE_URL, body, {"ts": ts}, befell)
        return await self._befall_after(request, fault, PlainTextResponse("ok"))


class _HalfResponse(Response):
    """Announces a whole body, sends half of it, and closes the connection."""

    def __init__(self, whole: Response) -> None:
        super().__init__(bytes(whole.body))
        self.raw_headers = whole.raw_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"status": 200, "headers": self.raw_headers}
        await send({"type": "http.response.start", **headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await close_connection(Request(scope, receive))


def _accepted(call: Call, told: JSON) -> Response:
    answer: JSON = {"ok": True, **told}
    if call.warnings:
        answer["warning"] = ",".join(call.warnings)
        metadata = answer.get("response_metadata", {})
        answer["response_metadata"] = {**metadata, "warnings": call.warnings}
    headers = {"X-OAuth-Scopes": ",".join(sorted(call.grant.scopes))}
    return JSONResponse(answer, headers=headers)


def _name_of(fault: Fault | None) -> str:
    return "ok" if fault is None or fault.kind is FaultKind.DELAY else str(fault.kind)


def _with_client(request: Request, arguments: Arguments) -> Arguments:
    """An app may say who it is by Basic authentication."""
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return arguments
    try:
        client_id, _, client_secret = base64.b64decode(encoded).decode().partition(":")
    except ValueError:
        raise Refused("invalid_client_id") from None
    given = {"client_id": client_id, "client_secret": client_secret}
    return Arguments({**arguments.values, **given})


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


async def _uploaded_bytes(request: Request) -> bytes:
    """The body itself, or the one file of a form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await body_of(request)
    arguments = await arguments_of(request)
    for value in arguments.values.values():
        if isinstance(value, bytes):
            return value
    return b""
