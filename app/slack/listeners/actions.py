"""The buttons and the menu of the card: each listener parses, writes one row, acknowledges."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from app.commands.overtaken import change_if_first, enqueue_if_first
from app.commands.types import Archive, Assign, ConversationIntent, Done, Reopen
from app.commands.undo import process_again, retry, undo
from app.core.access import Actor
from app.core.errors import InvalidInput
from app.core.ids import CommandId
from app.feed.ids import ActionId, CardValue, MenuChoice, MenuValue, parse_placement
from app.slack.clicked import action_of, value_of
from app.slack.middleware import Door, workspace_of
from app.slack.views import confirm, more, move
from app.store.unit_of_work import UnitOfWork

Body = Mapping[str, Any]
"""A `block_actions` payload (docs.slack.dev/reference/interaction-payloads)."""


class CardActions:
    def __init__(self, door: Door) -> None:
        self._door = door

    def register(self, app: AsyncApp) -> None:
        for action, listener in {
            ActionId.ASSIGN_ME: self.assign_me,
            ActionId.DONE: self.done,
            ActionId.REOPEN: self.reopen,
            ActionId.UNDO: self.undo,
            ActionId.RETRY: self.retry,
            ActionId.PROCESS_AGAIN: self.process_again,
            ActionId.MENU: self.menu,
        }.items():
            app.action(action.value)(listener)

    async def assign_me(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        conversation_id = CardValue.parse(value_of(body)).conversation_id

        now = self._door.clock.now()

        async def assign(uow: UnitOfWork, actor: Actor) -> None:
            intent = Assign(actor.teammate_id)
            await change_if_first(uow, actor, conversation_id, intent, now=now)

        await self._door.act(context, body, assign)
        await ack()

    async def done(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        await self._change(context, body, Done())
        await ack()

    async def reopen(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        await self._change(context, body, Reopen())
        await ack()

    async def _change(
        self, context: AsyncBoltContext, body: Body, intent: ConversationIntent
    ) -> None:
        conversation_id = CardValue.parse(value_of(body)).conversation_id
        now = self._door.clock.now()
        await self._door.act(
            context,
            body,
            lambda uow, actor: change_if_first(uow, actor, conversation_id, intent, now=now),
        )

    async def undo(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        command_id, now = _command(body), self._door.clock.now()
        await self._door.act(
            context, body, lambda uow, actor: undo(uow, actor, command_id, now=now)
        )
        await ack()

    async def retry(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        command_id = _command(body)
        await self._door.act(context, body, lambda uow, _: retry(uow, command_id))
        await ack()

    async def process_again(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        placement_id = parse_placement(value_of(body))
        await self._door.act(context, body, lambda uow, _: process_again(uow, placement_id))
        await ack()

    async def menu(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        chosen = MenuValue.parse(str(action_of(body).get("selected_option", {}).get("value", "")))
        if chosen.choice is MenuChoice.ARCHIVE:
            await self._door.act(
                context,
                body,
                lambda uow, actor: enqueue_if_first(uow, actor, chosen.conversation_id, Archive()),
            )
            await ack()
        else:
            view = await self._view(context, chosen)
            await ack()
            await client.views_open(trigger_id=body["trigger_id"], view=view)

    async def _view(self, context: AsyncBoltContext, chosen: MenuValue) -> dict[str, Any]:
        """The modal behind a menu entry. Raises `NotFound` where the conversation is gone."""
        async with self._door.store.begin(workspace_of(context)) as uow:
            conversation = await uow.conversations.get(chosen.conversation_id)
            account = await uow.accounts.get(conversation.account_id)
        match chosen.choice:
            case MenuChoice.MOVE:
                return move.view(conversation.id)
            case MenuChoice.DELETE:
                return confirm.delete(conversation.id, conversation.subject, account.address)
            case MenuChoice.SPAM:
                return confirm.spam(conversation.id, conversation.subject, account.address)
            case _:
                return more.view(conversation.id, conversation.subject)


def _command(body: Body) -> CommandId:
    command_id = CardValue.parse(value_of(body)).command_id
    if command_id is None:
        raise InvalidInput("This button does not say what it is about.")
    return command_id
