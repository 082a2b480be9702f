"""Where an app's token comes from and goes, and who signs in: oauth.v2, auth.revoke, OpenID."""

import base64
import json
import secrets
from typing import Final

from app.sandbox.slack.calls import Call, Method
from app.sandbox.slack.rates import Tier
from app.sandbox.slack.wire import JSON, Refused

_ID_SECONDS: Final = 300


def _access(call: Call) -> JSON:
    site, arguments = call.site, call.arguments
    if arguments.text("client_id") != site.client_id:
        raise Refused("invalid_client_id")
    if arguments.text("client_secret") != site.client_secret:
        raise Refused("bad_client_secret")
    emulator, token, scopes, user = site.exchange(
        arguments.text("code"), arguments.text("redirect_uri")
    )
    here = emulator.workspace
    return {
        "access_token": token,
        "token_type": "bot",
        "scope": ",".join(sorted(scopes)),
        "bot_user_id": here.bot.id,
        "app_id": here.app_id,
        "team": {"id": here.team_id, "name": here.seed.team},
        "enterprise": None,
        "is_enterprise_install": False,
        "authed_user": {"id": user},
    }


def _revoke(call: Call) -> JSON:
    call.grant.revoked = True
    return {"revoked": True}


def _identify(call: Call) -> JSON:
    """The token's signature is empty: whoever has it straight from here need not look at it."""
    site, arguments = call.site, call.arguments
    if arguments.text("client_id") != site.client_id:
        raise Refused("invalid_client_id")
    if arguments.text("client_secret") != site.client_secret:
        raise Refused("bad_client_secret")
    emulator, user, nonce = site.identify(arguments.text("code"), arguments.text("redirect_uri"))
    here, now = emulator.workspace, int(emulator.clock.now().timestamp())
    claims = {
        "iss": emulator.base_url,
        "sub": user,
        "aud": site.client_id,
        "iat": now,
        "exp": now + _ID_SECONDS,
        "nonce": nonce,
        "name": here.person(user).real_name,
        "https://slack.com/user_id": user,
        "https://slack.com/team_id": here.team_id,
        "https://slack.com/team_name": here.seed.team,
    }
    header = {"alg": "none", "typ": "JWT"}
    return {
        "access_token": f"xoxp-{secrets.token_hex(16)}",
        "token_type": "Bearer",
        "id_token": f"{_encoded(header)}.{_encoded(claims)}.",
    }


def _encoded(part: JSON) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


METHODS: Final = {
    "openid.connect.token": Method(_identify, tier=Tier.FOUR, open_to_all=True),
    "oauth.v2.access": Method(_access, tier=Tier.FOUR, open_to_all=True),
    "auth.revoke": Method(_revoke),
}
