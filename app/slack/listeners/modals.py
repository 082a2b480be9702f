"""What comes back from modals, and what their selects offer."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from app.commands.change import change_conversation
from app.commands.enqueue import enqueue_for_conversation
from app.commands.overtaken import enqueue_if_first
from app.commands.show import show_files, show_original
from app.commands.types import (
    Assign,
    Delete,
    Flag,
    MailIntent,
    MarkRead,
    MarkUnread,
    Move,
    Spam,
    Unflag,
)
from app.core.access import Actor
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.ids import MailboxId
from app.mailbox.port import Role
from app.slack.composer import Composer, Start
from app.slack.errors import words
from app.slack.ids import FieldId, ViewId
from app.slack.listeners.reading import READING, Reading
from app.slack.listeners.rules import Ruling
from app.slack.listeners.snooze import Snoozing
from app.slack.listeners.unsubscribe import Unsubscribing
from app.slack.listeners.windows import Windows
from app.slack.members import Members
from app.slack.middleware import Door, workspace_of
from app.slack.submitted import chosen, memory_of
from app.slack.views import told
from app.slack.views.more import MoreAction
from app.slack.views.move import FolderChoice, suggestions
from app.store.models import OutgoingMode
from app.store.unit_of_work import UnitOfWork

Body = Mapping[str, Any]
"""A `view_submission` or `block_suggestion` payload."""

_MAIL_ACTIONS = {
    MoreAction.FLAG: Flag(),
    MoreAction.UNFLAG: Unflag(),
    MoreAction.MARK_READ: MarkRead(),
    MoreAction.MARK_UNREAD: MarkUnread(),
}


class Modals:
    def __init__(
        self,
        door: Door,
        composer: Composer,
        mails: Reading,
        lists: Unsubscribing,
        rules: Ruling,
        members: Members,
    ) -> None:
        self._door = door
        self._composer = composer
        self._mails = mails
        self._lists = lists
        self._rules = rules
        self._windows = Windows(door, members)
        self._snoozing = Snoozing(door)

    def register(self, app: AsyncApp) -> None:
        app.view(ViewId.MOVE.value)(self.move)
        app.view(ViewId.DELETE.value)(self.delete)
        app.view(ViewId.SPAM.value)(self.spam)
        app.view(ViewId.MORE.value)(self.more)
        app.options(FieldId.FOLDER.value)(self.folders)

    async def folders(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        memory = memory_of(body)
        async with self._door.store.begin(workspace_of(context)) as uow:
            conversation = await uow.conversations.get(memory.conversation_id)
            mailboxes = await uow.mailboxes.of_account(conversation.account_id)
        choices = [
            FolderChoice(one.id, one.name, Role(one.role) if one.role else None)
            for one in mailboxes
            if one.selectable and one.listed
        ]
        await ack(**suggestions(choices, str(body.get("value", ""))))

    async def move(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        memory = memory_of(body)
        mailbox_id = _mailbox(chosen(body, FieldId.FOLDER))

        async def enqueue(uow: UnitOfWork, actor: Actor) -> None:
            mailbox = await uow.mailboxes.get(mailbox_id)
            conversation = await uow.conversations.get(memory.conversation_id)
            if mailbox.account_id != conversation.account_id:
                raise NotFound("There is no such folder in this account.")
            await enqueue_if_first(uow, actor, conversation.id, Move(mailbox.name))

        try:
            await self._door.act(context, body, enqueue)
        except (Conflict, InvalidInput, NotFound) as error:
            await ack(response_action="errors", errors={FieldId.FOLDER: error.sentence})
        else:
            await ack()

    async def delete(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        await self._enqueue(ack, context, body, Delete())

    async def spam(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        await self._enqueue(ack, context, body, Spam())

    async def _enqueue(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, intent: MailIntent
    ) -> None:
        memory = memory_of(body)
        try:
            await self._door.act(
                context,
                body,
                lambda uow, actor: enqueue_if_first(uow, actor, memory.conversation_id, intent),
            )
        except (Conflict, NotFound) as error:
            await ack(response_action="update", view=told.view(words(error)))
        else:
            await ack()

    async def more(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        memory = memory_of(body)
        action = _more_action(chosen(body, FieldId.ACTION))
        try:
            if await self._led_on(ack, context, body, client, action):
                return
        except (Conflict, InvalidInput, NotFound) as error:
            await ack(response_action="errors", errors={FieldId.ACTION: error.sentence})
            return

        async def do(uow: UnitOfWork, actor: Actor) -> None:
            if action is MoreAction.FILES:
                await show_files(uow, memory.conversation_id)
            elif action is MoreAction.ORIGINAL:
                await show_original(uow, memory.conversation_id)
            elif action in _MAIL_ACTIONS:
                intent = _MAIL_ACTIONS[action]
                await enqueue_for_conversation(uow, actor, memory.conversation_id, intent)
            else:
                assignee = actor.teammate_id if action is MoreAction.ASSIGN_ME else None
                now = self._door.clock.now()
                await change_conversation(
                    uow, actor, memory.conversation_id, Assign(assignee), now=now
                )

        try:
            await self._door.act(context, body, do)
        except (Conflict, NotFound) as error:
            await ack(response_action="errors", errors={FieldId.ACTION: error.sentence})
        else:
            await ack()

    async def _led_on(
        self,
        ack: AsyncAck,
        context: AsyncBoltContext,
        body: Body,
        client: AsyncWebClient,
        action: MoreAction,
    ) -> bool:
        """Whether the entry leads to a window, which is then open."""
        conversation_id = memory_of(body).conversation_id
        if action is MoreAction.FORWARD:
            start = Start(conversation_id, mode=OutgoingMode.FORWARD)
            await self._composer.lead_to(ack, context, body, client, start)
            return True
        if action is MoreAction.SNOOZE:
            await self._snoozing.lead_to(ack, context, body, client, conversation_id)
            return True
        if action is MoreAction.UNSUBSCRIBE:
            await self._lists.lead_to(ack, context, body, client)
            return True
        if action is MoreAction.MUTE:
            await self._rules.mute_sender(ack, context, body)
            return True
        if action is MoreAction.RULE:
            await self._rules.lead_to(ack, context, body, client)
            return True
        if action in READING:
            await self._mails.lead_to(ack, context, body, client, action)
            return True
        if (window := await self._windows.of(context, body, client, action)) is not None:
            await ack(response_action="update", view=window)
            return True
        return False


def _mailbox(text: str) -> MailboxId:
    try:
        return MailboxId(UUID(text))
    except ValueError:
        raise InvalidInput("This folder is not one of ours.") from None


def _more_action(text: str) -> MoreAction:
    if text not in set(MoreAction):
        raise InvalidInput("This action is not one of ours.")
    return MoreAction(text)
