"""api.test, auth.test, team.info, bots.info: who one is, and where."""

from typing import Final

from app.sandbox.slack.calls import Call, Method
from app.sandbox.slack.rates import Tier
from app.sandbox.slack.wire import JSON, Refused


def _test(call: Call) -> JSON:
    given = {name: value for name, value in call.arguments.values.items() if name != "token"}
    if error := call.arguments.text("error"):
        raise Refused(error, args=given)
    return {"args": given} if given else {}


def _who_am_i(call: Call) -> JSON:
    here = call.workspace
    return {
        "url": f"{call.emulator.base_url}/",
        "team": here.seed.team,
        "user": here.bot.name,
        "team_id": here.team_id,
        "user_id": here.bot.id,
        "bot_id": here.bot_id,
        "is_enterprise_install": False,
    }


def _team(call: Call) -> JSON:
    here = call.workspace
    team = {
        "id": here.team_id,
        "name": here.seed.team,
        "domain": here.seed.domain,
        "url": f"{call.emulator.base_url}/",
        "email_domain": "",
        "icon": {"image_default": True},
    }
    return {"team": team}


def _bot(call: Call) -> JSON:
    profile = call.workspace.bot_profile()
    if call.arguments.text("bot", profile["id"]) != profile["id"]:
        raise Refused("bot_not_found")
    del profile["team_id"]
    return {"bot": profile}


METHODS: Final = {
    "api.test": Method(_test, tier=Tier.FOUR, open_to_all=True),
    "auth.test": Method(_who_am_i, tier=Tier.UNLIMITED),
    "team.info": Method(_team, scope="team:read"),
    "bots.info": Method(_bot, scope="users:read"),
}
