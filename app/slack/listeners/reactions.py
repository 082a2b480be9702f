"""Emoji on a card, in channels that want it: 👀 takes it, ✅ closes it, and so on.

Slack tells of every reaction in every channel the app is in. Most are settled by a look at the
event alone; for the rest two indexed queries say whether the channel wants it and the message is a
card. What comes to nothing is told to whoever reacted, where only they see it. Slack promises no
order, and may tell of one thing twice: of an emoji the last moment that was heard of counts, and
what is told of an earlier one does nothing. (docs.slack.dev/reference/events/reaction_added)
"""

from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from app.commands.notes import find_card
from app.commands.react import Emoji, react, take_away
from app.commands.snooze import snooze
from app.commands.types import (
    Assign,
    ConversationIntent,
    Delete,
    Done,
    Flag,
    MailIntent,
)
from app.core.access import Actor
from app.core.ids import ChannelId, ConversationId, SlackUserId
from app.core.logging import get_logger
from app.core.zones import zone_or_utc
from app.slack.errors import REFUSALS, words
from app.slack.gate import Gate
from app.slack.middleware import Door, workspace_of
from app.slack.people import look_up
from app.slack.words import until
from app.store.unit_of_work import UnitOfWork

Body = Mapping[str, Any]
_EMOJI: Final = frozenset(Emoji)
log = get_logger(__name__)


class Reactions:
    def __init__(self, door: Door, gate: Gate) -> None:
        self._door = door
        self._gate = gate

    def register(self, app: AsyncApp) -> None:
        app.event("reaction_added")(self.added)
        app.event("reaction_removed")(self.removed)

    async def added(self, context: AsyncBoltContext, body: Body, client: AsyncWebClient) -> None:
        await self._heard(context, body, client, added=True)

    async def removed(self, context: AsyncBoltContext, body: Body, client: AsyncWebClient) -> None:
        await self._heard(context, body, client, added=False)

    async def _heard(
        self, context: AsyncBoltContext, body: Body, client: AsyncWebClient, *, added: bool
    ) -> None:
        event = body["event"]
        user_id, name = SlackUserId(str(event.get("user") or "")), str(event.get("reaction"))
        if not user_id or name not in _EMOJI:
            return
        item = event.get("item") or {}
        channel, ts = ChannelId(str(item.get("channel"))), str(item.get("ts"))
        conversation_id = await self._card(context, channel, ts)
        if conversation_id is None:
            return
        try:
            await self._gate.require(client, workspace_of(context), user_id, [conversation_id])
            person = await look_up(client, user_id)
            whole = {**body, "user": {"id": user_id, "name": person.name or user_id}}
            now, emoji = self._door.clock.now(), Emoji(name)

            async def do(uow: UnitOfWork, actor: Actor) -> None:
                await uow.conversations.lock(conversation_id)
                if not await _is_latest(uow, event):
                    return
                if added:
                    intent = self._intent(emoji, actor, person.time_zone)
                    await react(uow, actor, conversation_id, intent, now=now)
                else:
                    await take_away(uow, actor, conversation_id, emoji, now=now)

            await self._door.act(context, whole, do)
        except REFUSALS as error:
            await _tell(client, channel, user_id, words(error))

    async def _card(
        self, context: AsyncBoltContext, channel_id: ChannelId, ts: str
    ) -> ConversationId | None:
        """Of the card that was reacted to, where that means something."""
        async with self._door.store.begin(workspace_of(context)) as uow:
            channel = await uow.channels.find(channel_id)
            if channel is None or not channel.emoji_actions:
                return None
            card = await find_card(uow, channel_id, ts)
        return card.conversation_id if card else None

    def _intent(
        self, emoji: Emoji, actor: Actor, time_zone: str | None
    ) -> ConversationIntent | MailIntent:
        match emoji:
            case Emoji.ASSIGN_ME:
                return Assign(actor.teammate_id)
            case Emoji.DONE:
                return Done()
            case Emoji.DELETE:
                return Delete()
            case Emoji.FLAG:
                return Flag()
            case Emoji.SNOOZE:
                now = self._door.clock.now()
                moment = until("tomorrow", now, zone_or_utc(time_zone))
                assert moment is not None
                return snooze(moment[0], until_reply=False, now=now, field="reaction")


async def _is_latest(uow: UnitOfWork, event: Mapping[str, Any]) -> bool:
    """Whether nothing later is known of this emoji, of this person on this message; noted at once.

    Call it while the conversation is locked: what is told at the same time waits.
    """
    item = event.get("item") or {}
    parts = (event.get("user"), item.get("channel"), item.get("ts"), event.get("reaction"))
    whose = f"reaction:{':'.join(map(str, parts))}:"
    this = f"{whose}{event.get('event_ts') or ''}"
    known = await uow.slack_requests.greatest(whose)
    if known is not None and known >= this:
        return False
    return await uow.slack_requests.first_time(this)


async def _tell(client: AsyncWebClient, channel: ChannelId, user: SlackUserId, text: str) -> None:
    """A courtesy: where Slack does not take it, nothing was done all the same."""
    try:
        await client.chat_postEphemeral(channel=channel, user=user, text=text)
    except (SlackClientError, aiohttp.ClientError, TimeoutError) as problem:
        log.warning("slack.could_not_tell", error=str(problem))
