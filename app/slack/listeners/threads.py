"""In a card's thread: shortcuts on its messages, and commands to whoever mentions the app.

What is asked for is about the conversation of the card. A shortcut opens a window or acts at once;
a mention is answered where only its author sees it.
(docs.slack.dev/interactivity/implementing-shortcuts, docs.slack.dev/reference/events/app_mention)
"""

from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from app.commands.assign import assign
from app.commands.notes import find_card
from app.commands.overtaken import change_if_first
from app.commands.snooze import snooze
from app.commands.types import Assign, ConversationIntent, Done, Reopen, Wake
from app.core.access import Actor
from app.core.errors import InvalidInput, NotFound
from app.core.ids import ChannelId, ConversationId, SlackUserId
from app.core.logging import get_logger
from app.core.zones import zone_or_utc
from app.feed.ids import ActionId, CardValue
from app.slack.clicked import value_of
from app.slack.composer import Composer, Start
from app.slack.errors import REFUSALS, words
from app.slack.gate import Gate
from app.slack.ids import ViewId
from app.slack.listeners.messages import read_out
from app.slack.middleware import Door, Effect, user_of, workspace_of
from app.slack.people import look_up
from app.slack.views import move
from app.slack.words import Asked, Verb, asked, until
from app.store.unit_of_work import UnitOfWork

Body = Mapping[str, Any]
HELP: Final = (
    "I understand, in the thread of a card: *assign me*, *assign @somebody*, *done*, *reopen*, "
    "*wake*, and *snooze 1 hour*, *this afternoon*, *tomorrow*, *monday* or *until they reply*."
)
_INTENTS: Final[Mapping[Verb, ConversationIntent]] = {
    Verb.DONE: Done(),
    Verb.REOPEN: Reopen(),
    Verb.WAKE: Wake(),
}
_DONE: Final = {
    Verb.ASSIGN: "Assigned.",
    Verb.DONE: "Done.",
    Verb.REOPEN: "Reopened.",
    Verb.SNOOZE: "It sleeps.",
    Verb.WAKE: "It is awake.",
}
log = get_logger(__name__)


