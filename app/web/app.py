"""The web process as an ASGI app: doors only, no work of its own."""

from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response

from app.container import Container
from app.slack.http import SlackHTTP
from app.web import errors, health, status
from app.web.api import accounts, commands, conversations, events, messages
from app.web.errors import problem
from app.web.slack import slack_router

LARGEST_BODY: Final = 2 * 1024 * 1024
"""In bytes. Slack's deliveries and our own endpoints stay far below it."""
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(container: Container, slack: SlackHTTP | None) -> FastAPI:
    """`slack` is None where no signing secret is set; Slack's route then does not exist."""
    app = FastAPI(
        title="SharedBox",
        version=version("sharedbox"),
        summary="A team's mailboxes, worked from Slack.",
    )
    app.state.container = container
    errors.install(app)
    app.middleware("http")(_bounded)
    api = APIRouter(prefix="/api/v1")
    for part in (accounts, conversations, messages, commands, events):
        api.include_router(part.router)
    app.include_router(api)
    app.include_router(health.router)
    app.include_router(status.router, include_in_schema=False)
    if slack is not None:
        app.include_router(slack_router(slack))
    return app


async def _bounded(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Refuse bodies that are too large before they are read; give pages their headers."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return problem(413, f"More than {LARGEST_BODY} bytes are not taken.", request=request)
    response = await call_next(request)
    if response.headers.get("content-type", "").startswith("text/html"):
        for name, value in _PAGE_HEADERS.items():
            response.headers.setdefault(name, value)
    return response
