"""Puts the admin into the app: its pages, its files, and its share of the error handling."""

from functools import cache
from http import HTTPStatus
from types import ModuleType
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Request, Response

from app.container import Container
from app.slack.directory import ChannelDirectory
from app.slack.installations import Installations
from app.slack.sign_in import SlackSignIn
from app.team.passwords import Passwords
from app.web.admin import live
from app.web.admin.assets import Assets
from app.web.admin.frames import MailFrames
from app.web.admin.live import Streams
from app.web.admin.pages import (
    accounts,
    answering,
    audit,
    channels,
    commands,
    connect,
    conversation,
    conversations,
    health,
    joining,
    keys,
    mails,
    outbox,
    overview,
    profile,
    profile_slack,
    quarantine,
    rules,
    settings,
    signatures,
    signing_in,
    slack_sign_in,
    start,
    team,
    templates,
    trials,
    webhooks,
)
from app.web.admin.view import Pages, error_page

PAGES: Final[tuple[ModuleType, ...]] = (
    overview,
    start,
    conversations,
    conversation,
    answering,
    mails,
    quarantine,
    commands,
    outbox,
    accounts,
    connect,
    trials,
    channels,
    rules,
    templates,
    signatures,
    team,
    health,
    settings,
    keys,
    webhooks,
    audit,
    profile,
    profile_slack,
    signing_in,
    slack_sign_in,
    joining,
)
"""In the order of the menu, within each group of it."""
_NOT_PAGES: Final = ("/api/", "/slack/", "/oauth/", "/static/", "/healthz", "/readyz", "/metrics")
_TITLES: Final = {
    403: "Not allowed",
    404: "Not found",
    405: "Not possible",
    409: "Not possible just now",
    413: "Too large",
    422: "Not understood",
    503: "Not available just now",
}


router: Final = APIRouter(include_in_schema=False)
for _module in (*PAGES, live):
    router.include_router(_module.router)


def install(app: FastAPI, sign_in: SlackSignIn | None) -> None:
    """Give an app what `router` and its templates need, and the files."""
    app.state.pages = _pages()
    app.state.passwords = Passwords()
    app.state.streams = Streams()
    app.state.mail_frames = MailFrames()
    app.state.slack_sign_in = sign_in
    parts: Container = app.state.container
    app.state.channel_directory = ChannelDirectory(
        parts.settings.slack_api_url, Installations(parts.store, parts.vault)
    )
    app.include_router(app.state.pages.assets.routes())


@cache
def _pages() -> Pages:
    """Templates are read once in a process; they are the same for all its apps."""
    entries = tuple(module.NAV for module in PAGES if hasattr(module, "NAV"))
    return Pages(entries, Assets())


def wants_page(request: Request) -> bool:
    """Whether whoever asks is a person with a browser, at one of the pages."""
    if request.url.path.startswith(_NOT_PAGES):
        return False
    return "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers


def explain(request: Request, status: int, detail: str) -> Response:
    """An error as a page; or, where somebody is not signed in, the way to do that."""
    if status == HTTPStatus.UNAUTHORIZED:
        return _to_sign_in(request)
    return error_page(request, status, _TITLES.get(status, "Something went wrong"), detail)


def _to_sign_in(request: Request) -> Response:
    headers = {"Cache-Control": "no-store"}
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in", **headers})
    path = request.url.path if request.method == "GET" else "/"
    query = f"?{request.url.query}" if request.method == "GET" and request.url.query else ""
    wanted = f"?next={quote(path + query, safe='/')}" if path != "/" else ""
    return Response(status_code=303, headers={"Location": f"/sign-in{wanted}", **headers})
