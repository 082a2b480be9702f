"""Shortcuts on any message of Slack: it becomes the beginning of a mail, or a note of a mail's.

(docs.slack.dev/interactivity/implementing-shortcuts)
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from app.commands.notes import write_note
from app.core.access import Actor
from app.core.errors import InvalidInput, NotFound
from app.core.ids import ConversationId
from app.slack.composer import Composer, Start
from app.slack.ids import FieldId, ViewId
from app.slack.listeners.merge import conversations_to_choose
from app.slack.members import Members
from app.slack.middleware import Door, workspace_of
from app.slack.submitted import chosen, field, typed
from app.slack.views import adding
from app.slack.words import mentioned_in, spoken
from app.store.models import OutgoingMode
from app.store.unit_of_work import UnitOfWork

Body = Mapping[str, Any]


class Messages:
    def __init__(self, door: Door, members: Members, composer: Composer) -> None:
        self._door = door
        self._members = members
        self._composer = composer

    def register(self, app: AsyncApp) -> None:
        app.shortcut(ViewId.EMAIL_FROM.value)(self.compose)
        app.shortcut(ViewId.ADD_TO.value)(self.add)
        app.options(FieldId.ADD_TO.value)(self.choices)
        app.view(ViewId.ADD_TO.value)(self.added)

    async def compose(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """A new mail that begins with what stands in the message; nothing leaves by that."""
        await ack()
        async with self._door.store.begin(workspace_of(context)) as uow:
            text = await read_out(uow, str(body["message"].get("text") or ""))
        start = Start(mode=OutgoingMode.NEW, text=text)
        await self._composer.open(context, body, client, start)

    async def add(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        await ack()
        message = body["message"]
        author = str(message.get("user") or "")
        where = str((body.get("channel") or {}).get("name") or "")
        said = str(message.get("text") or "")
        async with self._door.store.begin(workspace_of(context)) as uow:
            head = await read_out(uow, f"<@{author}>" if author else "")
            text = await read_out(uow, said)
        place = f" in #{where}" if where and where not in {"directmessage", "privategroup"} else ""
        view = adding.view(f"{head or 'An app'}{place}:\n{text}")
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    async def choices(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """Conversations of the channels that the person is in, the latest first."""
        await ack(**await conversations_to_choose(self._door, self._members, context, body, client))

    async def added(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        text = typed(field(body, FieldId.ADD_TEXT).get("value")).strip()
        if not text:
            await ack(
                response_action="errors", errors={FieldId.ADD_TEXT: "There is nothing in it."}
            )
            return
        conversation_id = _conversation(chosen(body, FieldId.ADD_TO))

        async def do(uow: UnitOfWork, actor: Actor) -> None:
            await write_note(uow, actor, conversation_id, text)

        try:
            await self._door.act(context, body, do)
        except NotFound as error:
            await ack(response_action="errors", errors={FieldId.ADD_TO: error.sentence})
        else:
            await ack()


async def read_out(uow: UnitOfWork, said: str) -> str:
    """What stands in a message, as a person reads it: names in place of mentions, no markup."""
    people = await uow.teammates.of_slack_users(mentioned_in(said))
    return spoken(said, {str(one.slack_user_id): one.name for one in people})


def _conversation(text: str) -> ConversationId:
    try:
        return ConversationId(UUID(text))
    except ValueError:
        raise InvalidInput("This choice is not one of ours.", field=FieldId.ADD_TO) from None
