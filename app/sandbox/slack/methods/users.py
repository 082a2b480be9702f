"""users.list, users.info, users.lookupByEmail, users.conversations."""

from typing import Final

from app.sandbox.slack.calls import Call, Method, page_of
from app.sandbox.slack.methods.conversations import channels_of_types
from app.sandbox.slack.rates import Tier
from app.sandbox.slack.room import Person
from app.sandbox.slack.wire import JSON, Refused


def _json(call: Call, person: Person) -> JSON:
    here = call.workspace
    email = "users:read.email" in call.grant.scopes
    return person.as_json(here.team_id, here.bot_id, email=email)


def _list(call: Call) -> JSON:
    everybody = [_json(call, person) for person in call.workspace.people.values()]
    members, cursor = page_of(everybody, call)
    now = int(call.emulator.clock.now().timestamp())
    return {"members": members, "cache_ts": now, "response_metadata": {"next_cursor": cursor}}


def _info(call: Call) -> JSON:
    person = call.workspace.people.get(call.arguments.needed("user"))
    if person is None:
        raise Refused("user_not_found")
    return {"user": _json(call, person)}


def _by_email(call: Call) -> JSON:
    email = call.arguments.needed("email").lower()
    for person in call.workspace.people.values():
        if person.email == email:
            return {"user": _json(call, person)}
    raise Refused("users_not_found")


def _conversations(call: Call) -> JSON:
    user = call.arguments.text("user", call.bot)
    mine = [channel for channel in channels_of_types(call) if user in channel.members]
    channels, cursor = page_of([channel.as_json(call.bot) for channel in mine], call)
    return {"channels": channels, "response_metadata": {"next_cursor": cursor}}


METHODS: Final = {
    "users.list": Method(_list, scope="users:read", tier=Tier.TWO),
    "users.info": Method(_info, scope="users:read", tier=Tier.FOUR),
    "users.lookupByEmail": Method(_by_email, scope="users:read.email"),
    "users.conversations": Method(_conversations, tier=Tier.THREE),
}
