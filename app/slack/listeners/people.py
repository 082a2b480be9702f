"""People who leave: switched off in Slack, or made guests, they lose the admin at once.

Slack tells of every change to anybody's profile. Most are settled by a look at the event alone.
Where an event is missed, those who signed in by Slack are asked about within the hour
(`web.admin.vouching`). (docs.slack.dev/reference/events/user_change)
"""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from app.core.ids import SlackUserId
from app.slack.installations import Installations
from app.slack.members import Members, standing
from app.slack.middleware import Door, workspace_of
from app.team.members import suspend

Body = Mapping[str, Any]


class People:
    def __init__(self, door: Door, members: Members, installations: Installations) -> None:
        self._door = door
        self._members = members
        self._installations = installations

    def register(self, app: AsyncApp) -> None:
        app.event("user_change")(self.changed)

    async def changed(self, context: AsyncBoltContext, body: Body) -> None:
        user, workspace_id = body["event"].get("user"), workspace_of(context)
        if not isinstance(user, dict):
            return  # of whom it does not say more, nothing has changed that we would act on
        user_id = SlackUserId(str(user.get("id") or ""))
        self._members.forget((workspace_id, user_id))
        home = await self._installations.home_of(workspace_id)
        why = standing(user, home.team_id, home.enterprise_id).why_not_a_member
        if not why:
            return
        async with self._door.store.begin(workspace_id) as uow:
            for teammate in await uow.teammates.of_slack_users([user_id]):
                await suspend(uow, teammate.id, why, now=self._door.clock.now())
