"""Who asks, on behalf of which workspace, and whether we have acted on this delivery before."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.context.async_context import AsyncBoltContext

from app.core.access import Actor, Origin
from app.core.clock import Clock
from app.core.errors import NotAllowed
from app.core.faults import faultpoint
from app.core.ids import SlackUserId, TeammateId, WorkspaceId
from app.slack.installations import Installations
from app.store.unit_of_work import Store, UnitOfWork

_WORKSPACE = "sharedbox_workspace_id"


Effect = Callable[[UnitOfWork, Actor], Awaitable[object]]
"""What a delivery causes, in its transaction."""


class Door:
    """What listeners need; one for the whole app."""

    def __init__(self, store: Store, clock: Clock, installations: Installations) -> None:
        self.store = store
        self.clock = clock
        self._installations = installations

    async def identify(
        self,
        context: AsyncBoltContext,
        body: Mapping[str, Any],
        next_: Callable[[], Awaitable[None]],
    ) -> None:
        """Note the workspace of the request. Bolt has verified its signature already."""
        installation = await self._installations.of_team(
            _team_of(body) or context.team_id, context.enterprise_id
        )
        if installation is not None:
            context[_WORKSPACE] = installation.workspace_id
        await next_()

    async def act(self, context: AsyncBoltContext, body: Mapping[str, Any], do: Effect) -> None:
        """Do what a delivery asks for, unless it was done before.

        The key of the delivery commits with its effect, so a delivery that failed may come again,
        and one that succeeded does nothing the second time. (docs.slack.dev/apis/events-api)
        """
        async with self.store.begin(workspace_of(context)) as uow:
            user_id, name = user_of(body)
            teammate_id = await uow.slack_requests.first_time_by(_key(body), user_id, name)
            if teammate_id is not None:
                await do(uow, _actor(uow, teammate_id, name))
            await uow.session.flush()
            faultpoint("K17")
        faultpoint("K18")


def workspace_of(context: AsyncBoltContext) -> WorkspaceId:
    """Raises `NotAllowed` where SharedBox is not installed in the workspace."""
    workspace_id = known_workspace_of(context)
    if workspace_id is None:
        raise NotAllowed("SharedBox is not connected to this workspace.")
    return workspace_id


def known_workspace_of(context: AsyncBoltContext) -> WorkspaceId | None:
    """None where SharedBox is not installed in the workspace."""
    return context.get(_WORKSPACE)


async def actor_of(uow: UnitOfWork, body: Mapping[str, Any]) -> Actor:
    """The teammate who did what a delivery tells of."""
    user_id, name = user_of(body)
    teammate = await uow.teammates.by_slack_user(user_id, name)
    return _actor(uow, teammate.id, name)


def user_of(body: Mapping[str, Any]) -> tuple[SlackUserId, str]:
    """Who did it, by id and by name: a command says that in words of its own."""
    user = body.get("user") or {"id": body.get("user_id"), "name": body.get("user_name")}
    user_id = SlackUserId(str(user.get("id") or ""))
    return user_id, str(user.get("name") or user.get("username") or user_id)


def _actor(uow: UnitOfWork, teammate_id: TeammateId, name: str) -> Actor:
    return Actor(uow.workspace_id, Origin.SLACK, teammate_id=teammate_id, name=name)


def _team_of(body: Mapping[str, Any]) -> str | None:
    team = body.get("team")
    return team.get("id") if isinstance(team, dict) else None


def _key(body: Mapping[str, Any]) -> str:
    """What stays the same when Slack delivers the same thing again."""
    if "event_id" in body:
        return str(body["event_id"])
    view = body.get("view") or {}
    if body.get("type") in {"view_submission", "view_closed"}:
        return f"{body['type']}:{view.get('id')}:{view.get('hash')}"
    if trigger := body.get("trigger_id"):
        return str(trigger)
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()
