"""Bolt behind HTTP: whatever Slack posts, as FastAPI hands it over."""

from fastapi import Request, Response
from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp


class SlackHTTP:
    """Verifies, dispatches, answers; all of it is Bolt's."""

    def __init__(self, app: AsyncApp) -> None:
        self._handler = AsyncSlackRequestHandler(app)

    async def handle(self, request: Request) -> Response:
        response: Response = await self._handler.handle(request)
        return response
