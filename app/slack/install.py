"""Installing the app in a Slack workspace, by OAuth: each becomes a tenant of its own.

    GET /slack/install ──▶ Slack's consent page ──▶ GET /slack/oauth_redirect?code=…&state=…

The state is random, good for ten minutes, for one use, and for the browser that began: it has it
sealed in a cookie. The code is exchanged with the client secret. Slack offers PKCE to apps that are
made public clients for good, which a server is not (docs.slack.dev/authentication/using-pkce).

Where a workspace is a tenant already, whoever Slack lets may install the app once more; one that a
setting names gets a tenant. Everybody else needs a permit (`slack.permits`). Several may install it
at once: Slack is asked first, then the tenant becomes the team's, then the token is kept.
"""

from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError
from slack_sdk.web.async_client import AsyncWebClient

from app.core.errors import InvalidInput, NotAllowed, Unavailable
from app.core.ids import WorkspaceId
from app.core.logging import get_logger
from app.slack import permits
from app.slack.oauth import Begun, SlackOAuth, answering
from app.slack.permits import Permit
from app.slack.scopes import SCOPES, missing_of

_CALLBACK: Final = "/slack/oauth_redirect"
_WHAT: Final = "installation"
_AGAIN: Final = "Begin once more at /slack/install."
_HOW: Final = (
    "Sign in to SharedBox as an owner or admin and open /slack/install again; or have whoever runs "
    "it make a link with “sharedbox slack-link”, or name the workspace in SHAREDBOX_SLACK_TEAMS."
)
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Installed:
    team_name: str
    missing: tuple[str, ...]
    """Scopes we need and were not given."""


class SlackInstall:
    def __init__(self, oauth: SlackOAuth) -> None:
        self._oauth = oauth
        self._states = oauth.states("install")

    @property
    def is_https(self) -> bool:
        return self._oauth.settings.base_url.startswith("https:")

    async def begin(self, permit: Permit | None) -> Begun:
        """Raises `NotAllowed` where no workspace could be installed, whichever it is."""
        if permit is None and not self._oauth.settings.slack_teams:
            async with self._oauth.store.across_workspaces() as fleet:
                if await fleet.is_without_slack():
                    raise NotAllowed("No Slack workspace may be connected here yet.", fix=_HOW)
        kept, cookie = self._states.begin(permit.model_dump_json() if permit else "")
        url = self._oauth.page("/oauth/v2/authorize", kept, _CALLBACK, scope=",".join(SCOPES))
        return Begun(url, cookie)

    def permit_of(self, sealed: str) -> Permit | None:
        """What a link permits that was printed for this."""
        return permits.permit_of(self._oauth.vault, sealed) if sealed else None

    async def finish(self, *, state: str, cookie: str, code: str, error: str) -> Installed:
        """Raises `InvalidInput`, `NotAllowed` and `Unavailable`, in words for whoever installs."""
        wrong = InvalidInput(
            "This installation was not begun in this browser, or it took too long.", fix=_AGAIN
        )
        kept = await self._states.use(state, cookie, wrong)
        if error:
            raise NotAllowed(
                "The app was not installed: somebody cancelled it at Slack."
                if error == "access_denied"
                else "The app was not installed: Slack refused it.",
                fix=_AGAIN,
            )
        token, team_id, granted = await self._exchange(code)
        client = self._oauth.client(token)
        async with answering(_WHAT, _AGAIN):
            who = await client.auth_test()
        workspace_id = await self._tenant(team_id, _permit(kept.wanted))
        if workspace_id is None:
            await self._give_back(team_id, client)
            raise NotAllowed(
                f"This SharedBox does not serve the Slack workspace {team_id}.", fix=_HOW
            )
        installation = await self._oauth.installations.keep(
            workspace_id, token, who, granted=granted
        )
        async with self._oauth.store.begin(workspace_id) as uow:
            uow.emit("slack.installed", team_id=team_id)
        return Installed(installation.team_name, tuple(missing_of(installation.scopes)))

    async def _exchange(self, code: str) -> tuple[str, str, str]:
        """The bot token, the workspace (or organisation) it is for, and its scopes."""
        async with answering(_WHAT, _AGAIN):
            answer = await self._oauth.exchange("oauth.v2.access", code, _CALLBACK)
        whole = answer.get("enterprise") if answer.get("is_enterprise_install") else None
        team_id = str((whole or answer.get("team") or {}).get("id") or "")
        token = str(answer.get("access_token") or "")
        if not team_id or not token:
            raise Unavailable("Slack’s answer makes no sense, so nothing was kept.", fix=_AGAIN)
        return token, team_id, str(answer.get("scope") or "")

    async def _tenant(self, team_id: str, permit: Permit | None) -> WorkspaceId | None:
        """The tenant of a Slack workspace; None where it may not be connected."""
        settings = self._oauth.settings
        async with self._oauth.store.across_workspaces() as fleet:
            if (known := await fleet.tenant_of_team(team_id)) is not None:
                return known
        if permit is not None and await permits.use(self._oauth.store, permit):
            async with self._oauth.store.across_workspaces() as fleet:
                given = await fleet.give_to_team(WorkspaceId(permit.workspace_id), team_id)
                if given is not None:
                    return given
        if not settings.may_connect(team_id):
            return None
        async with self._oauth.store.across_workspaces() as fleet:
            return await fleet.workspace_of_team(team_id, is_named=settings.names_team(team_id))

    async def _give_back(self, team_id: str, client: AsyncWebClient) -> None:
        log.warning("slack.team_not_wanted", team=team_id)
        async with answering(_WHAT, _AGAIN):
            await client.auth_revoke()


def _permit(kept: str) -> Permit | None:
    try:
        return Permit.model_validate_json(kept)
    except ValidationError:
        return None
