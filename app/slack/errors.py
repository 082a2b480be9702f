"""The one place where an error becomes something a person in Slack reads."""

import asyncio
from typing import Any, Final

from prometheus_client import Counter
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from app.commands.overtaken import Overtaken
from app.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, SharedBoxError
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
REFUSALS: Final = (InvalidInput, NotFound, NotAllowed, Conflict)
"""What an event may come to for good. Anything else may go well when Slack sends it again."""
_LAST_RETRY: Final = 3
"""At once, after a minute, after five; then Slack gives up (docs.slack.dev/apis/events-api)."""
_FAILED: Final = Counter(
    "sharedbox_slack_events_failed",
    "Events that came to nothing and were left to Slack to send again, by their type.",
    ["type"],
)
log = get_logger(__name__)


class ErrorHandler:
    """Tells the person, and acknowledges the delivery; or has Slack send an event again.

    What a person did is answered with 200: without it Bolt lets Slack wait for three seconds when a
    listener fails right after its ack. Telling takes a call to Slack, so it happens beside the
    answer. An event is answered with 200 only where a repetition would come to the same.
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
        request: AsyncBoltRequest,
    ) -> BoltResponse:
        kind = "command" if "command" in body else body.get("type")
        if kind == "event_callback" and not _is_for_good(error):
            _note_failure(error, body, request)
            return BoltResponse(status=500, body="")
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


def _is_for_good(error: Exception) -> bool:
    """Where Slack itself said no, what was to be written down was written down before."""
    return isinstance(error, (*REFUSALS, SlackApiError))


def _note_failure(error: Exception, body: dict[str, Any], request: AsyncBoltRequest) -> None:
    type_ = str((body.get("event") or {}).get("type"))
    (retry,) = request.headers.get("x-slack-retry-num", ("0",))[:1]
    _FAILED.labels(type_).inc()
    is_last = retry.isdecimal() and int(retry) >= _LAST_RETRY
    said = "slack.event_lost" if is_last else "slack.event_failed"
    log.error(said, type=type_, event_id=body.get("event_id"), retry=retry, exc_info=error)


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
