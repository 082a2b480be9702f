"""oauth.v2.access and auth.revoke: where an app's token comes from, and goes."""

from typing import Final

from app.sandbox.slack.calls import Call, Method
from app.sandbox.slack.rates import Tier
from app.sandbox.slack.wire import JSON, Refused


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


METHODS: Final = {
    "oauth.v2.access": Method(_access, tier=Tier.FOUR, open_to_all=True),
    "auth.revoke": Method(_revoke),
}
