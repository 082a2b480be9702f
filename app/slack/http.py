"""Bolt behind HTTP: whatever Slack posts, as FastAPI hands it over."""

import asyncio
from typing import Final

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler
from slack_sdk.signature import SignatureVerifier

from app.core.logging import get_logger
from app.slack.apps import SlackApps

ACK_SECONDS: Final = 2.5
"""Slack waits for three (docs.slack.dev/interactivity/handling-user-interaction)."""
_UNREADABLE: Final = (ValueError, TypeError, AttributeError, KeyError, RecursionError)
log = get_logger(__name__)


class SlackHTTP:
    """Verifies, dispatches, answers in time.

    A listener acknowledges once what was asked for is written down, so the answer waits for the
    database. Where that takes too long, a click is acknowledged and the work goes on: the card, or
    a word to the person, tells how it ended. An event that took too long, or came to nothing, is
    left to Slack, which delivers it again; what had come of it nevertheless is not done twice.
    """

    def __init__(
        self, apps: SlackApps, signing_secret: str, *, ack_seconds: float = ACK_SECONDS
    ) -> None:
        self._clicks = AsyncSlackRequestHandler(apps.clicks)
        self._events = AsyncSlackRequestHandler(apps.events)
        self._verifier = SignatureVerifier(signing_secret)
        self._ack_seconds = ack_seconds
        self._late: set[asyncio.Task[Response]] = set()

    async def handle(self, request: Request) -> Response:
        body = await request.body()
        if not self._is_from_slack(body, request):
            return Response(status_code=401)
        task = asyncio.create_task(self._dispatch(request), name="slack delivery")
        done, _ = await asyncio.wait({task}, timeout=self._ack_seconds)
        if done:
            return task.result()
        log.warning("slack.late", seconds=self._ack_seconds)
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        if _is_event(request):
            return Response(status_code=503)
        if b"block_suggestion" in body[:200]:
            return JSONResponse({"options": []})
        return Response(status_code=200)

    async def _dispatch(self, request: Request) -> Response:
        handler = self._events if _is_event(request) else self._clicks
        try:
            response: Response = await handler.handle(request)
        except _UNREADABLE as error:
            log.warning("slack.unreadable", error=type(error).__name__)
            return Response(status_code=400)
        return response

    def _is_from_slack(self, body: bytes, request: Request) -> bool:
        """Before anything is read of the body: nobody but Slack may make us parse it."""
        try:
            return self._verifier.is_valid(
                body,
                request.headers.get("x-slack-request-timestamp"),
                request.headers.get("x-slack-signature"),
            )
        except (ValueError, TypeError, OverflowError):
            return False


def _is_event(request: Request) -> bool:
    """Slack sends them as JSON, and all else as forms (docs.slack.dev/apis/events-api)."""
    return request.headers.get("content-type", "").startswith("application/json")
