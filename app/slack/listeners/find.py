"""Finding mail: a window that asks, and shows what was found, from the Home tab or anywhere."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from app.core.config import Settings
from app.core.errors import NotAllowed
from app.feed.port import Rendered
from app.slack.composer import show
from app.slack.errors import words
from app.slack.ids import FieldId, ViewId
from app.slack.leading import lead_to
from app.slack.members import Members
from app.slack.middleware import Door, user_of, workspace_of
from app.slack.submitted import field, typed
from app.slack.views import find, home, inbox
from app.slack.views.listing import section
from app.slack.worklist import lines_of, sight_of
from app.store.repositories.conversations import ConversationFilter

Body = Mapping[str, Any]


class Finding:
    def __init__(self, door: Door, members: Members, settings: Settings) -> None:
        self._door = door
        self._members = members
        self._api_url = settings.slack_api_url

    def register(self, app: AsyncApp) -> None:
        app.action(home.FIND)(self.open)
        app.shortcut(ViewId.FIND_MAIL.value)(self.open)
        app.view(ViewId.FIND.value)(self.find)

    async def open(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=find.view())

    async def find(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        await lead_to(
            ack,
            self._found(context, body, client),
            skeleton=find.skeleton(),
            show=partial(show, client, str(body["view"]["id"])),
        )

    async def _found(
        self, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> dict[str, Any]:
        """Only mail of the channels that the person is in."""
        text = typed(field(body, FieldId.FIND).get("value"))
        query, workspace_id = " ".join(text.split())[: find.LONGEST], workspace_of(context)
        try:
            channels = await self._members.channels(client, (workspace_id, user_of(body)[0]))
        except NotAllowed as error:
            return find.view(Rendered("", [section(words(error))]))
        async with self._door.store.begin(workspace_id) as uow:
            sight = await sight_of(uow, channels)
            wanted = sight.limit(ConversationFilter(query=query))
            found = await uow.conversations.page(wanted, before=None, limit=inbox.MOST_LINES + 1)
            lines = await lines_of(uow, sight, found[: inbox.MOST_LINES], self._api_url)
        return find.view(inbox.found(query, lines, more=len(found) > len(lines)))
