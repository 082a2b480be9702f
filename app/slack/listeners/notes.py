"""What people type in a card's thread: an internal note, followed through edits and deletion.

Slack tells of every message of every channel the app is in. Most are settled by a look at the event
alone; for the rest one indexed query says whether the thread is a card's. Nothing else of them is
read, kept or logged. (docs.slack.dev/reference/events/message)

Slack repeats what it could not deliver minutes later, so an edit or a deletion may be heard of
before what was said: the edit is kept as the note then, and what was deleted is never kept.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from app.commands.notes import delete_note, edit_note, find_card, hear_note
from app.core.access import Actor
from app.core.ids import ChannelId, SlackUserId
from app.core.logging import get_logger
from app.feed.blocks import button, section
from app.feed.ids import ActionId
from app.slack.middleware import Door, workspace_of
from app.slack.people import look_up
from app.slack.submitted import typed
from app.store.unit_of_work import UnitOfWork

HINT: Final = "This stays internal. What is typed in this thread is never mailed to the customer."
_BY_PEOPLE: Final = frozenset({None, "file_share", "thread_broadcast"})
_MOST_TEXT: Final = 40_000
"""Slack cuts a message there (docs.slack.dev/reference/methods/chat.postMessage)."""
Body = Mapping[str, Any]
Event = Mapping[str, Any]
log = get_logger(__name__)


class Notes:
    def __init__(self, door: Door) -> None:
        self._door = door

    def register(self, app: AsyncApp) -> None:
        app.event("message")(self.said)

    async def said(self, context: AsyncBoltContext, body: Body, client: AsyncWebClient) -> None:
        event = body["event"]
        match event.get("subtype"):
            case subtype if subtype in _BY_PEOPLE:
                if _is_typed_in_a_thread(event):
                    await self._heard(context, body, client)
            case "message_changed":
                await self._edited(context, body, client)
            case "message_deleted":
                await self._deleted(context, body)
            case _:
                return

    async def _heard(
        self,
        context: AsyncBoltContext,
        body: Body,
        client: AsyncWebClient,
        *,
        is_edit: bool = False,
    ) -> None:
        """`is_edit`: it was said anew, and what was said first is heard of just now or never."""
        event = body["event"]
        channel = ChannelId(str(event["channel"]))
        ts, thread_ts = str(event["ts"]), str(event["thread_ts"])
        is_first = False
        conversation_id = None

        async def keep(uow: UnitOfWork, actor: Actor) -> None:
            nonlocal is_first, conversation_id
            card = await find_card(uow, channel, thread_ts)
            if card is None:
                return
            conversation_id = card.conversation_id
            if await uow.slack_requests.first_time(_said(channel, ts)):
                is_first = await hear_note(
                    uow, actor, card, ts, _text(event), edited_at=_edited_at(event)
                )
            elif is_edit:
                await edit_note(uow, channel, ts, _text(event), at=self._edited_at(event))

        user_id = SlackUserId(str(event["user"]))
        async with self._door.store.begin(workspace_of(context)) as uow:
            if await find_card(uow, channel, thread_ts) is None:
                return
            name = (await uow.teammates.by_slack_user(user_id, user_id)).name
        if name == user_id:
            name = (await look_up(client, user_id)).name or user_id
        await self._door.act(context, {**body, "user": {"id": user_id, "name": name}}, keep)
        if is_first:
            await _hint(client, channel, user_id, thread_ts, f"{conversation_id}/{ts}")

    async def _edited(self, context: AsyncBoltContext, body: Body, client: AsyncWebClient) -> None:
        event = body["event"]
        message = event.get("message") or {}
        if not _is_typed_in_a_thread(message):
            return
        channel = ChannelId(str(event["channel"]))
        if message.get("subtype") == "tombstone":
            await self._forget(context, channel, message)
            return
        async with self._door.store.begin(workspace_of(context)) as uow:
            is_known = await edit_note(
                uow, channel, str(message["ts"]), _text(message), at=self._edited_at(message)
            )
        if not is_known:
            said = {**body, "event": {**message, "channel": channel}}
            await self._heard(context, said, client, is_edit=True)

    def _edited_at(self, message: Event) -> datetime:
        return _edited_at(message) or self._door.clock.now()

    async def _deleted(self, context: AsyncBoltContext, body: Body) -> None:
        event = body["event"]
        message = event.get("previous_message") or {}
        if _is_typed_in_a_thread(message):
            await self._forget(context, ChannelId(str(event["channel"])), message)

    async def _forget(self, context: AsyncBoltContext, channel: ChannelId, message: Event) -> None:
        ts = str(message["ts"])
        async with self._door.store.begin(workspace_of(context)) as uow:
            if await find_card(uow, channel, str(message["thread_ts"])) is None:
                return
            await uow.slack_requests.first_time(_said(channel, ts))
            await delete_note(uow, channel, ts, now=self._door.clock.now())


def _is_typed_in_a_thread(message: Event) -> bool:
    """By a person: an app's messages, ours among them, carry the id of its bot."""
    thread = message.get("thread_ts")
    return bool(
        thread and thread != message.get("ts") and message.get("user") and "bot_id" not in message
    )


def _said(channel: ChannelId, ts: str) -> str:
    """Marks that this message was dealt with, so that a late delivery of it changes nothing."""
    return f"said:{channel}:{ts}"


def _edited_at(message: Event) -> datetime | None:
    """When it was edited last, by Slack's clock."""
    try:
        return datetime.fromtimestamp(float((message.get("edited") or {})["ts"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def _text(message: Event) -> str:
    """What was typed; a file alone is named."""
    files = [typed(one.get("name")) or "a file" for one in message.get("files") or ()]
    text = typed(message.get("text"))
    return "\n".join([*([text] if text else []), *(f"📎 {name}" for name in files)])[:_MOST_TEXT]


async def _hint(
    client: AsyncWebClient, channel: ChannelId, user: str, thread_ts: str, note: str
) -> None:
    """A courtesy: where Slack does not take it, the note is kept all the same."""
    send = {"type": "actions", "elements": [button(ActionId.SEND_NOTE, "Send as e-mail", note)]}
    try:
        await client.chat_postEphemeral(
            channel=channel,
            user=user,
            thread_ts=thread_ts,
            text=HINT,
            blocks=[dict(section(HINT)), send],
        )
    except (SlackClientError, aiohttp.ClientError, TimeoutError) as problem:
        log.warning("slack.no_hint", error=str(problem))
