"""Signing in to the admin as who one is in Slack (OpenID Connect), and what one sees there.

    /sign-in/slack ──▶ Slack's page ──▶ /sign-in/slack/callback?code=…&state=…

State and nonce are random, good for ten minutes and one use, and bound to the browser that began by
a sealed cookie. The ID token comes straight from Slack over TLS, which vouches for it (OpenID
Connect Core §3.1.3.7, 6); whom it is for, until when and the nonce are checked all the same.
(docs.slack.dev/authentication/sign-in-with-slack)
"""

import asyncio
import base64
import json
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from app.core.config import Settings
from app.core.crypto import Vault, same
from app.core.errors import InvalidInput, NotAllowed, Unavailable
from app.core.ids import AccountId, SlackUserId, WorkspaceId
from app.core.logging import get_logger
from app.slack.client import web_client
from app.slack.installations import Installations
from app.slack.members import Members
from app.slack.state import Kept, States
from app.slack.worklist import sight_of
from app.store.unit_of_work import Store

CALLBACK: Final = "/sign-in/slack/callback"
BY_SLACK: Final = "Slack"
"""How such a session was begun."""
_EXCHANGE_SECONDS: Final = 15
_CLOCK_SKEW_SECONDS: Final = 120
_AGAIN: Final = "Begin once more."
_TEAM: Final = "https://slack.com/team_id"
_USER: Final = "https://slack.com/user_id"
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Begun:
    url: str
    """Slack's page, on which somebody agrees."""
    cookie: str


@dataclass(frozen=True, slots=True)
class SlackIdentity:
    """`wanted`: the path they were on their way to."""

    workspace_id: WorkspaceId
    user_id: SlackUserId
    name: str
    wanted: str


class SlackSignIn:
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
        self._states = States(store, vault, "sign-in")
        self._installations = installations
        self._http = http
        self._members = Members()

    def begin(self, wanted: str) -> Begun:
        kept, cookie = self._states.begin(wanted)
        query = urlencode({
            "response_type": "code",
            "scope": "openid profile email",
            "client_id": self._settings.slack_client_id,
            "redirect_uri": self._redirect_uri,
            "state": kept.state,
            "nonce": kept.nonce,
        })  # fmt: skip
        authorize = urljoin(self._settings.slack_api_url, "/openid/connect/authorize")
        return Begun(f"{authorize}?{query}", cookie)

    async def finish(self, *, state: str, cookie: str, code: str, error: str) -> SlackIdentity:
        """Raises `InvalidInput`, `NotAllowed` and `Unavailable`, in words."""
        wrong = InvalidInput(
            "This sign-in was not begun in this browser, or it took too long.", fix=_AGAIN
        )
        kept = await self._states.use(state, cookie, wrong)
        if error:
            raise NotAllowed("Slack did not let you in, or you cancelled it there.", fix=_AGAIN)
        claims = self._checked(await self._exchange(code), kept)
        team_id, user_id = str(claims.get(_TEAM) or ""), SlackUserId(str(claims.get(_USER) or ""))
        async with self._store.across_workspaces() as fleet:
            workspace_id = await fleet.tenant_of_team(team_id)
        if workspace_id is None or not user_id:
            raise NotAllowed(
                "Your Slack workspace is not connected to this SharedBox.",
                fix="Sign in from the workspace that is, or ask whoever runs SharedBox.",
            )
        await self._check_standing(workspace_id, user_id)
        return SlackIdentity(workspace_id, user_id, str(claims.get("name") or user_id), kept.wanted)

    async def accounts_of(
        self, workspace_id: WorkspaceId, user_id: SlackUserId
    ) -> frozenset[AccountId]:
        """The accounts whose mail comes to a channel they are in. Raises `NotAllowed`."""
        token = await self._installations.token_of(workspace_id)
        client = web_client(self._http, self._settings.slack_api_url, token)
        channels = await self._members.channels(client, (workspace_id, user_id))
        async with self._store.begin(workspace_id) as uow:
            return frozenset((await sight_of(uow, channels)).accounts)

    async def why_not_a_member(self, workspace_id: WorkspaceId, user_id: SlackUserId) -> str:
        """What keeps somebody out of the admin, by what Slack says; nothing for a full member.

        Raises `NotAllowed` where Slack does not say.
        """
        home = await self._installations.home_of(workspace_id)
        token = await self._installations.token_of(workspace_id)
        client = web_client(self._http, self._settings.slack_api_url, token)
        standing = await self._members.standing(
            client, (workspace_id, user_id), team_id=home.team_id, enterprise_id=home.enterprise_id
        )
        return standing.why_not_a_member

    @property
    def _redirect_uri(self) -> str:
        return self._settings.base_url.rstrip("/") + CALLBACK

    async def _exchange(self, code: str) -> str:
        """The ID token. Raises `NotAllowed` and `Unavailable`."""
        secret = self._settings.slack_client_secret
        client = web_client(self._http, self._settings.slack_api_url, None)
        try:
            async with asyncio.timeout(_EXCHANGE_SECONDS):
                answer = await client.api_call(
                    "openid.connect.token",
                    data={
                        "client_id": self._settings.slack_client_id,
                        "client_secret": secret.get_secret_value() if secret else "",
                        "code": code,
                        "redirect_uri": self._redirect_uri,
                        "grant_type": "authorization_code",
                    },
                )
        except SlackApiError as error:
            reason = str(error.response.get("error") or error.response.status_code)
            log.warning("slack.sign_in_refused", code=reason)
            raise NotAllowed(f"Slack refused the sign-in: {reason}.", fix=_AGAIN) from error
        except (aiohttp.ClientError, SlackClientError, TimeoutError, ValueError) as error:
            log.warning("slack.sign_in_not_reached", error=str(error) or type(error).__name__)
            raise Unavailable("Slack does not answer just now.", fix=_AGAIN) from error
        return str(answer.get("id_token") or "")

    def _checked(self, token: str, kept: Kept) -> dict[str, Any]:
        """What the token says, if it is for us, for now, and for this sign-in. `NotAllowed`."""
        claims = _claims(token)
        audience, expires = claims.get("aud"), claims.get("exp")
        for_whom = audience if isinstance(audience, list) else [audience]
        is_ours = (
            claims.get("iss") == self._issuer
            and self._settings.slack_client_id in for_whom
            and isinstance(expires, int | float)
            and expires > time.time() - _CLOCK_SKEW_SECONDS
            and same(str(claims.get("nonce") or "").encode(), kept.nonce.encode())
        )
        if not is_ours:
            raise NotAllowed("What Slack says of you is not meant for this sign-in.", fix=_AGAIN)
        return claims

    @property
    def _issuer(self) -> str:
        """`https://slack.com`; a stand-in is its own."""
        parts = urlsplit(self._settings.slack_api_url)
        return f"{parts.scheme}://{parts.netloc}"

    async def _check_standing(self, workspace_id: WorkspaceId, user_id: SlackUserId) -> None:
        """Guests and strangers have no business in the admin. Raises `NotAllowed`."""
        if await self.why_not_a_member(workspace_id, user_id):
            raise NotAllowed(
                "Only full members of the Slack workspace sign in here.",
                fix="An admin can send you an invitation, which takes a password.",
            )


def _claims(token: str) -> dict[str, Any]:
    """The middle part of a JSON Web Token (RFC 7519); nothing for what is none."""
    try:
        _, middle, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
