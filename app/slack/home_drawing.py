"""What the Home tab of one person shows: read from our rows, within the channels they are in."""

from datetime import datetime
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from app.core.clock import Clock
from app.core.config import Settings
from app.core.ids import ChannelId, SlackUserId, WorkspaceId
from app.slack.gate import Gate
from app.slack.mailbox_lines import mailbox_lines
from app.slack.views import home
from app.slack.views.ruling import MOST_RULES
from app.slack.views.settings import Settings as PersonalSettings
from app.slack.worklist import Sight, first_of, lines_of, lists_of, rule_lines, sight_of
from app.store.models import Teammate
from app.store.repositories.conversations import ConversationFilter
from app.store.unit_of_work import Store, UnitOfWork


class HomeDrawing:
    def __init__(self, store: Store, clock: Clock, gate: Gate, settings: Settings) -> None:
        self._store = store
        self._clock = clock
        self._gate = gate
        self._settings = settings

    async def view(
        self,
        client: AsyncWebClient,
        workspace_id: WorkspaceId,
        user_id: SlackUserId,
        name: str,
        channels: frozenset[ChannelId],
    ) -> dict[str, Any]:
        """Raises `NotAllowed` where Slack does not say who they are."""
        is_admin = user_id in self._settings.admins or await self._gate.is_admin(
            client, workspace_id, user_id
        )
        now = self._clock.now()
        async with self._store.begin(workspace_id) as uow:
            shown = await self._read(uow, user_id, name, channels, now, is_admin=is_admin)
        return home.view(shown, now)

    async def _read(
        self,
        uow: UnitOfWork,
        user_id: SlackUserId,
        user_name: str,
        channels: frozenset[ChannelId],
        now: datetime,
        *,
        is_admin: bool,
    ) -> home.Home:
        me = await uow.teammates.by_slack_user(user_id, user_name)
        sight = await sight_of(uow, channels)
        parts = {name: await self._part(uow, sight, one) for name, one in lists_of(me.id).items()}
        mailboxes, more, rules = None, 0, None
        if is_admin:
            mailboxes, more = await mailbox_lines(uow, self._settings, now)
            rules = await rule_lines(uow)
        return home.Home(
            mine=parts["mine"],
            unassigned=parts["unassigned"],
            waiting=_joined(parts["overdue"], parts["waiting"]),
            snoozed=parts["snoozed"],
            has_accounts=bool(sight.accounts) or any(one.count for one in parts.values()),
            settings=await _settings(uow, me),
            mailboxes=mailboxes,
            more_mailboxes=more,
            connect=f"{self._settings.base_url.rstrip('/')}/connect",
            rules=None if rules is None else rules[:MOST_RULES],
            rule_count=len(rules or ()),
        )

    async def _part(self, uow: UnitOfWork, sight: Sight, wanted: ConversationFilter) -> home.Part:
        found, count = await first_of(
            uow, sight, wanted, limit=home.MOST_LINES, most=home.MOST_COUNTED
        )
        return home.Part(await lines_of(uow, sight, found, self._settings.slack_api_url), count)


def _joined(first: home.Part, then: home.Part) -> home.Part:
    lines = [*first.lines, *then.lines][: home.MOST_LINES]
    return home.Part(lines, min(first.count + then.count, home.MOST_COUNTED))


async def _settings(uow: UnitOfWork, me: Teammate) -> PersonalSettings:
    signature = await uow.signatures.exactly(None, me.id)
    return PersonalSettings(
        signature.text if signature else "",
        me.quiet_about,
        has_summary=me.summary_at is not None,
    )
