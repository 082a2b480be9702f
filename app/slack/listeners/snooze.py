"""Snooze and Wake now."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from app.commands.overtaken import change_if_first
from app.commands.snooze import snooze
from app.commands.types import ConversationIntent, Wake
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.ids import ConversationId, SlackUserId
from app.feed.ids import ActionId, CardValue
from app.slack.composer import show
from app.slack.errors import words
from app.slack.ids import FieldId, ViewId
from app.slack.leading import lead_to
from app.slack.middleware import Door, workspace_of
from app.slack.people import look_up
from app.slack.submitted import chosen, field, memory_of
from app.slack.views import snooze as view
from app.slack.views import told

Body = Mapping[str, Any]


class Snoozing:
    def __init__(self, door: Door) -> None:
        self._door = door

    def register(self, app: AsyncApp) -> None:
        app.action(ActionId.SNOOZE.value)(self.open)
        app.action(ActionId.WAKE.value)(self.wake)
        app.view(ViewId.SNOOZE.value)(self.submit)

    async def open(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        conversation_id = CardValue.parse(str(body["actions"][0].get("value", ""))).conversation_id
        await ack()
        zone = await self._known_zone(context, body, conversation_id)
        first = view.skeleton(conversation_id)
        if zone is not None:
            first = view.view(conversation_id, self._door.clock.now(), zone)
        opened = await client.views_open(trigger_id=body["trigger_id"], view=first)
        present = await self._present_zone(context, body, client)
        if zone is None or present not in {zone, None}:
            filled = view.view(conversation_id, self._door.clock.now(), present)
            await client.views_update(view_id=opened["view"]["id"], view=filled)

    async def lead_to(
        self,
        ack: AsyncAck,
        context: AsyncBoltContext,
        body: Body,
        client: AsyncWebClient,
        conversation_id: ConversationId,
    ) -> None:
        """Turn the window that was just submitted into this one. Raises `NotFound`."""
        await lead_to(
            ack,
            self._first(context, body, client, conversation_id),
            skeleton=view.skeleton(conversation_id),
            show=partial(show, client, str(body["view"]["id"])),
        )

    async def _first(
        self,
        context: AsyncBoltContext,
        body: Body,
        client: AsyncWebClient,
        conversation_id: ConversationId,
    ) -> dict[str, Any]:
        known = await self._known_zone(context, body, conversation_id)
        present = await self._present_zone(context, body, client) or known
        return view.view(conversation_id, self._door.clock.now(), present)

    async def _known_zone(
        self, context: AsyncBoltContext, body: Body, conversation_id: ConversationId
    ) -> str | None:
        """Raises `NotFound` where the conversation is gone."""
        async with self._door.store.begin(workspace_of(context)) as uow:
            await uow.conversations.get(conversation_id)
            return (await uow.teammates.by_slack_user(*_who(body))).time_zone

    async def _present_zone(
        self, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> str | None:
        """Ask Slack where the person is, and keep it; None where that was never known."""
        found = await look_up(client, _who(body)[0])
        async with self._door.store.begin(workspace_of(context)) as uow:
            teammate = await uow.teammates.by_slack_user(*_who(body))
            teammate.time_zone = found.time_zone or teammate.time_zone
            teammate.name = found.name or teammate.name
            return teammate.time_zone

    async def submit(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        conversation_id = memory_of(body).conversation_id
        try:
            until, only_reply = view.chosen(
                chosen(body, FieldId.SNOOZE_UNTIL), _picked(body), self._door.clock.now()
            )
            intent = snooze(
                until,
                until_reply=only_reply or _is_ticked(body),
                now=self._door.clock.now(),
                field=FieldId.SNOOZE_UNTIL,
            )
            await self._change(context, body, conversation_id, intent)
        except InvalidInput as error:
            field = error.field or FieldId.SNOOZE_UNTIL
            await ack(response_action="errors", errors={field: error.sentence})
        except (Conflict, NotFound) as error:
            await ack(response_action="update", view=told.view(words(error)))
        else:
            await ack()

    async def wake(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        conversation_id = CardValue.parse(str(body["actions"][0].get("value", ""))).conversation_id
        await self._change(context, body, conversation_id, Wake())
        await ack()

    async def _change(
        self,
        context: AsyncBoltContext,
        body: Body,
        conversation_id: ConversationId,
        intent: ConversationIntent,
    ) -> None:
        now = self._door.clock.now()
        await self._door.act(
            context,
            body,
            lambda uow, actor: change_if_first(uow, actor, conversation_id, intent, now=now),
        )


def _who(body: Body) -> tuple[SlackUserId, str]:
    user = body["user"]
    return SlackUserId(str(user["id"])), str(user.get("name") or user["id"])


def _picked(body: Body) -> int | None:
    at = field(body, FieldId.SNOOZE_MOMENT).get("selected_date_time")
    return at if isinstance(at, int) else None


def _is_ticked(body: Body) -> bool:
    options = field(body, FieldId.SNOOZE_REPLY).get("selected_options") or ()
    return any(option.get("value") == view.EARLIER for option in options)
