"""Installing the app in a Slack workspace, by OAuth: each becomes a tenant of its own.

    GET /slack/install ──▶ Slack's consent page ──▶ GET /slack/oauth_redirect?code=…&state=…

The state is random, good for ten minutes, for one use, and for the browser that began: it has it
sealed in a cookie. The code is exchanged with the client secret. Slack offers PKCE to apps that are
made public clients for good, which a server is not (docs.slack.dev/authentication/using-pkce).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urljoin

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from app.core.config import Settings
from app.core.crypto import Vault
from app.core.errors import InvalidInput, NotAllowed, Unavailable
from app.core.ids import WorkspaceId
from app.core.logging import get_logger
from app.slack.client import web_client
from app.slack.installations import Installations
from app.slack.scopes import SCOPES, missing_of
from app.slack.state import States
from app.store.unit_of_work import Store

_EXCHANGE_SECONDS: Final = 15
_AGAIN: Final = "Begin once more at /slack/install."
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Begun:
    url: str
    """Slack's page, on which somebody agrees."""
    cookie: str


@dataclass(frozen=True, slots=True)
class Installed:
    team_name: str
    missing: tuple[str, ...]
    """Scopes we need and were not given."""


class SlackInstall:
    def __init__(
        self,
        settings: Settings,
        store: Store,
        vault: Vault,
        installations: Installations,
        http: aiohttp.ClientSession,
    ) -> None:
        self._settings = settings
        self._store = store
        self._states = States(store, vault, "install")
        self._installations = installations
        self._http = http

    @property
    def is_https(self) -> bool:
        return self._settings.base_url.startswith("https:")

    @property
    def _redirect_uri(self) -> str:
        return f"{self._settings.base_url.rstrip('/')}/slack/oauth_redirect"

    def begin(self) -> Begun:
        kept, cookie = self._states.begin()
        query = urlencode({
            "client_id": self._settings.slack_client_id,
            "scope": ",".join(SCOPES),
            "redirect_uri": self._redirect_uri,
            "state": kept.state,
        })  # fmt: skip
        authorize = urljoin(self._settings.slack_api_url, "/oauth/v2/authorize")
        return Begun(f"{authorize}?{query}", cookie)

    async def finish(self, *, state: str, cookie: str, code: str, error: str) -> Installed:
        """Raises `InvalidInput`, `NotAllowed` and `Unavailable`, in words for whoever installs."""
        wrong = InvalidInput(
            "This installation was not begun in this browser, or it took too long.", fix=_AGAIN
        )
        await self._states.use(state, cookie, wrong)
        if error:
            raise NotAllowed(
                "The app was not installed: somebody cancelled it at Slack."
                if error == "access_denied"
                else "The app was not installed: Slack refused it.",
                fix=_AGAIN,
            )
        token, team_id = await self._exchange(code)
        client = web_client(self._http, self._settings.slack_api_url, token)
        workspace_id = await self._tenant(team_id, client)
        async with _slack_answering():
            installation = await self._installations.adopt(workspace_id, client)
        async with self._store.begin(workspace_id) as uow:
            uow.emit("slack.installed", team_id=team_id)
        return Installed(installation.team_name, tuple(missing_of(installation.scopes)))

    async def _exchange(self, code: str) -> tuple[str, str]:
        """The bot token, and the workspace (or organisation) it is for."""
        secret = self._settings.slack_client_secret
        client = web_client(self._http, self._settings.slack_api_url, None)
        async with _slack_answering():
            answer = await client.api_call(
                "oauth.v2.access",
                data={
                    "client_id": self._settings.slack_client_id,
                    "client_secret": secret.get_secret_value() if secret else "",
                    "code": code,
                    "redirect_uri": self._redirect_uri,
                },
            )
        whole = answer.get("enterprise") if answer.get("is_enterprise_install") else None
        team_id = str((whole or answer.get("team") or {}).get("id") or "")
        token = str(answer.get("access_token") or "")
        if not team_id or not token:
            raise Unavailable("Slack’s answer makes no sense, so nothing was kept.", fix=_AGAIN)
        return token, team_id

    async def _tenant(self, team_id: str, client: AsyncWebClient) -> WorkspaceId:
        """Raises `NotAllowed`, and gives the token back, where the workspace is not wanted."""
        async with self._store.across_workspaces() as fleet:
            if (
                self._settings.may_connect(team_id)
                or await fleet.is_without_slack()
                or await fleet.tenant_of_team(team_id) is not None
            ):
                return await fleet.workspace_of_team(team_id)
        log.warning("slack.team_not_wanted", team=team_id)
        async with _slack_answering():
            await client.auth_revoke()
        raise NotAllowed(
            f"This SharedBox does not serve the Slack workspace {team_id}.",
            fix="Whoever runs it can allow it: SHAREDBOX_SLACK_TEAMS.",
        )


@asynccontextmanager
async def _slack_answering() -> AsyncIterator[None]:
    """Say in words what Slack refuses, or does not answer in time."""
    try:
        async with asyncio.timeout(_EXCHANGE_SECONDS):
            yield
    except SlackApiError as error:
        code = str(error.response.get("error") or error.response.status_code)
        log.warning("slack.install_refused", code=code)
        raise NotAllowed(f"Slack refused the installation: {code}.", fix=_AGAIN) from error
    except (aiohttp.ClientError, SlackClientError, TimeoutError, ValueError) as error:
        log.warning("slack.install_not_reached", error=str(error) or type(error).__name__)
        raise Unavailable("Slack does not answer just now.", fix=_AGAIN) from error
