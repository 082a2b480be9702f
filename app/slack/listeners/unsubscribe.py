"""Leaving a list from the card: say what would happen, then do it once."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from app.core.errors import SharedBoxError
from app.core.ids import ConversationId
from app.sending.context import Writing
from app.sending.lists import find_exit, leave, letter
from app.slack.composer import show
from app.slack.errors import words
from app.slack.ids import ViewId
from app.slack.leading import lead_to
from app.slack.middleware import Door, actor_of, workspace_of
from app.slack.submitted import memory_of
from app.slack.views import told, unsubscribe

Body = Mapping[str, Any]


class Unsubscribing:
    def __init__(self, door: Door, writing: Writing) -> None:
        self._door = door
        self._writing = writing

    def register(self, app: AsyncApp) -> None:
        app.view(ViewId.UNSUBSCRIBE.value)(self.leave)

    async def lead_to(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """Turn the window that was just submitted into the question. Raises `NotFound`."""
        conversation_id = memory_of(body).conversation_id
        await lead_to(
            ack,
            self._question(context, conversation_id),
            skeleton=unsubscribe.skeleton(conversation_id),
            show=partial(show, client, str(body["view"]["id"])),
        )

    async def _question(
        self, context: AsyncBoltContext, conversation_id: ConversationId
    ) -> dict[str, Any]:
        found = await find_exit(
            self._door.store, self._writing.blobs, workspace_of(context), conversation_id
        )
        if found is None:
            return unsubscribe.view(conversation_id, None, "")
        return unsubscribe.view(conversation_id, found.way, found.sender)

    async def leave(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        try:
            await self._leave(context, body)
        except SharedBoxError as error:
            await ack(response_action="update", view=told.view(words(error)))
        else:
            await ack()

    async def _leave(self, context: AsyncBoltContext, body: Body) -> None:
        """What the mail says is read again: a window remembers ids, and no addresses to ask."""
        workspace_id, conversation_id = workspace_of(context), memory_of(body).conversation_id
        found = await find_exit(
            self._door.store, self._writing.blobs, workspace_id, conversation_id
        )
        if found is None:
            return
        async with self._door.store.begin(workspace_id) as uow:
            actor = await actor_of(uow, body)
        written = await letter(self._writing, actor, found)
        await self._door.act(context, body, lambda uow, actor: leave(uow, actor, found, written))
