"""Links to conversations of ours, told of where they are shared: what they lead to, in short.

Only where the channel shows that conversation anyway, and whoever shared it may see it; elsewhere a
link stays a link. A link that is still being typed is in no channel yet, so it stays one as well.
Telling Slack twice replaces what it shows, so a repeated delivery does no harm.
(docs.slack.dev/reference/events/link_shared)
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from app.core.config import Settings
from app.core.errors import NotAllowed
from app.core.ids import ChannelId, ConversationId, SlackUserId
from app.core.logging import get_logger
from app.slack.gate import Gate
from app.slack.middleware import Door, workspace_of
from app.slack.views.unfurl import unfurl
from app.slack.worklist import Sight, lines_of
from app.store.models import ChannelState

_MOST: Final = 5
_PATH: Final = re.compile(r"/conversations/([0-9a-fA-F-]{32,36})/?(?:[?#].*)?")
Body = Mapping[str, Any]
log = get_logger(__name__)


class Links:
    def __init__(self, door: Door, gate: Gate, settings: Settings) -> None:
        self._door = door
        self._gate = gate
        self._settings = settings

    def register(self, app: AsyncApp) -> None:
        app.event("link_shared")(self.shared)

    async def shared(self, context: AsyncBoltContext, body: Body, client: AsyncWebClient) -> None:
        event = body["event"]
        channel, user_id = ChannelId(str(event.get("channel"))), SlackUserId(str(event.get("user")))
        if event.get("source") == "composer" or user_id == context.bot_user_id:
            return
        shown: dict[str, dict[str, Any]] = {}
        for link in event.get("links", ())[:_MOST]:
            url = str(link.get("url") or "")
            conversation_id = conversation_in(url, self._settings.base_url)
            if conversation_id is None or not await self._is_shown(
                context, client, channel, user_id, conversation_id
            ):
                continue
            shown[url] = await self._view(context, channel, conversation_id, url)
        if shown:
            await client.chat_unfurl(channel=channel, ts=str(event["message_ts"]), unfurls=shown)

    async def _is_shown(
        self,
        context: AsyncBoltContext,
        client: AsyncWebClient,
        channel_id: ChannelId,
        user_id: SlackUserId,
        conversation_id: ConversationId,
    ) -> bool:
        async with self._door.store.begin(workspace_of(context)) as uow:
            channel = await uow.channels.find(channel_id)
            behind = await uow.sight.channels_behind([conversation_id])
        if channel is None or channel.state is ChannelState.HELD:
            return False
        if channel_id not in behind.get(conversation_id, frozenset()):
            return False
        try:
            await self._gate.require(
                client, workspace_of(context), user_id, [conversation_id], acts=False
            )
        except NotAllowed as error:
            log.info("slack.link_not_told_of", why=str(error))
            return False
        return True

    async def _view(
        self,
        context: AsyncBoltContext,
        channel_id: ChannelId,
        conversation_id: ConversationId,
        url: str,
    ) -> dict[str, Any]:
        """Raises `NotFound` where it was deleted this moment."""
        async with self._door.store.begin(workspace_of(context)) as uow:
            channel = await uow.channels.get(channel_id)
            conversation = await uow.conversations.get(conversation_id)
            sight = Sight(frozenset({channel_id}), {})
            (line,) = await lines_of(uow, sight, [conversation], self._settings.slack_api_url)
            newest = await uow.messages.newest(conversation_id, limit=1)
        sender, excerpt = "", ""
        for mail in newest:
            sender, excerpt = mail.from_name or mail.from_address, mail.excerpt
        return unfurl(line, sender, excerpt, url, channel.exposure)


def conversation_in(url: str, site: str) -> ConversationId | None:
    """Which conversation a link of ours leads to; None for every other link."""
    begin = site.rstrip("/")
    found = _PATH.fullmatch(url.removeprefix(begin)) if url.startswith(begin) else None
    try:
        return ConversationId(UUID(found[1])) if found else None
    except ValueError:
        return None
