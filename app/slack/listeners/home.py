"""The app's Home tab: drawn for whoever opens it, and when they press Refresh.

While they may be looking at it, `slack.home_keeper` draws it anew.

(docs.slack.dev/surfaces/app-home)
"""

from collections.abc import Mapping
from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.core.errors import SharedBoxError
from app.core.ids import SlackUserId
from app.core.logging import get_logger
from app.slack.composer import Composer, Start
from app.slack.errors import words
from app.slack.home_drawing import HomeDrawing
from app.slack.middleware import Door, user_of, workspace_of
from app.slack.people import channels_of
from app.slack.views import home
from app.store.models import OutgoingMode

_NOT_SHOWN: Final = frozenset({"hash_conflict", "not_enabled"})
"""A newer one is there already; the tab is turned off."""
Body = Mapping[str, Any]
log = get_logger(__name__)


class HomeTab:
    def __init__(self, door: Door, drawing: HomeDrawing, composer: Composer) -> None:
        self._door = door
        self._drawing = drawing
        self._composer = composer

    def register(self, app: AsyncApp) -> None:
        app.event("app_home_opened")(self.opened)
        app.action(home.REFRESH)(self.refresh)
        app.action(home.COMPOSE)(self.compose)
        app.action(home.OPEN)(self.open)

    async def opened(self, context: AsyncBoltContext, body: Body, client: AsyncWebClient) -> None:
        event = body["event"]
        if event.get("tab") == "home":
            user_id = SlackUserId(str(event["user"]))
            async with self._door.store.begin(workspace_of(context)) as uow:
                await uow.homes.opened(user_id, now=self._door.clock.now())
            await self.publish(context, client, user_id, user_id, event.get("view"))

    async def refresh(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        await ack()
        await self.publish(context, client, *user_of(body), body.get("view"))

    async def compose(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        await ack()
        await self._composer.open(context, body, client, Start(mode=OutgoingMode.NEW))

    async def open(self, ack: AsyncAck) -> None:
        """Slack follows the button's link by itself, and wants to be answered all the same."""
        await ack()

    async def publish(
        self,
        context: AsyncBoltContext,
        client: AsyncWebClient,
        user_id: SlackUserId,
        name: str,
        shown: Mapping[str, Any] | None,
    ) -> None:
        """Draw it for one person, unless somebody has drawn a newer one than is `shown`."""
        try:
            channels = await channels_of(client, user_id)
            view = await self._drawing.view(client, workspace_of(context), user_id, name, channels)
        except SharedBoxError as error:
            view = home.told(words(error))
        known = {"hash": shown["hash"]} if shown and shown.get("hash") else {}
        try:
            await client.views_publish(user_id=user_id, view=view, **known)
        except SlackApiError as error:
            if error.response.get("error") not in _NOT_SHOWN:
                raise
            log.info("slack.home_not_shown", code=error.response.get("error"))
