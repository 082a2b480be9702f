"""Reading a mail in a window: its whole text, its header, and why it is where it is."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from app.core.errors import NotFound
from app.core.ids import ConversationId, MessageId
from app.feed.ids import ActionId, parse_message
from app.mail import charset
from app.mail.address import Address
from app.mail.authentication import verdict
from app.mail.scan import MOST_HEADER, header_of, scan
from app.slack.clicked import value_of
from app.slack.composer import show
from app.slack.leading import lead_to
from app.slack.middleware import Door, workspace_of
from app.slack.submitted import memory_of
from app.slack.views import reading
from app.slack.views.more import MoreAction
from app.slack.views.reading import IN_BROWSER, PAGE_ACTION, PageValue, Shown, Why
from app.store.blobs import Blobs
from app.store.models import Message
from app.store.unit_of_work import UnitOfWork

READING: Final = frozenset({
    MoreAction.WHY, MoreAction.HEADERS, MoreAction.FULL_MAIL, MoreAction.LINK
})  # fmt: skip
_MOST_RULES: Final = 10
Body = Mapping[str, Any]


class Reading:
    """`pages`: where our own pages begin."""

    def __init__(self, door: Door, blobs: Blobs, pages: str) -> None:
        self._door = door
        self._blobs = blobs
        self._pages = pages.rstrip("/")

    def register(self, app: AsyncApp) -> None:
        app.action(re.compile(rf"{re.escape(PAGE_ACTION)}\.(back|on)"))(self.turn)
        app.action(ActionId.READ.value)(self.open)
        app.action(IN_BROWSER)(self.leave)

    async def lead_to(
        self,
        ack: AsyncAck,
        context: AsyncBoltContext,
        body: Body,
        client: AsyncWebClient,
        action: MoreAction,
    ) -> None:
        """Turn the window that was just submitted into this one. Raises `NotFound`."""
        conversation_id = memory_of(body).conversation_id
        await lead_to(
            ack,
            self._first(context, conversation_id, action),
            skeleton=reading.skeleton(conversation_id),
            show=partial(show, client, str(body["view"]["id"])),
        )

    async def _first(
        self, context: AsyncBoltContext, conversation_id: ConversationId, action: MoreAction
    ) -> dict[str, Any]:
        if action is MoreAction.LINK:
            return reading.link(conversation_id, self._page_of(conversation_id))
        async with self._door.store.begin(workspace_of(context)) as uow:
            newest = await uow.messages.newest(conversation_id, limit=1)
            if not newest:
                raise NotFound("There is no mail in this conversation.")
            where = await _where(uow, newest[0])
        if action is MoreAction.WHY:
            return reading.why(conversation_id, await self._why(newest[0], **where))
        shown = Shown.TEXT if action is MoreAction.FULL_MAIL else Shown.HEADER
        return await self._page(conversation_id, newest[0], shown, 0)

    async def open(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """The whole of a mail whose beginning stands in a channel. Raises `NotFound`."""
        message_id = parse_message(value_of(body))
        async with self._door.store.begin(workspace_of(context)) as uow:
            message = await uow.messages.get(message_id)
        await ack()
        view = await self._page(ConversationId(message.conversation_id), message, Shown.TEXT, 0)
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    async def leave(self, ack: AsyncAck) -> None:
        """Slack follows the button's link by itself, and wants to be answered all the same."""
        await ack()

    async def turn(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """To another page."""
        conversation_id = memory_of(body).conversation_id
        wanted = PageValue.parse(str(body["actions"][0].get("value", "")))
        async with self._door.store.begin(workspace_of(context)) as uow:
            message = await uow.messages.get(wanted.message_id)
        if message.conversation_id != conversation_id:
            raise NotFound("There is no such mail in this conversation.")
        await ack()
        view = await self._page(conversation_id, message, wanted.shown, wanted.page)
        await client.views_update(view_id=str(body["view"]["id"]), view=view)

    async def _page(
        self, conversation_id: ConversationId, message: Message, shown: Shown, number: int
    ) -> dict[str, Any]:
        text = message.body if shown is Shown.TEXT else charset.decode(await self._header(message))
        sender = str(Address(message.from_name, message.from_address))
        head = reading.Head(message.subject, sender, message.sent_at or message.received_at)
        link = self._page_of(conversation_id)
        return reading.page(
            conversation_id, MessageId(message.id), shown, text, number, head=head, link=link
        )

    def _page_of(self, conversation_id: ConversationId) -> str:
        return f"{self._pages}/conversations/{conversation_id}"

    async def _why(self, message: Message, **where: Any) -> Why:  # noqa: ANN401 -- fields of Why
        found = verdict(scan(await self._header(message) + b"\r\n\r\n").root.headers)
        return Why(
            sender=message.from_address,
            automatic=message.automatic,
            server=found.server if found else None,
            results=found.results if found else {},
            **where,
        )

    async def _header(self, message: Message) -> bytes:
        return header_of(await self._blobs.part(message.raw_sha256, 0, MOST_HEADER))


async def _where(uow: UnitOfWork, message: Message) -> dict[str, Any]:
    account = await uow.accounts.get(message.account_id)
    placed = await uow.ledger.live_of_messages([message.id])
    others = await uow.messages.of_conversation(message.conversation_id)
    return {
        "address": account.address,
        "folder": placed[0][1].name if placed else None,
        "uid": placed[0][0].uid if placed else None,
        "thread": _thread(message, [one for one in others if one.id != message.id]),
        "rules": [
            (one.rule_name, one.done, one.created_at)
            for one in await uow.rules.applied_to(message.conversation_id, limit=_MOST_RULES)
        ],
    }


def _thread(message: Message, others: list[Message]) -> str:
    """How it came to its conversation."""
    if not others:
        return "It began this conversation."
    named = {message.in_reply_to, *message.reference_ids}
    if any(one.internet_message_id in named for one in others if one.internet_message_id):
        return "It says itself that it answers a mail of this conversation."
    if any(message.internet_message_id in one.reference_ids for one in others):
        return "A mail of this conversation says that it answers this one."
    return "It has the subject and the people of this conversation."
