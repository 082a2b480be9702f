"""apps.connections.open: where Socket Mode begins."""

from typing import Final

from app.sandbox.slack.calls import Call, Method
from app.sandbox.slack.wire import JSON


def _open(call: Call) -> JSON:
    return {"url": call.emulator.courier.sockets.new_url()}


METHODS: Final = {
    "apps.connections.open": Method(_open, scope="connections:write", app_level=True),
}
