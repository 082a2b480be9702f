"""Giving a conversation to a teammate, and its tags."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import aiohttp
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from app.commands.assign import assign
from app.commands.change import change_conversation
from app.commands.notes import keep_note
from app.commands.rotation import ask_for_turn
from app.commands.types import FollowUp, Tag
from app.core.access import Actor
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.ids import SlackUserId
from app.core.logging import get_logger
from app.feed.ids import ActionId, CardValue
from app.slack.errors import words
from app.slack.ids import FieldId, ViewId
from app.slack.middleware import Door, Effect, workspace_of
from app.slack.submitted import chosen, field, memory_of, typed
from app.slack.views import assign as assigning
from app.slack.views import follow_up as following
from app.slack.views import tags as tagging
from app.slack.views import told
from app.store.unit_of_work import UnitOfWork

_GROUP_SECONDS: Final = 2
Body = Mapping[str, Any]
log = get_logger(__name__)


class Team:
    def __init__(self, door: Door) -> None:
        self._door = door

    def register(self, app: AsyncApp) -> None:
        app.action(ActionId.HAND_OVER.value)(self.hand_over)
        app.view(ViewId.ASSIGN.value)(self.assign)
        app.options(FieldId.ASSIGN_GROUP.value)(self.groups)
        app.view(ViewId.TAGS.value)(self.tag)
        app.view(ViewId.FOLLOW_UP.value)(self.follow_up)

    async def hand_over(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        conversation_id = CardValue.parse(str(body["actions"][0].get("value", ""))).conversation_id
        async with self._door.store.begin(workspace_of(context)) as uow:
            await uow.conversations.get(conversation_id)
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=assigning.view(conversation_id))

    async def groups(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        """The user groups of the workspace; none where Slack does not tell in time."""
        found: list[tuple[str, str]] = []
        try:
            async with asyncio.timeout(_GROUP_SECONDS):
                answer = await client.usergroups_list()
            found = [(str(one["id"]), str(one["handle"])) for one in answer.get("usergroups") or ()]
        except (SlackClientError, aiohttp.ClientError, TimeoutError) as problem:
            log.warning("slack.groups_unknown", error=str(problem))
        await ack(**assigning.groups(found, str(body.get("value") or "")))

    async def assign(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        conversation_id, now = memory_of(body).conversation_id, self._door.clock.now()
        who = field(body, FieldId.ASSIGN_WHO).get("selected_user")
        note = typed(field(body, FieldId.ASSIGN_NOTE).get("value")).strip()

        chosen_group = field(body, FieldId.ASSIGN_GROUP).get("selected_option")
        group_id = str((chosen_group or {}).get("value", ""))
        group = str(((chosen_group or {}).get("text") or {}).get("text", "")).lstrip("@")

        async def do(uow: UnitOfWork, actor: Actor) -> None:
            if group_id:
                if note:
                    await keep_note(uow, actor, conversation_id, note)
                await ask_for_turn(uow, actor, conversation_id, group_id, group)
                return
            user_id = SlackUserId(str(who))
            teammate = await uow.teammates.by_slack_user(user_id, user_id)
            await assign(uow, actor, conversation_id, teammate.id, now=now, note=note)

        if who and group_id:
            either = "Choose either a person or a group."
            await ack(response_action="errors", errors={FieldId.ASSIGN_GROUP: either})
            return
        if not who and not group_id:
            await ack(response_action="errors", errors={FieldId.ASSIGN_WHO: "Choose somebody."})
            return
        await self._act(ack, context, body, do)

    async def follow_up(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        conversation_id, now = memory_of(body).conversation_id, self._door.clock.now()
        days = following.chosen_days(chosen(body, FieldId.FOLLOW_UP))
        at = now + timedelta(days=days) if days else None

        async def do(uow: UnitOfWork, actor: Actor) -> None:
            await change_conversation(uow, actor, conversation_id, FollowUp(at), now=now)

        await self._act(ack, context, body, do)

    async def tag(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        conversation_id, now = memory_of(body).conversation_id, self._door.clock.now()
        picked = [
            str(option["value"])[: tagging.LONGEST_TAG]
            for option in field(body, FieldId.TAGS).get("selected_options") or ()
        ]
        text = str(field(body, FieldId.TAGS_NEW).get("value") or "")
        try:
            tags = tagging.merged(picked, tagging.typed(text))
        except InvalidInput as error:
            await ack(response_action="errors", errors={FieldId.TAGS_NEW: error.sentence})
            return

        async def do(uow: UnitOfWork, actor: Actor) -> None:
            await change_conversation(uow, actor, conversation_id, Tag(tuple(tags)), now=now)

        await self._act(ack, context, body, do)

    async def _act(self, ack: AsyncAck, context: AsyncBoltContext, body: Body, do: Effect) -> None:
        try:
            await self._door.act(context, body, do)
        except (Conflict, NotFound) as error:
            await ack(response_action="update", view=told.view(words(error)))
        else:
            await ack()
