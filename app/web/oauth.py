"""Where a browser begins to sign in at a provider, and where it comes back.

Whoever holds the ticket may begin. What comes back must belong to what this browser began: it is
told by a cookie of its own, which is worth nothing else.
"""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app.accounts.sign_in import SignIns
from app.container import Container
from app.core.crypto import new_secret
from app.core.errors import Conflict, InvalidInput, NotFound, SharedBoxError, Unavailable
from app.core.ids import AccountId
from app.web.admin.view import pages_of
from app.web.deps import Parts

router = APIRouter(prefix="/oauth", tags=["oauth"])
_COOKIE: Final = "sharedbox-sign-in"
_COOKIE_SECONDS: Final = 3600
_SEE_OTHER: Final = 303
_NOT_KEPT: Final = {"Cache-Control": "no-store"}
_STATUS: Final = ((NotFound, 404), (Conflict, 409), (InvalidInput, 400), (Unavailable, 503))


@router.get("/{provider}/start")
async def start(
    request: Request,
    parts: Parts,
    provider: str,
    ticket: str = "",
    account: UUID | None = None,
) -> Response:
    """Begin: by a ticket, or again for an account that needs it."""
    sign_ins = _sign_ins(parts)
    browser = _browser(request, parts) or new_secret()
    try:
        if account is not None:
            ticket = await sign_ins.reconnect(AccountId(account), provider)
        url = await sign_ins.start(provider, ticket, browser)
    except SharedBoxError as error:
        return _in_words(request, error)
    answer = RedirectResponse(url, _SEE_OTHER, headers=_NOT_KEPT)
    answer.set_cookie(
        _cookie(parts),
        browser,
        max_age=_COOKIE_SECONDS,
        path="/",
        secure=_is_https(parts),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get("/{provider}/callback")
async def callback(request: Request, parts: Parts, provider: str) -> Response:
    """The provider has sent the browser back."""
    answer = dict(request.query_params)
    try:
        done = await _sign_ins(parts).finish(provider, answer, _browser(request, parts))
    except SharedBoxError as error:
        return _in_words(request, error)
    if done.return_to is not None:
        return RedirectResponse(done.return_to, _SEE_OTHER, headers=_NOT_KEPT)
    return _page(request, "signed_in.html", done=done)


def _sign_ins(parts: Container) -> SignIns:
    return SignIns(parts.store, parts.vault, parts.oauth, parts.settings.base_url)


def _is_https(parts: Container) -> bool:
    return parts.settings.base_url.startswith("https:")


def _cookie(parts: Container) -> str:
    """With the prefix that lets no other host set it (RFC 6265bis §4.1.3.2); that takes HTTPS."""
    return f"__Host-{_COOKIE}" if _is_https(parts) else _COOKIE


def _browser(request: Request, parts: Container) -> str | None:
    return request.cookies.get(_cookie(parts))


def _in_words(request: Request, error: SharedBoxError) -> Response:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    return _page(request, "sign_in_failed.html", status=status, error=error)


def _page(
    request: Request,
    name: str,
    /,
    *,
    status: int = 200,
    **values: Any,  # noqa: ANN401 -- whatever a template shows
) -> Response:
    """For a browser of which we know only that it was at the provider."""
    shown = {"request": request, "visitor": None, "csrf": "", "flash": None, **values}
    return HTMLResponse(pages_of(request).render(name, shown), status, headers=_NOT_KEPT)
