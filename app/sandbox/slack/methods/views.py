"""views.*: modals and the Home tab."""

from typing import Final

from app.sandbox.slack.calls import Call, Method
from app.sandbox.slack.rates import Tier
from app.sandbox.slack.wire import JSON, Refused, bad_arguments


def _payload(call: Call) -> JSON:
    view = call.arguments.object("view", "invalid_arguments")
    if view is None:
        raise bad_arguments("missing required field: view")
    return view


def _open(call: Call) -> JSON:
    view = call.emulator.views.open(call.arguments.needed("trigger_id"), _payload(call))
    return {"view": view.as_json()}


def _push(call: Call) -> JSON:
    view = call.emulator.views.push(call.arguments.needed("trigger_id"), _payload(call))
    return {"view": view.as_json()}


def _update(call: Call) -> JSON:
    given = call.arguments
    view_id, external_id = given.text("view_id"), given.text("external_id")
    if bool(view_id) == bool(external_id):
        raise bad_arguments("exactly one of view_id and external_id is required")
    views = call.emulator.views
    view = views.update(view_id, external_id, _payload(call), given.text("hash"))
    return {"view": view.as_json()}


def _publish(call: Call) -> JSON:
    user = call.arguments.needed("user_id")
    if user not in call.workspace.people:
        raise Refused("user_not_found")
    view = call.emulator.views.publish(user, _payload(call), call.arguments.text("hash"))
    return {"view": view.as_json()}


METHODS: Final = {
    "views.open": Method(_open, tier=Tier.FOUR, writes=True),
    "views.push": Method(_push, tier=Tier.FOUR, writes=True),
    "views.update": Method(_update, tier=Tier.FOUR, writes=True),
    "views.publish": Method(_publish, tier=Tier.FOUR, writes=True),
}
