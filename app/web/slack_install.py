"""Where the Slack app is installed: two addresses, and a page that says how it ended."""

from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates

from app.container import Container
from app.core.access import Role
from app.core.errors import InvalidInput, NotAllowed, SharedBoxError
from app.slack.install import SlackInstall
from app.slack.permits import Permit
from app.slack.state import STATE_SECONDS
from app.web.admin.visitor import recognise
from app.web.deps import Parts

_templates: Final = Jinja2Templates(Path(__file__).parent / "templates")
Text = Annotated[str, Query(max_length=2000)]


def slack_install_router(install: SlackInstall) -> APIRouter:
    router = APIRouter(prefix="/slack", include_in_schema=False)
    cookie = "__Host-sharedbox-install" if install.is_https else "sharedbox-install"

    @router.get("/install")
    async def begin(request: Request, parts: Parts, permit: Text = "") -> Response:
        given = install.permit_of(permit) or await _permit_of_visitor(request, parts)
        try:
            begun = await install.begin(given)
        except NotAllowed as problem:
            return _page(request, 403, problem=problem, sign_in=True)
        answer = RedirectResponse(begun.url, 302)
        answer.set_cookie(
            cookie, begun.cookie, max_age=STATE_SECONDS, httponly=True, samesite="lax",
            secure=install.is_https,
        )  # fmt: skip
        return answer

    @router.get("/oauth_redirect")
    async def finish(
        request: Request, state: Text = "", code: Text = "", error: Text = ""
    ) -> Response:
        try:
            done = await install.finish(
                state=state, cookie=request.cookies.get(cookie, ""), code=code, error=error
            )
        except SharedBoxError as problem:
            status = 400 if isinstance(problem, InvalidInput) else 502
            status = 403 if isinstance(problem, NotAllowed) else status
            answer = _page(request, status, problem=problem)
        else:
            answer = _page(request, 200, done=done)
        answer.delete_cookie(cookie, secure=install.is_https, httponly=True, samesite="lax")
        return answer

    return router


async def _permit_of_visitor(request: Request, parts: Container) -> Permit | None:
    """Owners and admins may connect Slack to their own tenant."""
    visitor = await recognise(request, parts)
    if visitor is None or not visitor.role.includes(Role.ADMIN):
        return None
    return Permit(workspace_id=visitor.workspace_id)


def _page(request: Request, status: int, **shown: object) -> Response:
    return _templates.TemplateResponse(
        request, "slack_install.html", shown, status, headers={"Cache-Control": "no-store"}
    )
