"""The first steps: Slack, a mailbox, a channel, a test. What is done is seen from what there is."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from app.core.access import Role
from app.core.config import Settings
from app.store.models import AccountState, ChannelState, InstallationState
from app.store.unit_of_work import UnitOfWork
from app.web.admin.nav import Entry, Group
from app.web.admin.view import page
from app.web.admin.visitor import AsAdmin
from app.web.deps import Parts

router = APIRouter()
NAV = Entry("First steps", "/start", "list", Group.WORK, Role.ADMIN)
_MOST: int = 200


@dataclass(frozen=True, slots=True)
class Progress:
    """`troubled` are the addresses and the channels where something is wrong, with the reason."""

    slack: str
    """The workspace's name; empty while Slack is not connected."""
    hears_clicks: bool
    by_socket: bool
    accounts: int
    live: int
    troubled: list[str]
    channels: int
    paused: list[str]
    cards: int

    @property
    def is_done(self) -> bool:
        return bool(self.slack and self.hears_clicks and self.live and self.cards)


@router.get("/start")
async def show(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        progress = await _progress(uow, parts.settings)
        found = await uow.accounts.page(after=None, limit=1)
    install = "/slack/install" if parts.settings.install_url else ""
    return page(
        request, visitor, "start.html", progress=progress, install=install,
        is_public=_is_public(parts.settings.base_url),
        address=found[0].address if found else "",
    )  # fmt: skip


async def _progress(uow: UnitOfWork, settings: Settings) -> Progress:
    installation = await uow.installations.current()
    is_active = installation is not None and installation.state is InstallationState.ACTIVE
    accounts = await uow.accounts.page(after=None, limit=_MOST)
    channels = await uow.channels.page(after=None, limit=_MOST)
    return Progress(
        slack=(installation.team_name or "your workspace") if installation and is_active else "",
        hears_clicks=bool(settings.slack_signing_secret or settings.slack_app_token),
        by_socket=settings.slack_app_token is not None,
        accounts=len(accounts),
        live=sum(one.state is AccountState.LIVE for one in accounts),
        troubled=[
            one.detail or f"{one.address} is not connected yet."
            for one in accounts
            if one.state not in {AccountState.LIVE, AccountState.PAUSED}
        ],
        channels=len(channels),
        paused=[f"{one.id}: {one.detail}" for one in channels if one.state is ChannelState.PAUSED],
        cards=await uow.posts.cards_sent(),
    )


def _is_public(base_url: str) -> bool:
    """Whether somebody outside of this network might reach it."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".localhost"))
