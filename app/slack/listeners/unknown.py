"""What no other listener is for: said in the log, acknowledged, and told to whoever did it."""

import re
from collections.abc import Mapping
from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp

from app.core.errors import InvalidInput
from app.core.logging import get_logger

_ANYTHING: Final = re.compile(r"[\s\S]*")
log = get_logger(__name__)


def register(app: AsyncApp) -> None:
    """Call it last: Bolt asks its listeners in the order in which they were added."""
    for kind in (app.action, app.view, app.view_closed, app.options, app.shortcut, app.command):
        kind(_ANYTHING)(_refuse)
    app.event(_ANYTHING)(_ignore)


async def _refuse(body: Mapping[str, Any]) -> None:
    log.warning("slack.unknown", kind=body.get("type") or "command", id=_id_of(body))
    raise InvalidInput(
        "SharedBox does not know what this is for, so nothing was done.",
        fix="It may come from another version of SharedBox: try it on a newer message.",
    )


async def _ignore(ack: AsyncAck) -> None:
    """Acknowledge what we have no use for; unanswered events count against an app."""
    await ack()


def _id_of(body: Mapping[str, Any]) -> str:
    actions = body.get("actions") or [{}]
    view = body.get("view") or {}
    found = actions[0].get("action_id") or view.get("callback_id") or body.get("callback_id")
    return str(found or body.get("command"))[:200]
