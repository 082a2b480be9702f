"""The web process as an ASGI app: doors only, no work of its own."""

from functools import cache
from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, FastAPI

from app.container import Container
from app.slack.http import SlackHTTP
from app.slack.install import SlackInstall
from app.slack.sign_in import SlackSignIn
from app.slack.socket import SocketMode
from app.web import docs, errors, health, oauth
from app.web.admin import site
from app.web.api import (
    accounts,
    api_keys,
    commands,
    contacts,
    conversations,
    discovery,
    drafts,
    events,
    imports,
    merging,
    messages,
    notes,
    outgoing,
    reminders,
    routes,
    rule_runs,
    rules,
    sending,
    team,
    tending,
    trials,
    turns,
    unsubscribe,
    webhooks,
    workspace,
    writing,
)
from app.web.errors import PROBLEMS
from app.web.shell import Shell
from app.web.slack import slack_router
from app.web.slack_install import slack_install_router

_API: Final = (
    discovery,
    accounts,
    tending,
    sending,
    trials,
    imports,
    conversations,
    contacts,
    merging,
    turns,
    notes,
    unsubscribe,
    drafts,
    messages,
    commands,
    events,
    reminders,
    team,
    workspace,
    routes,
    rules,
    rule_runs,
    api_keys,
    webhooks,
)
"""In the order of the documentation. A path with a word goes before one with an id."""


def create_app(
    container: Container,
    slack: SlackHTTP | None,
    install: SlackInstall | None = None,
    sign_in: SlackSignIn | None = None,
    socket: SocketMode | None = None,
) -> FastAPI:
    """`slack` is None where no signing secret is set, `install` where no client secret is.

    Their routes then do not exist. Without `sign_in`, nobody signs in by Slack. `socket` is the
    other way that Slack may reach us by.

    A path with a slash too many is not redirected: the address to go to would be made of whatever
    the client calls us.
    """
    app = FastAPI(
        title="SharedBox",
        version=version("sharedbox"),
        summary="A team's mailboxes, worked from Slack.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.container = container
    app.state.socket = socket
    errors.install(app)
    app.add_middleware(
        Shell,
        is_https=container.settings.base_url.startswith("https:"),
        largest_mail=container.settings.max_sent_bytes,
    )
    app.router.routes.extend(_doors().routes)
    site.install(app, sign_in)
    if slack is not None:
        app.include_router(slack_router(slack))
    if install is not None:
        app.include_router(slack_install_router(install))
    return app


@cache
def _doors() -> APIRouter:
    """The routes that every app has.

    Made once in a process, for FastAPI takes most of a second to look at what each one wants, and
    some processes make many apps: the tests.
    """
    api = APIRouter(prefix="/api/v1", responses=PROBLEMS)
    for part in _API:
        api.include_router(part.router)
    for router in (outgoing.router, writing.identities, writing.signatures, writing.templates):
        api.include_router(router)
    every = APIRouter()
    every.include_router(api)
    every.include_router(health.router)
    for page in (docs, oauth, site):
        every.include_router(page.router, include_in_schema=False)
    return every
