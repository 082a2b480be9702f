"""reactions.*: emoji on messages."""

import re
from typing import Final

from app.sandbox.slack.calls import Call, Method
from app.sandbox.slack.rates import Tier
from app.sandbox.slack.room import Channel, Message
from app.sandbox.slack.wire import JSON, Refused

_NAME: Final = re.compile(r"[a-z0-9_+'-]{1,100}(::skin-tone-[2-6])?")


def _target(call: Call) -> tuple[Channel, Message]:
    channel = call.channel_in_sight()
    if call.bot not in channel.members:
        raise Refused("not_in_channel")
    return channel, call.message(channel, "timestamp")


def _name(call: Call) -> str:
    name = call.arguments.needed("name").strip(":")
    if not _NAME.fullmatch(name):
        raise Refused("invalid_name")
    return name


def _react(call: Call, *, add: bool) -> JSON:
    name = _name(call)
    call.workspace.react(*_target(call), call.bot, name, add=add)
    return {}


def _add(call: Call) -> JSON:
    return _react(call, add=True)


def _remove(call: Call) -> JSON:
    return _react(call, add=False)


def _get(call: Call) -> JSON:
    channel, message = _target(call)
    told = call.workspace.message_json(message)
    told["permalink"] = call.emulator.permalink(channel, message.ts, message.thread_ts)
    return {"type": "message", "channel": channel.id, "message": told}


METHODS: Final = {
    "reactions.add": Method(_add, scope="reactions:write", writes=True),
    "reactions.remove": Method(_remove, scope="reactions:write", tier=Tier.TWO, writes=True),
    "reactions.get": Method(_get, scope="reactions:read"),
}
