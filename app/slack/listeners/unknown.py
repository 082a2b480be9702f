"""What no other listener is for: said in the log, acknowledged, and told to whoever did it."""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext

from app.core.errors import InvalidInput
from app.core.logging import get_logger

_ANYTHING: Final = re.compile(r"[\s\S]*")
_BEGAN: Final = "listening_since"
_PATIENCE: Final = 2.9
"""Seconds. Bolt gives a listener three to answer; then it asks the next, and the first goes on."""
log = get_logger(__name__)


def register(app: AsyncApp) -> None:
    """Call it last: Bolt asks its listeners in the order in which they were added."""
    app.use(_note_beginning)
    for kind in (app.action, app.view, app.view_closed, app.options, app.shortcut, app.command):
        kind(_ANYTHING)(_refuse)
    app.event(_ANYTHING)(_ignore)


async def _note_beginning(context: AsyncBoltContext, next_: Callable[[], Awaitable[None]]) -> None:
    context[_BEGAN] = time.monotonic()
    await next_()


async def _refuse(ack: AsyncAck, body: Mapping[str, Any], context: AsyncBoltContext) -> None:
    if time.monotonic() - context[_BEGAN] > _PATIENCE:
        # Somebody else is still at it, and Slack had its answer before (`ACK_SECONDS`).
        log.warning("slack.unanswered", kind=body.get("type") or "command", id=_id_of(body))
        await ack()
        return
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
