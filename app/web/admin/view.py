"""What pages answer with: a template, all of it or the part that htmx asks for, or where to go."""

import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.container import Container
from app.core.crypto import SecretUnreadable
from app.core.findings import ago, counted
from app.team.passwords import Passwords
from app.web.admin import words
from app.web.admin.assets import SCRIPTS, STYLE, Assets
from app.web.admin.nav import Entry, menu
from app.web.admin.visitor import (
    CSRF_FIELD,
    GuestVisitor,
    Visitor,
    cookie,
    cookie_options,
)
from app.web.policy import PAGES

_TEMPLATES: Final = Path(__file__).parents[1] / "templates"
_FLASH_SECONDS: Final = 60
_LONGEST_NEXT: Final = 2000
_HEADERS: Final = {"Cache-Control": "no-store", "Vary": "HX-Request, Cookie"}


class Pages:
    """The templates, and what all of them know; at `app.state.pages`."""

    def __init__(self, entries: tuple[Entry, ...], assets: Assets) -> None:
        self.entries = entries
        self.assets = assets
        self.templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.globals.update(
            ago=ago,
            counted=counted,
            version=version("sharedbox"),
            assets=assets,
            style=STYLE,
            scripts=SCRIPTS,
            csrf_name=CSRF_FIELD,
            csrf_field=_csrf_field,
        )
        self.templates.filters.update(
            number=lambda value: f"{value:,}",
            iso=_iso,
            short=words.short,
            browser=words.browser,
            act=words.act,
            event=words.event,
            size=words.size,
            standing=words.standing,
            linked=words.linked,
        )
        self.templates.globals["ui"] = self.templates.get_template("macros.html").module

    def render(self, name: str, values: dict[str, Any], block: str | None = None) -> str:
        template = self.templates.get_template(name)
        if block is None:
            return template.render(values)
        context = template.new_context(values)
        return "".join(template.blocks[block](context))

    def block_for(self, name: str, request: Request) -> str | None:
        """The part that htmx asks for; None is all of it."""
        if "hx-request" not in request.headers or "hx-boosted" in request.headers:
            return None
        wanted = request.headers.get("hx-target", "").replace("-", "_")
        blocks = self.templates.get_template(name).blocks
        return wanted if wanted in blocks else "content" if "content" in blocks else None


@pass_context
def _csrf_field(context: Context) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, context["csrf"])


def pages_of(request: Request) -> Pages:
    found: Pages = request.app.state.pages
    return found


def passwords_of(request: Request) -> Passwords:
    found: Passwords = request.app.state.passwords
    return found


def parts_of(request: Request) -> Container:
    found: Container = request.app.state.container
    return found


def page(
    request: Request,
    visitor: Visitor,
    template: str,
    /,
    *,
    status: int = 200,
    **values: Any,  # noqa: ANN401 -- whatever a template shows
) -> Response:
    """A page for somebody who is signed in; or, for htmx, the part of it that is asked for."""
    pages, parts = pages_of(request), parts_of(request)
    block = pages.block_for(template, request)
    flash = _flash(request, parts) if block is None else None
    shown = {
        "request": request,
        "visitor": visitor,
        "menu": menu(pages.entries, visitor.role),
        "path": request.url.path,
        "csrf": visitor.csrf,
        "flash": flash,
        "now": parts.clock.now(),
        "base_url": parts.settings.base_url.rstrip("/"),
        **values,
    }
    answer = HTMLResponse(pages.render(template, shown, block), status, headers=_HEADERS)
    if flash is not None:
        answer.delete_cookie(cookie(parts, "flash"), **cookie_options(parts))
    return answer


def guest_page(
    request: Request,
    guest: GuestVisitor,
    template: str,
    /,
    *,
    status: int = 200,
    **values: Any,  # noqa: ANN401 -- whatever a template shows
) -> Response:
    """A page for somebody who is not signed in."""
    pages, parts = pages_of(request), parts_of(request)
    flash = _flash(request, parts)
    shown = {
        "request": request,
        "visitor": None,
        "csrf": guest.csrf,
        "flash": flash,
        "now": parts.clock.now(),
        **values,
    }
    answer = HTMLResponse(pages.render(template, shown), status, headers=_HEADERS)
    if guest.is_new:
        answer.set_cookie(cookie(parts, "guest"), guest.secret, **cookie_options(parts))
    if flash is not None:
        answer.delete_cookie(cookie(parts, "flash"), **cookie_options(parts))
    return answer


def error_page(request: Request, status: int, title: str, detail: str) -> Response:
    """What went wrong, in words; with the menu where somebody is signed in."""
    pages, parts = pages_of(request), parts_of(request)
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    shown = {
        "request": request,
        "visitor": visitor,
        "menu": menu(pages.entries, visitor.role) if visitor else [],
        "path": request.url.path,
        "csrf": visitor.csrf if visitor else "",
        "flash": None,
        "now": parts.clock.now(),
        "status": status,
        "title": title,
        "detail": detail,
    }
    name = "error.html" if visitor else "error_outside.html"
    block = pages.block_for(name, request)
    # What breaks unforeseen is answered outside of the shell, which sets this otherwise.
    headers = {**_HEADERS, "Content-Security-Policy": PAGES}
    return HTMLResponse(pages.render(name, shown, block), status, headers=headers)


def see_other(
    request: Request, path: str, said: str | None = None, *, is_bad: bool = False
) -> Response:
    """Go on with another page of ours, which says what was done."""
    parts = parts_of(request)
    if "hx-request" in request.headers:
        answer: Response = Response(status_code=204, headers={"HX-Redirect": path, **_HEADERS})
    else:
        answer = RedirectResponse(path, 303, headers=_HEADERS)
    if said is not None:
        sealed = parts.vault.seal(json.dumps([said, is_bad])).decode()
        answer.set_cookie(
            cookie(parts, "flash"), sealed, max_age=_FLASH_SECONDS, **cookie_options(parts)
        )
    return answer


def safe_next(wanted: str | None) -> str:
    """The path somebody wanted to go to, if it is one of ours; else the overview.

    Browsers read `//host`, and paths with backslashes, tabs and line ends in them, as other hosts.
    """
    if not wanted or len(wanted) > _LONGEST_NEXT or not wanted.startswith("/"):
        return "/"
    if wanted[1:2] in {"/", "\\"} or any(ord(one) <= 32 or one == "\\" for one in wanted):
        return "/"
    return wanted


def _flash(request: Request, parts: Container) -> dict[str, Any] | None:
    sealed = request.cookies.get(cookie(parts, "flash"))
    if sealed is None:
        return None
    try:
        said, is_bad = json.loads(parts.vault.open(sealed.encode()))
    except (SecretUnreadable, ValueError):
        return None
    return {"said": said, "is_bad": is_bad}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
