"""Our app in Slack workspaces: the tokens we act by, and which workspace a request came from."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

import aiohttp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from app.core.crypto import Vault
from app.core.errors import NotAllowed
from app.core.ids import WorkspaceId
from app.core.logging import get_logger
from app.slack.scopes import missing_of
from app.store.models import Installation, InstallationState
from app.store.unit_of_work import Store

_REMEMBERED_SECONDS: Final = 60
log = get_logger(__name__)


Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Home:
    """The Slack workspace, and the organisation it belongs to, if any."""

    team_id: str
    enterprise_id: str | None


@dataclass(frozen=True, slots=True)
class _Remembered(Generic[Value]):
    value: Value
    until: float = field(default_factory=lambda: time.monotonic() + _REMEMBERED_SECONDS)

    @property
    def is_fresh(self) -> bool:
        return self.until > time.monotonic()


class Installations:
    """Reads and writes installations; remembers them, and their tokens, for a minute.

    A click is answered within three seconds only if it does not begin with questions.
    """

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault
        self._tokens: dict[WorkspaceId, _Remembered[str | None]] = {}
        self._teams: dict[str, _Remembered[Installation]] = {}
        self._homes: dict[WorkspaceId, Home] = {}

    async def token_of(self, workspace_id: WorkspaceId) -> str | None:
        """The bot token of a workspace; None where we are not installed."""
        known = self._tokens.get(workspace_id)
        if known is not None and known.is_fresh:
            return known.value
        async with self._store.begin(workspace_id) as uow:
            installation = await uow.installations.current()
        has_token = installation is not None and installation.bot_token
        token = self._vault.open(installation.bot_token) if installation and has_token else None
        self._tokens[workspace_id] = _Remembered(token)
        return token

    async def home_of(self, workspace_id: WorkspaceId) -> Home:
        """Where our app is installed. Raises `NotAllowed` where it never was."""
        if (known := self._homes.get(workspace_id)) is not None:
            return known
        async with self._store.begin(workspace_id) as uow:
            installation = await uow.installations.current()
        if installation is None:
            raise NotAllowed("SharedBox is not connected to this workspace.")
        home = Home(installation.team_id, installation.enterprise_id)
        self._homes[workspace_id] = home
        return home

    async def note_refusal(self, workspace_id: WorkspaceId, code: str) -> None:
        """Slack will not have us in this workspace: say so, and ask for the token anew."""
        self._forget(workspace_id)
        async with self._store.begin(workspace_id) as uow:
            installation = await uow.installations.current()
            if installation and installation.state is not InstallationState.REVOKED:
                installation.state = InstallationState.REVOKED
                installation.detail = code
                uow.emit("slack.refused", reason=code)

    async def forget(self, team_id: str, at: datetime, reason: str) -> None:
        """Our app was removed at this moment: delete its token, and stop.

        A notice of a removal may come late, after the app was installed once more; the token of
        that installation stays.
        """
        installation = await self._of_team_now(team_id)
        if installation is None:
            return
        self._forget(installation.workspace_id)
        async with self._store.begin(installation.workspace_id) as uow:
            installation = await uow.installations.lock()
            if installation is None or not installation.bot_token or installation.updated_at > at:
                return
            installation.bot_token = b""
            installation.state, installation.detail = InstallationState.REVOKED, reason
            uow.emit("slack.uninstalled", reason=reason)
        log.warning("slack.uninstalled", team=team_id, reason=reason)

    def _forget(self, workspace_id: WorkspaceId) -> None:
        self._tokens.pop(workspace_id, None)
        self._homes.pop(workspace_id, None)
        self._teams = {
            team: known
            for team, known in self._teams.items()
            if known.value.workspace_id != workspace_id
        }

    async def authorize(
        self, enterprise_id: str | None, team_id: str | None
    ) -> AuthorizeResult | None:
        """Bolt's question: whose bot answers this request? By our own rows, without a call."""
        installation = await self.of_team(team_id, enterprise_id)
        if installation is None or not installation.bot_token:
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            team=installation.team_name,
            bot_id=installation.bot_id,
            bot_user_id=installation.bot_user_id,
            bot_token=self._vault.open(installation.bot_token),
        )

    async def of_team(
        self, team_id: str | None, enterprise_id: str | None = None
    ) -> Installation | None:
        """That of the workspace, else that of the whole organisation it belongs to."""
        for id_ in (team_id, enterprise_id):
            if id_ is None:
                continue
            known = self._teams.get(id_)
            found = known.value if known and known.is_fresh else await self._of_team_now(id_)
            if found is not None:
                return found
        return None

    async def _of_team_now(self, team_id: str) -> Installation | None:
        async with self._store.across_workspaces() as fleet:
            installation = await fleet.installation_of(team_id)
        if installation is not None:
            self._teams[team_id] = _Remembered(installation)
        return installation

    async def adopt(self, workspace_id: WorkspaceId, client: AsyncWebClient) -> Installation:
        """Find out whose bot token this is, and keep it as the workspace's installation.

        Where that workspace of Slack is a tenant already, it is that tenant's. Raises
        `SlackApiError` and `aiohttp.ClientError`.
        """
        return await self.keep(workspace_id, str(client.token), await client.auth_test())

    async def keep(
        self,
        workspace_id: WorkspaceId,
        token: str,
        who: AsyncSlackResponse,
        *,
        granted: str = "",
    ) -> Installation:
        """Keep a bot token, of which Slack says `who` it is.

        `granted`: its scopes, where Slack has said them already; else they stand in its answer.
        """
        team_id = str(who["team_id"])
        async with self._store.across_workspaces() as fleet:
            workspace_id = await fleet.tenant_of_team(team_id) or workspace_id
        async with self._store.begin(workspace_id) as uow:
            installation = await uow.installations.lock()
            if installation is None:
                installation = Installation(
                    workspace_id=workspace_id, team_id=team_id, bot_id="", bot_user_id="",
                    bot_token=b"",
                )  # fmt: skip
                uow.installations.add(installation)
            installation.team_id, installation.team_name = team_id, str(who.get("team", ""))
            installation.bot_id = str(who.get("bot_id", ""))
            installation.bot_user_id = str(who["user_id"])
            installation.enterprise_id = who.get("enterprise_id")
            installation.bot_token = self._vault.seal(token)
            installation.state, installation.detail = InstallationState.ACTIVE, ""
            installation.updated_at = datetime.now(UTC)
            scopes = granted or (who.headers or {}).get("x-oauth-scopes", "")
            installation.scopes = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        async with self._store.across_workspaces() as fleet:
            workspace = await fleet.workspace(workspace_id)
            workspace.slack_team_id, workspace.name = team_id, installation.team_name
        self._forget(workspace_id)
        log.info("slack.connected", team=team_id)
        if missing := missing_of(installation.scopes):
            log.warning("slack.scopes_missing", team=team_id, scopes=missing)
        return installation


async def adopt_until_done(
    installations: Installations, workspace_id: WorkspaceId, client: AsyncWebClient
) -> None:
    """Adopt the configured token, however long Slack takes to answer."""
    wait = 1.0
    while True:
        try:
            await installations.adopt(workspace_id, client)
        except SlackApiError as error:
            log.error("slack.token_refused", code=str(error.response.get("error")))  # noqa: TRY400
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.warning("slack.not_reached", error=str(error))
        else:
            return
        await asyncio.sleep(wait)
        wait = min(wait * 2, 60)
