"""The app's Home tab: drawn for whoever opens it, and when they press Refresh.

(docs.slack.dev/surfaces/app-home)
"""

from collections.abc import Mapping
from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.core.config import Settings
from app.core.errors import SharedBoxError
from app.core.ids import ChannelId, SlackUserId, TeammateId
from app.core.logging import get_logger
from app.slack.composer import Composer, Start
from app.slack.errors import words
from app.slack.gate import Gate
from app.slack.middleware import Door, user_of, workspace_of
from app.slack.people import channels_of
from app.slack.views import home
from app.slack.views.ruling import MOST_RULES
from app.slack.worklist import Sight, health_in, lines_of, rule_lines, sight_of, whole_sight
from app.store.models import ConversationStatus, OutgoingMode
from app.store.repositories.conversations import ConversationFilter
from app.store.unit_of_work import UnitOfWork

_NOT_SHOWN: Final = frozenset({"hash_conflict", "not_enabled"})
"""A newer one is there already; the tab is turned off."""
Body = Mapping[str, Any]
log = get_logger(__name__)


class HomeTab:
    def __init__(self, door: Door, gate: Gate, composer: Composer, settings: Settings) -> None:
        self._door = door
        self._gate = gate
        self._composer = composer
        self._settings = settings

    def register(self, app: AsyncApp) -> None:
        app.event("app_home_opened")(self.opened)
        app.action(home.REFRESH)(self.refresh)
        app.action(home.COMPOSE)(self.compose)
        app.action(home.OPEN)(self.open)

    async def opened(self, context: AsyncBoltContext, body: Body, client: AsyncWebClient) -> None:
        event = body["event"]
        if event.get("tab") == "home":
            user_id = SlackUserId(str(event["user"]))
            await self.publish(context, client, user_id, user_id, event.get("view"))

    async def refresh(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        await ack()
        await self.publish(context, client, *user_of(body), body.get("view"))

    async def compose(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        await ack()
        await self._composer.open(context, body, client, Start(mode=OutgoingMode.NEW))

    async def open(self, ack: AsyncAck) -> None:
        """Slack follows the button's link by itself, and wants to be answered all the same."""
        await ack()

    async def publish(
        self,
        context: AsyncBoltContext,
        client: AsyncWebClient,
        user_id: SlackUserId,
        name: str,
        shown: Mapping[str, Any] | None,
    ) -> None:
        """Draw it for one person, unless somebody has drawn a newer one than is `shown`."""
        try:
            channels = await channels_of(client, user_id)
            is_admin = user_id in self._settings.admins or await self._gate.is_admin(
                client, workspace_of(context), user_id
            )
            view = home.view(await self._read(context, user_id, name, channels, is_admin=is_admin))
        except SharedBoxError as error:
            view = home.told(words(error))
        known = {"hash": shown["hash"]} if shown and shown.get("hash") else {}
        try:
            await client.views_publish(user_id=user_id, view=view, **known)
        except SlackApiError as error:
            if error.response.get("error") not in _NOT_SHOWN:
                raise
            log.info("slack.home_not_shown", code=error.response.get("error"))

    async def _read(
        self,
        context: AsyncBoltContext,
        user_id: SlackUserId,
        user_name: str,
        channels: frozenset[ChannelId],
        *,
        is_admin: bool,
    ) -> home.Home:
        async with self._door.store.begin(workspace_of(context)) as uow:
            me = (await uow.teammates.by_slack_user(user_id, user_name)).id
            sight = await sight_of(uow, channels)
            lists = _lists(me)
            parts = {name: await self._part(uow, sight, one) for name, one in lists.items()}
            mailboxes, more = None, 0
            rules = await rule_lines(uow) if is_admin else None
            if is_admin:
                mailboxes, more = await health_in(
                    uow,
                    await whole_sight(uow, channels),
                    self._door.clock.now(),
                    poll_seconds=self._settings.poll_seconds,
                    limit=home.MOST_ACCOUNTS,
                )
        return home.Home(
            mine=parts["mine"],
            unassigned=parts["unassigned"],
            waiting=parts["waiting"],
            snoozed=parts["snoozed"],
            has_accounts=bool(sight.accounts) or any(one.count for one in parts.values()),
            mailboxes=mailboxes,
            more_mailboxes=more,
            rules=None if rules is None else rules[:MOST_RULES],
            rule_count=len(rules or ()),
        )

    async def _part(self, uow: UnitOfWork, sight: Sight, wanted: ConversationFilter) -> home.Part:
        wanted = sight.limit(wanted)
        if wanted.waiting_with_others_than is None:
            found = await uow.conversations.page(wanted, before=None, limit=home.MOST_LINES)
        else:
            found = await uow.conversations.longest_waiting(wanted, limit=home.MOST_LINES)
        count = len(found)
        if count == home.MOST_LINES:
            count = await uow.conversations.count(wanted, limit=home.MOST_COUNTED)
        return home.Part(await lines_of(uow, sight, found, self._settings.slack_api_url), count)


def _lists(me: TeammateId) -> dict[str, ConversationFilter]:
    is_open = ConversationStatus.OPEN
    return {
        "mine": ConversationFilter(status=is_open, assignee_id=me, snoozed=False),
        "unassigned": ConversationFilter(status=is_open, unassigned=True, snoozed=False),
        "waiting": ConversationFilter(status=is_open, waiting_with_others_than=me, snoozed=False),
        "snoozed": ConversationFilter(status=is_open, snoozed=True, snoozed_by_id=me),
    }
