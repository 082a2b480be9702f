"""The one route that Slack delivers to: events, interactions, commands and options."""

from fastapi import APIRouter, Request, Response

from app.slack.http import SlackHTTP


def slack_router(slack: SlackHTTP) -> APIRouter:
    router = APIRouter(prefix="/slack", include_in_schema=False)

    @router.post("/events")
    async def events(request: Request) -> Response:
        return await slack.handle(request)

    return router
