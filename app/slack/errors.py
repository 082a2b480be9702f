"""The one place where an error becomes something a person in Slack reads."""

import asyncio
from typing import Any

from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from app.core.errors import SharedBoxError
from app.core.logging import get_logger

_UNFORESEEN = (
    "Something went wrong in SharedBox, and nothing was changed. Please try again; "
    "if it happens again, whoever runs SharedBox finds the reason in its log."
)
log = get_logger(__name__)


class ErrorHandler:
    """Tells the person, and acknowledges the delivery.

    The answer carries status 200: without it Bolt lets Slack wait for three seconds when a listener
    fails right after its ack. Telling takes a call to Slack, so it happens beside the answer.
    """

    def __init__(self) -> None:
        self._telling: set[asyncio.Task[None]] = set()

    async def handle(
        self,
        error: Exception,
        context: AsyncBoltContext,
        body: dict[str, Any],
        respond: AsyncRespond,
        client: AsyncWebClient,
    ) -> BoltResponse:
        if isinstance(error, SharedBoxError):
            log.info("slack.declined", error=str(error), kind=body.get("type"))
            text = error.sentence
        else:
            log.error("slack.failed", kind=body.get("type"), exc_info=error)
            text = _UNFORESEEN
        task = asyncio.create_task(_tell(context, body, respond, client, text))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        return BoltResponse(status=200, body="")


async def _tell(
    context: AsyncBoltContext,
    body: dict[str, Any],
    respond: AsyncRespond,
    client: AsyncWebClient,
    text: str,
) -> None:
    """As an ephemeral message where the person is; by direct message where that is unknown."""
    try:
        if body.get("response_url"):
            await respond(text=text, response_type="ephemeral", replace_original=False)
        elif context.user_id:
            await client.chat_postMessage(channel=context.user_id, text=text)
    except (SlackClientError, OSError, TimeoutError) as problem:
        log.warning("slack.could_not_tell", error=str(problem))
