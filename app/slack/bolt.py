"""The Bolt app: one for all workspaces, behind one route."""

import re

import aiohttp
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult

from app.container import Container
from app.core.config import Settings
from app.core.errors import InvalidInput
from app.slack.client import web_client
from app.slack.errors import ErrorHandler
from app.slack.installations import Installations
from app.slack.listeners.actions import CardActions
from app.slack.listeners.modals import Modals
from app.slack.middleware import Door


def build_app(
    container: Container, installations: Installations, http: aiohttp.ClientSession
) -> AsyncApp:
    """An app that answers for every installed workspace. Raises `InvalidInput` without a secret."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
        return await installations.authorize(enterprise_id, team_id)

    door = Door(container.store, container.clock, installations)
    app = AsyncApp(
        signing_secret=_signing_secret(container.settings),
        authorize=authorize,  # type: ignore[arg-type] # None is Bolt's "nobody"
        client=web_client(http, container.settings.slack_api_url, None),
    )
    app.use(door.identify)
    CardActions(door).register(app)
    Modals(door).register(app)
    app.event(re.compile(".*"))(_ignore)
    app.error(ErrorHandler().handle)
    return app


async def _ignore(ack: AsyncAck) -> None:
    """Acknowledge what we have no use for; unanswered events count against an app."""
    await ack()


def _signing_secret(settings: Settings) -> str:
    if settings.slack_signing_secret is None:
        raise InvalidInput(
            "There is no signing secret, so nothing that Slack sends could be believed.",
            field="SHAREDBOX_SLACK_SIGNING_SECRET",
            fix="Copy it from your Slack app’s page “Basic Information”.",
        )
    return settings.slack_signing_secret.get_secret_value()
