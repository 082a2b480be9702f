"""`/inbox`: one command with verbs as words. What it answers is seen by whoever asked alone.

It only looks, so it is acknowledged at once and answered when all is known.
(docs.slack.dev/interactivity/implementing-slash-commands)
"""

from collections.abc import Mapping
from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from app.core.config import Settings
from app.feed.port import Rendered
from app.slack.composer import Composer, Start
from app.slack.listeners.routing import Routing
from app.slack.middleware import Door, actor_of, user_of, workspace_of
from app.slack.people import channels_of
from app.slack.submitted import typed
from app.slack.views import inbox
from app.slack.worklist import health_in, lines_of, sight_of
from app.store.models import ConversationStatus, OutgoingMode
from app.store.repositories.conversations import ConversationFilter

COMMAND: Final = "/inbox"
_LONGEST_QUERY: Final = 500
_ENTITIES: Final = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
Body = Mapping[str, Any]


class InboxCommand:
    def __init__(
        self, door: Door, composer: Composer, routing: Routing, settings: Settings
    ) -> None:
        self._door = door
        self._composer = composer
        self._routing = routing
        self._api_url = settings.slack_api_url
        self._poll_seconds = settings.poll_seconds

    def register(self, app: AsyncApp) -> None:
        app.command(COMMAND)(self.run)

    async def run(
        self,
        ack: AsyncAck,
        context: AsyncBoltContext,
        body: Body,
        client: AsyncWebClient,
        respond: AsyncRespond,
    ) -> None:
        await ack()
        verb, words = parsed(str(body.get("text") or ""))
        match verb:
            case "compose":
                await self._composer.open(context, body, client, Start(mode=OutgoingMode.NEW))
                return
            case "search":
                shown = await self._search(context, body, client, words)
            case "status":
                shown = await self._status(context, body, client)
            case "route":
                await self._routing.show(context, body, client)
                return
            case "here":
                shown = await self._routing.here(context, body, client, words)
            case "emoji":
                shown = await self._routing.emoji(context, body, client, words)
            case "mute" | "unmute":
                shown = await self._routing.mute(context, body, words, on=verb == "mute")
            case "" | "help":
                shown = await self._mine(context, body, client)
            case _:
                shown = await self._mine(context, body, client, unknown=verb)
        await respond(
            text=shown.text,
            blocks=[dict(block) for block in shown.blocks],
            response_type="ephemeral",
            replace_original=False,
            unfurl_links=False,
        )

    async def _mine(
        self, context: AsyncBoltContext, body: Body, client: AsyncWebClient, unknown: str = ""
    ) -> Rendered:
        channels = await channels_of(client, user_of(body)[0])
        async with self._door.store.begin(workspace_of(context)) as uow:
            actor = await actor_of(uow, body)
            sight = await sight_of(uow, channels)
            wanted = ConversationFilter(
                status=ConversationStatus.OPEN, assignee_id=actor.teammate_id, snoozed=False
            )
            found = await uow.conversations.page(
                sight.limit(wanted), before=None, limit=inbox.MOST_LINES + 1
            )
            lines = await lines_of(uow, sight, found[: inbox.MOST_LINES], self._api_url)
        return inbox.mine(lines, more=len(found) > len(lines), unknown=unknown)

    async def _search(
        self, context: AsyncBoltContext, body: Body, client: AsyncWebClient, query: str
    ) -> Rendered:
        if not query:
            return inbox.nothing_to_search()
        channels = await channels_of(client, user_of(body)[0])
        async with self._door.store.begin(workspace_of(context)) as uow:
            sight = await sight_of(uow, channels)
            found = await uow.conversations.page(
                sight.limit(ConversationFilter(query=query)),
                before=None,
                limit=inbox.MOST_LINES + 1,
            )
            lines = await lines_of(uow, sight, found[: inbox.MOST_LINES], self._api_url)
        return inbox.found(query, lines, more=len(found) > len(lines))

    async def _status(
        self, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> Rendered:
        channels = await channels_of(client, user_of(body)[0])
        async with self._door.store.begin(workspace_of(context)) as uow:
            sight = await sight_of(uow, channels)
            findings, more = await health_in(
                uow,
                sight,
                self._door.clock.now(),
                poll_seconds=self._poll_seconds,
                limit=inbox.MOST_ACCOUNTS,
            )
        return inbox.status(findings, more=more)


def parsed(text: str) -> tuple[str, str]:
    """The verb and what follows it. Slack escapes three characters of what people type."""
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    verb, _, words = typed(text).strip().partition(" ")
    return verb.lower(), " ".join(words.split())[:_LONGEST_QUERY]
