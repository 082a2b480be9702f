"""The one place where an error becomes something a person in Slack reads."""

import asyncio
from typing import Any, Final

from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from app.commands.overtaken import Overtaken
from app.core.errors import SharedBoxError
from app.core.logging import get_logger
from app.feed.mrkdwn import escape, mention, moment

_UNFORESEEN: Final = (
    "Something went wrong in SharedBox, and nothing was changed. Please try again; "
    "if it happens again, whoever runs SharedBox finds the reason in its log."
)
_TOO_LATE: Final = "That took too long for Slack to open a window. Please try again."
_LATE_CODES: Final = frozenset({"expired_trigger_id", "exchanged_trigger_id", "trigger_expired"})
_BY_A_PERSON: Final = frozenset(
    {"block_actions", "view_submission", "shortcut", "message_action", "command"}
)
_MOST_TEXT: Final = 2900
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
        kind = "command" if "command" in body else body.get("type")
        if isinstance(error, SharedBoxError):
            log.info("slack.declined", error=str(error), kind=kind)
        elif _is_too_late(error):
            log.warning("slack.too_late", kind=kind)
        else:
            log.error("slack.failed", kind=kind, exc_info=error)
        if kind in _BY_A_PERSON:
            task = asyncio.create_task(_tell(context, body, respond, client, words(error)))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
        return BoltResponse(status=200, body="")


def words(error: Exception) -> str:
    """What a person is told, as markup: who was first by name and in their own time zone."""
    match error:
        case Overtaken():
            by = mention(error.name, error.slack_user_id)
            return f"{by} {error.did}{f' {moment(error.at)}' if error.at else ''}. {error.fix}"
        case SharedBoxError():
            return escape(error.sentence, _MOST_TEXT)
        case _:
            return _TOO_LATE if _is_too_late(error) else _UNFORESEEN


def _is_too_late(error: Exception) -> bool:
    return isinstance(error, SlackApiError) and error.response.get("error") in _LATE_CODES


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
            await client.chat_postMessage(channel=context.user_id, text=text, parse="none")
    except (SlackClientError, OSError, TimeoutError) as problem:
        log.warning("slack.could_not_tell", error=str(problem))
