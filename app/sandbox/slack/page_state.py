"""What the page is told when it begins: one workspace whole, and of the others their names."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Final

from app.sandbox.slack.emulator import Emulator
from app.sandbox.slack.views import View
from app.sandbox.slack.wire import JSON

_INSPECTED: Final = 200


def state_of(emulator: Emulator) -> JSON:
    """A workspace with its people, channels, windows, and what went between it and the app."""
    here, views = emulator.workspace, emulator.views
    app, is_here = here.seed.app, emulator.is_installed
    latest = list(emulator.courier.log)[-_INSPECTED:]
    calls = list(emulator.writes)[-_INSPECTED:]
    return {
        "team": {"id": here.team_id, "name": here.seed.team},
        "app": {
            "name": app.name,
            "bot": here.bot.id,
            "is_installed": is_here,
            "commands": [asdict(one) for one in app.commands] if is_here else [],
            "shortcuts": [asdict(one) for one in app.shortcuts] if is_here else [],
        },
        "people": [
            person.as_json(here.team_id, here.bot_id, email=True)
            for person in here.people.values()
            if is_here or not person.bot
        ],
        "channels": [
            {**channel.as_json(here.bot.id), "members": _members(emulator, channel.members)}
            for channel in here.channels.values()
        ],
        "ephemerals": [
            {"channel": channel, "user": user, "message": message.shown}
            for channel, user, message in here.ephemerals
        ],
        "views": {
            user: {
                "stack": [view.as_json() for view in views.stack(user)],
                "home": _json(views.home(user)),
            }
            for user in here.people
        },
        "deliveries": [delivery.as_json() for delivery in latest],
        "calls": [call.summary() for call in calls],
        "connected": emulator.courier.is_connected,
    }


def teams_of(emulators: Iterable[Emulator]) -> list[JSON]:
    """Enough of each workspace to list it, to mark it where there is news, and to follow a link."""
    return [
        {
            "id": one.workspace.team_id,
            "name": one.workspace.seed.team,
            "channels": [
                {"id": channel.id, "members": list(channel.members)}
                for channel in one.workspace.channels.values()
            ],
        }
        for one in emulators
    ]


def _members(emulator: Emulator, members: Iterable[str]) -> list[str]:
    """Where nobody has let the app in, its bot is nobody to be seen."""
    bot = emulator.workspace.bot.id
    return [one for one in members if emulator.is_installed or one != bot]


def _json(view: View | None) -> JSON | None:
    return view.as_json() if view else None
