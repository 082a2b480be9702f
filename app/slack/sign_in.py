"""Signing in to the admin as who one is in Slack (OpenID Connect), and what one sees there.

    /sign-in/slack ──▶ Slack's page ──▶ /sign-in/slack/callback?code=…&state=…

State and nonce are random, good for ten minutes and one use, and bound to the browser that began by
a sealed cookie. The ID token comes straight from Slack over TLS, which vouches for it (OpenID
Connect Core §3.1.3.7, 6); whom it is for, until when and the nonce are checked all the same.
Who signed in by a password goes the same way to connect the two, with states of a kind of its own.
(docs.slack.dev/authentication/sign-in-with-slack)
"""

import base64
import json
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from slack_sdk.web.async_client import AsyncWebClient

from app.core.crypto import same
from app.core.errors import InvalidInput, NotAllowed
from app.core.ids import SlackUserId, WorkspaceId
from app.slack.members import Members
from app.slack.oauth import Begun, SlackOAuth, answering
from app.slack.state import Kept
from app.slack.worklist import Sight, sight_of

CALLBACK: Final = "/sign-in/slack/callback"
_CLOCK_SKEW_SECONDS: Final = 120
_AGAIN: Final = "Begin once more."
_TEAM: Final = "https://slack.com/team_id"
_USER: Final = "https://slack.com/user_id"


class Purpose(StrEnum):
    """What somebody goes to Slack's page for. A state for one is worth nothing to another."""

    SIGN_IN = "sign-in"
    CONNECT = "connect"
    """Somebody who is signed in shows which Slack account is theirs."""


@dataclass(frozen=True, slots=True)
class SlackIdentity:
    """`wanted`: the path they were on their way to; to connect, the session that began."""

    workspace_id: WorkspaceId
    user_id: SlackUserId
    name: str
    wanted: str
    purpose: Purpose = Purpose.SIGN_IN


class SlackSignIn:
    def __init__(self, oauth: SlackOAuth) -> None:
        self._oauth = oauth
        self._states = {purpose: oauth.states(purpose) for purpose in Purpose}
        self._members = Members()

    def begin(self, wanted: str, purpose: Purpose = Purpose.SIGN_IN) -> Begun:
        kept, cookie = self._states[purpose].begin(wanted)
        url = self._oauth.page(
            "/openid/connect/authorize", kept, CALLBACK,
            response_type="code", scope="openid profile email", nonce=kept.nonce,
        )  # fmt: skip
        return Begun(url, cookie)

    async def finish(self, *, state: str, cookie: str, code: str, error: str) -> SlackIdentity:
        """Raises `InvalidInput`, `NotAllowed` and `Unavailable`, in words."""
        wrong = InvalidInput(
            "This sign-in was not begun in this browser, or it took too long.", fix=_AGAIN
        )
        purpose = purpose_of(state)
        kept = await self._states[purpose].use(state, cookie, wrong)
        if error:
            raise NotAllowed("Slack did not let you in, or you cancelled it there.", fix=_AGAIN)
        claims = self._checked(await self._exchange(code), kept)
        team_id, user_id = str(claims.get(_TEAM) or ""), SlackUserId(str(claims.get(_USER) or ""))
        async with self._oauth.store.across_workspaces() as fleet:
            workspace_id = await fleet.tenant_of_team(team_id)
        if workspace_id is None or not user_id:
            raise NotAllowed(
                "Your Slack workspace is not connected to this SharedBox.",
                fix="Sign in from the workspace that is, or ask whoever runs SharedBox.",
            )
        await self._check_standing(workspace_id, user_id)
        name = str(claims.get("name") or user_id)
        return SlackIdentity(workspace_id, user_id, name, kept.wanted, purpose)

    async def sight_of(self, workspace_id: WorkspaceId, user_id: SlackUserId) -> Sight:
        """The channels they are in, and the accounts whose mail comes there. Raises `NotAllowed`.

        Of an account whose mail goes to several channels they see what stands in theirs.
        """
        client = await self._client(workspace_id)
        channels = await self._members.channels(client, (workspace_id, user_id))
        async with self._oauth.store.begin(workspace_id) as uow:
            return await sight_of(uow, channels)

    async def why_not_a_member(self, workspace_id: WorkspaceId, user_id: SlackUserId) -> str:
        """What keeps somebody out of the admin, by what Slack says; nothing for a full member.

        Raises `NotAllowed` where Slack does not say.
        """
        home = await self._oauth.installations.home_of(workspace_id)
        client = await self._client(workspace_id)
        standing = await self._members.standing(
            client, (workspace_id, user_id), team_id=home.team_id, enterprise_id=home.enterprise_id
        )
        return standing.why_not_a_member

    async def _client(self, workspace_id: WorkspaceId) -> AsyncWebClient:
        return self._oauth.client(await self._oauth.installations.token_of(workspace_id))

    async def _exchange(self, code: str) -> str:
        """The ID token. Raises `NotAllowed` and `Unavailable`."""
        async with answering("sign-in", _AGAIN):
            answer = await self._oauth.exchange(
                "openid.connect.token", code, CALLBACK, grant_type="authorization_code"
            )
        return str(answer.get("id_token") or "")

    def _checked(self, token: str, kept: Kept) -> dict[str, Any]:
        """What the token says, if it is for us, for now, and for this sign-in. `NotAllowed`."""
        claims = _claims(token)
        audience, expires = claims.get("aud"), claims.get("exp")
        for_whom = audience if isinstance(audience, list) else [audience]
        is_ours = (
            claims.get("iss") == self._issuer
            and self._oauth.settings.slack_client_id in for_whom
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
        parts = urlsplit(self._oauth.settings.slack_api_url)
        return f"{parts.scheme}://{parts.netloc}"

    async def _check_standing(self, workspace_id: WorkspaceId, user_id: SlackUserId) -> None:
        """Guests and strangers have no business in the admin. Raises `NotAllowed`."""
        if await self.why_not_a_member(workspace_id, user_id):
            raise NotAllowed(
                "Only full members of the Slack workspace sign in here.",
                fix="An admin can send you an invitation, which takes a password.",
            )


def purpose_of(state: str) -> Purpose:
    """What a state says it was begun for; whether that is true, `finish` finds out."""
    begins_so = state.startswith(f"{Purpose.CONNECT}-")
    return Purpose.CONNECT if begins_so else Purpose.SIGN_IN


def _claims(token: str) -> dict[str, Any]:
    """The middle part of a JSON Web Token (RFC 7519); nothing for what is none."""
    try:
        _, middle, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