class Threads:
    def __init__(self, door: Door, gate: Gate, composer: Composer) -> None:
        self._door = door
        self._gate = gate
        self._composer = composer

    def register(self, app: AsyncApp) -> None:
        app.shortcut(ViewId.REPLY_EMAIL.value)(self.reply)
        app.shortcut(ViewId.ASSIGN_ME.value)(self.assign_me)
        app.shortcut(ViewId.FILE_UNDER.value)(self.file_under)
        app.action(ActionId.SEND_NOTE.value)(self.send_note)
        app.event("app_mention")(self.mentioned)

    # Shortcuts

    async def reply(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """What a colleague wrote becomes the beginning of an answer; the card, an empty one."""
        await ack()
        conversation_id = await self._conversation(context, body, client)
        message = body["message"]
        text = ""
        if "bot_id" not in message:
            async with self._door.store.begin(workspace_of(context)) as uow:
                text = await read_out(uow, str(message.get("text") or ""))
        await self._composer.open(context, body, client, Start(conversation_id, text=text))

    async def send_note(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """Open an answer with what was just typed as a note; nothing leaves by that."""
        await ack()
        named, _, ts = value_of(body).partition("/")
        conversation_id = CardValue.parse(named).conversation_id
        channel = ChannelId(str((body.get("channel") or {}).get("id") or ""))
        async with self._door.store.begin(workspace_of(context)) as uow:
            note = await uow.notes.lock_message(channel, ts)
            text = await read_out(uow, note.text) if note else ""
        is_its = note is not None and note.conversation_id == conversation_id
        start = Start(conversation_id, text=text if is_its else "")
        await self._composer.open(context, body, client, start)

    async def assign_me(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        conversation_id = await self._conversation(context, body, client)

        async def do(uow: UnitOfWork, actor: Actor) -> None:
            await self._change(uow, actor, conversation_id, Assign(actor.teammate_id))

        await self._door.act(context, body, do)
        await ack()

    async def file_under(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        conversation_id = await self._conversation(context, body, client)
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=move.view(conversation_id))

    async def _conversation(
        self, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> ConversationId:
        """Of the card in whose thread the message stands. Raises `NotFound` and `NotAllowed`."""
        message = body["message"]
        channel = ChannelId(str(body["channel"]["id"]))
        thread_ts = str(message.get("thread_ts") or message.get("ts") or body.get("message_ts"))
        found = await self._card(context, channel, thread_ts)
        if found is None:
            raise NotFound(
                "This message belongs to no mail.",
                fix="Use it on a card, or on a message in a card’s thread.",
            )
        await self._gate.require(client, workspace_of(context), user_of(body)[0], [found])
        return found

    async def _card(
        self, context: AsyncBoltContext, channel: ChannelId, thread_ts: str
    ) -> ConversationId | None:
        async with self._door.store.begin(workspace_of(context)) as uow:
            card = await find_card(uow, channel, thread_ts)
        return card.conversation_id if card else None

    # Mentions

    async def mentioned(
        self, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        event = body["event"]
        channel, thread_ts = ChannelId(str(event["channel"])), str(event.get("thread_ts") or "")
        user_id = SlackUserId(str(event.get("user") or ""))
        if not user_id or "bot_id" in event:
            return
        wanted = asked(str(event.get("text") or ""), str(context.bot_user_id))
        conversation_id = await self._card(context, channel, thread_ts)
        if wanted is None or conversation_id is None:
            told = HELP
        else:
            try:
                told = await self._obey(context, body, client, user_id, conversation_id, wanted)
            except REFUSALS as error:
                told = words(error)
        await _tell(client, channel, user_id, thread_ts, told)

    async def _obey(
        self,
        context: AsyncBoltContext,
        body: Body,
        client: AsyncWebClient,
        user_id: SlackUserId,
        conversation_id: ConversationId,
        wanted: Asked,
    ) -> str:
        """Raises `SharedBoxError`."""
        await self._gate.require(client, workspace_of(context), user_id, [conversation_id])
        do = self._effect(conversation_id, wanted)
        if wanted.verb is Verb.SNOOZE:
            do = await self._snooze(client, user_id, conversation_id, wanted)
        name = (await look_up(client, user_id)).name or user_id
        await self._door.act(context, {**body, "user": {"id": user_id, "name": name}}, do)
        return _DONE[wanted.verb]

    def _effect(self, conversation_id: ConversationId, wanted: Asked) -> Effect:
        async def do(uow: UnitOfWork, actor: Actor) -> None:
            if wanted.verb in _INTENTS:
                await self._change(uow, actor, conversation_id, _INTENTS[wanted.verb])
            elif wanted.who is not None:
                teammate = await uow.teammates.by_slack_user(wanted.who, wanted.who)
                now = self._door.clock.now()
                await assign(uow, actor, conversation_id, teammate.id, now=now)
            elif wanted.words.casefold() in {"", "me"}:
                await self._change(uow, actor, conversation_id, Assign(actor.teammate_id))
            else:
                raise InvalidInput("To whom?", fix="Mention them: assign @somebody.")

        return do

    async def _snooze(
        self,
        client: AsyncWebClient,
        user_id: SlackUserId,
        conversation_id: ConversationId,
        wanted: Asked,
    ) -> Effect:
        now = self._door.clock.now()
        zone = zone_or_utc((await look_up(client, user_id)).time_zone)
        moment = until(wanted.words, now, zone)
        if moment is None:
            raise InvalidInput(
                "Until when?",
                fix="snooze 1 hour, this afternoon, tomorrow, monday or until they reply.",
            )
        intent = snooze(moment[0], until_reply=moment[1], now=now, field="text")

        async def do(uow: UnitOfWork, actor: Actor) -> None:
            await self._change(uow, actor, conversation_id, intent)

        return do

    async def _change(
        self,
        uow: UnitOfWork,
        actor: Actor,
        conversation_id: ConversationId,
        intent: ConversationIntent,
    ) -> None:
        await change_if_first(uow, actor, conversation_id, intent, now=self._door.clock.now())


async def _tell(
    client: AsyncWebClient, channel: ChannelId, user: SlackUserId, thread_ts: str, text: str
) -> None:
    """A courtesy: where Slack does not take it, what was asked for is done all the same."""
    try:
        await client.chat_postEphemeral(
            channel=channel, user=user, text=text, thread_ts=thread_ts or None
        )
    except (SlackClientError, aiohttp.ClientError, TimeoutError) as problem:
        log.warning("slack.could_not_tell", error=str(problem))
