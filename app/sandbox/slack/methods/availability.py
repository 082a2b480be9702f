"""usergroups.list, usergroups.users.list, users.getPresence, dnd.teamInfo."""

from typing import Final

from app.sandbox.slack.calls import Call, Method
from app.sandbox.slack.rates import Tier
from app.sandbox.slack.wire import JSON, Refused


def _groups(call: Call) -> JSON:
    here = call.workspace
    return {
        "usergroups": [
            {
                "id": group.id,
                "team_id": here.team_id,
                "is_usergroup": True,
                "name": group.handle,
                "handle": group.handle,
                "date_delete": 0,
                "user_count": len(group.members),
            }
            for group in here.groups.values()
        ]
    }


def _members(call: Call) -> JSON:
    group = call.workspace.groups.get(call.arguments.needed("usergroup"))
    if group is None:
        raise Refused("no_such_subteam")
    return {"users": list(group.members)}


def _presence(call: Call) -> JSON:
    person = call.workspace.people.get(call.arguments.needed("user"))
    if person is None:
        raise Refused("user_not_found")
    return {"presence": "away" if person.away else "active"}


def _resting(call: Call) -> JSON:
    asked = call.arguments.needed("users").split(",")
    people = call.workspace.people
    now = int(call.emulator.clock.now().timestamp())
    return {
        "users": {
            id_: {
                "dnd_enabled": people[id_].resting,
                "next_dnd_start_ts": now - 3600 if people[id_].resting else 1,
                "next_dnd_end_ts": now + 3600 if people[id_].resting else 1,
            }
            for id_ in asked
            if id_ in people
        },
        "cached": False,
    }


METHODS: Final = {
    "usergroups.list": Method(_groups, scope="usergroups:read", tier=Tier.TWO),
    "usergroups.users.list": Method(_members, scope="usergroups:read", tier=Tier.TWO),
    "users.getPresence": Method(_presence, scope="users:read", tier=Tier.THREE),
    "dnd.teamInfo": Method(_resting, scope="dnd:read", tier=Tier.TWO),
}
