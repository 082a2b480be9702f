"""The one place where an error becomes an HTTP answer: problem details (RFC 9457), or a page."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from app.commands.enqueue import TooManyWaiting
from app.core.errors import (
    Conflict,
    InvalidInput,
    KeyReused,
    NotAllowed,
    NotFound,
    SharedBoxError,
    Unavailable,
)
from app.core.logging import get_logger
from app.sending.guard import NewerMail
from app.store.blobs import BlobMissing
from app.web.admin import site
from app.web.admin.visitor import SignInNeeded
from app.web.auth import Unauthenticated

PROBLEM_JSON: Final = "application/problem+json"


class Problem(BaseModel):
    """What went wrong, and what to do about it (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[dict[str, str]] = []
    """Where fields are wrong: of each its name, as `field`, and what is wrong, as `detail`."""
    last_seen_message_id: str | None = None
    """Where somebody wrote meanwhile: what to pass once that is read."""


def _declared(code: int, what: str) -> dict[int | str, dict[str, Any]]:
    return {code: {"description": what, "content": {PROBLEM_JSON: {"schema": _PROBLEM_SCHEMA}}}}


_PROBLEM_SCHEMA: Final = Problem.model_json_schema()
TOO_MANY: Final = _declared(429, "So many wait for the account already that no more are taken.")
PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    **_declared(400, "A value cannot be used; `errors` names the field."),
    **_declared(401, "No key, or one that is not known."),
    **_declared(403, "The key lacks the scope."),
    **_declared(404, "There is no such thing, or the key may not see it."),
    **_declared(409, "Not possible in the state the thing is in."),
    **_declared(422, "The request is not in the form this endpoint takes."),
    **_declared(503, "The database does not answer just now."),
}
"""What any endpoint may answer."""
_STATUS: Final[Mapping[type[SharedBoxError], int]] = {
    Unauthenticated: 401,
    SignInNeeded: 401,
    KeyReused: 422,
    NotAllowed: 403,
    NotFound: 404,
    InvalidInput: 400,
    TooManyWaiting: 429,
    Conflict: 409,
    Unavailable: 503,
    BlobMissing: 503,
}
_HEADERS: Final[Mapping[int, Mapping[str, str]]] = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "60"},
}
log = get_logger(__name__)


def install(app: FastAPI) -> None:
    app.add_exception_handler(SharedBoxError, _explained)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _plain)
    for unavailable in (OperationalError, InterfaceError, InternalError, PoolTimeout):
        app.add_exception_handler(unavailable, _database)
    app.add_exception_handler(IntegrityError, _overtaken)
    app.add_exception_handler(Exception, _unforeseen)


def problem(
    status: int,
    detail: str,
    *,
    request: Request,
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
) -> Response:
    if site.wants_page(request):
        return site.explain(request, status, detail)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        **(more or {}),
    }
    if errors:
        body["errors"] = list(errors)
    safe = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return JSONResponse(
        body, status_code=status, media_type=PROBLEM_JSON, headers={**safe, **(headers or {})}
    )


async def _explained(request: Request, error: Exception) -> Response:
    assert isinstance(error, SharedBoxError)
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    field = error.field if isinstance(error, InvalidInput) else None
    seen = error.last_seen_id if isinstance(error, NewerMail) else None
    return problem(
        status,
        error.sentence,
        request=request,
        errors=[{"field": field, "detail": str(error)}] if field else (),
        headers=_HEADERS.get(status),
        more={"last_seen_message_id": str(seen)} if seen else None,
    )


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"field": ".".join(str(part) for part in one["loc"][1:]), "detail": one["msg"]}
        for one in error.errors()
    ]
    return problem(
        422, "The request is not in the form this endpoint takes.", request=request, errors=errors
    )


async def _plain(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), request=request, headers=error.headers)


async def _database(request: Request, error: Exception) -> Response:
    log.warning("database.unavailable", path=request.url.path, error=type(error).__name__)
    return problem(
        503,
        "The database does not answer just now. Nothing was changed; try again in a moment.",
        request=request,
        headers={"Retry-After": "5"},
    )


async def _overtaken(request: Request, error: Exception) -> Response:
    log.info("http.overtaken", path=request.url.path, error=type(error).__name__)
    return problem(
        409,
        "Something else was changed at the same moment. Nothing was done; ask again.",
        request=request,
    )


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("http.failed", path=request.url.path, exc_info=error)
    return problem(
        500,
        "Something went wrong in SharedBox. The reason stands in its log.",
        request=request,
    )
