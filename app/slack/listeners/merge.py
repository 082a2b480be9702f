"""Merging a conversation into another one, and splitting a mail off."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from app.commands.merge import merge, split
from app.commands.overtaken import Overtaken, is_first_to_merge
from app.core.access import Actor
from app.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.core.ids import ConversationId, MessageId
from app.slack.errors import words
from app.slack.ids import FieldId, ViewId
from app.slack.members import Members
from app.slack.middleware import Door, Effect, user_of, workspace_of
from app.slack.submitted import chosen, memory_of, typed
from app.slack.views import merge as merging
from app.slack.views import told
from app.slack.worklist import addresses_of, sight_of
from app.store.repositories.conversations import ConversationFilter
from app.store.unit_of_work import UnitOfWork

_LONGEST_QUERY: Final = 100
Body = Mapping[str, Any]


class Merges:
    def __init__(self, door: Door, members: Members) -> None:
        self._door = door
        self._members = members

    def register(self, app: AsyncApp) -> None:
        app.view(ViewId.MERGE.value)(self.merge)
        app.view(ViewId.SPLIT.value)(self.split)
        app.options(FieldId.MERGE_INTO.value)(self.candidates)

    async def candidates(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        source_id = memory_of(body).conversation_id
        await ack(
            **await conversations_to_choose(
                self._door, self._members, context, body, client, but_for=source_id
            )
        )

    async def merge(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        source_id, now = memory_of(body).conversation_id, self._door.clock.now()
        target_id = ConversationId(_id(chosen(body, FieldId.MERGE_INTO)))

        async def do(uow: UnitOfWork, actor: Actor) -> None:
            if await is_first_to_merge(uow, actor, source_id, target_id):
                await merge(uow, actor, source_id, target_id, now=now)

        await self._act(ack, context, body, FieldId.MERGE_INTO, do)

    async def split(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        conversation_id, now = memory_of(body).conversation_id, self._door.clock.now()
        message_id = MessageId(_id(chosen(body, FieldId.SPLIT_MAIL)))

        async def do(uow: UnitOfWork, actor: Actor) -> None:
            await split(uow, actor, conversation_id, message_id, now=now)

        await self._act(ack, context, body, FieldId.SPLIT_MAIL, do)

    async def _act(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, field: FieldId, do: Effect
    ) -> None:
        try:
            await self._door.act(context, body, do)
        except Overtaken as error:
            await ack(response_action="update", view=told.view(words(error)))
        except (Conflict, NotFound) as error:
            await ack(response_action="errors", errors={field: error.sentence})
        else:
            await ack()


async def conversations_to_choose(
    door: Door,
    members: Members,
    context: AsyncBoltContext,
    body: Body,
    client: AsyncWebClient,
    *,
    but_for: ConversationId | None = None,
) -> dict[str, Any]:
    """What a select offers: of the channels that the person is in, the latest first."""
    workspace_id = workspace_of(context)
    try:
        channels = await members.channels(client, (workspace_id, user_of(body)[0]))
    except NotAllowed:
        return {"options": []}
    query = typed(body.get("value"))[:_LONGEST_QUERY]
    async with door.store.begin(workspace_id) as uow:
        sight = await sight_of(uow, channels)
        wanted = sight.limit(ConversationFilter(words_beginning=tuple(query.split())))
        found = await uow.conversations.page(wanted, before=None, limit=merging.MOST_CHOICES + 1)
        addresses = await addresses_of(uow, sight, found)
    choices = [
        merging.Candidate(
            one.id,
            one.subject,
            one.participants[0] if one.participants else "",
            addresses[one.account_id],
        )
        for one in found
        if one.id != but_for
    ]
    return merging.suggestions(choices)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("This choice is not one of ours.") from None
