"""The workspaces that one installation of SharedBox serves, and which Slack each belongs to."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import String, cast, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.ids import WorkspaceId, new_id
from app.store.models import EventCounter, Installation, Workspace

_DEFAULT_WORKSPACE_LOCK: Final = 0x5B0C_0002


class Tenants:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def default_workspace(self) -> WorkspaceId:
        """The oldest workspace; made at the first call, before any Slack is connected.

        One that is being erased is no more, and after the last one another begins.
        """
        statement = (
            select(Workspace)
            .where(col(Workspace.erasing_since).is_(None))
            .order_by(col(Workspace.created_at))
            .limit(1)
        )
        workspace = (await self._session.exec(statement)).one_or_none()
        if workspace is None:
            await self._session.exec(select(func.pg_advisory_xact_lock(_DEFAULT_WORKSPACE_LOCK)))
            workspace = (await self._session.exec(statement)).one_or_none()
        if workspace is None:
            workspace = Workspace(id=WorkspaceId(new_id()))
            self._session.add(workspace)
            await self._session.flush()
            self._session.add(EventCounter(workspace_id=workspace.id))
        return workspace.id

    async def workspace_of_team(self, team_id: str, *, is_named: bool) -> WorkspaceId:
        """The tenant of a Slack workspace: its own, the one that has none yet, or a new one.

        Only one that whoever runs SharedBox named gets what is there already. It is that team's
        from then on, so of several who ask at once all are answered the same.
        """
        if is_named:
            holder = await self.give_to_team(await self.default_workspace(), team_id)
        else:
            holder = await self._holder(team_id)
        if holder is not None:
            return holder
        workspace = Workspace(id=WorkspaceId(new_id()), slack_team_id=team_id)
        self._session.add(workspace)
        await self._session.flush()
        self._session.add(EventCounter(workspace_id=workspace.id))
        return workspace.id

    async def give_to_team(self, workspace_id: WorkspaceId, team_id: str) -> WorkspaceId | None:
        """The tenant of a Slack workspace: its own, else this one, if it belongs to none yet.

        None where this one belongs to another, or is being erased.
        """
        if (holder := await self._holder(team_id)) is not None:
            return holder
        workspace = await self._session.get(
            Workspace, workspace_id, with_for_update=True, populate_existing=True
        )
        if workspace is None or workspace.erasing_since or workspace.slack_team_id is not None:
            return None
        workspace.slack_team_id = team_id
        await self._session.flush()
        return workspace_id

    async def _holder(self, team_id: str) -> WorkspaceId | None:
        """As `tenant_of_team`; nobody gives the team another tenant until we commit."""
        await self._session.exec(select(func.pg_advisory_xact_lock(_DEFAULT_WORKSPACE_LOCK)))
        return await self.tenant_of_team(team_id)

    async def tenant_of_team(self, team_id: str) -> WorkspaceId | None:
        statement = select(Workspace.id).where(Workspace.slack_team_id == team_id)
        found = (await self._session.exec(statement)).one_or_none()
        return None if found is None else WorkspaceId(found)

    async def is_without_slack(self) -> bool:
        """Whether no workspace of Slack was ever connected."""
        statement = select(Workspace.id).where(col(Workspace.slack_team_id).is_not(None)).limit(1)
        return (await self._session.exec(statement)).first() is None

    async def workspaces(self) -> Sequence[WorkspaceId]:
        return [WorkspaceId(id_) for id_ in await self._session.exec(select(Workspace.id))]

    async def workspace(self, workspace_id: WorkspaceId) -> Workspace:
        return await self._session.get_one(Workspace, workspace_id)

    async def named(self, words: str) -> Sequence[Workspace]:
        """Those of this id, Slack id or name, and those that are being erased among them."""
        has_name = col(Workspace.name) != ""
        is_named = has_name & (func.lower(col(Workspace.name)) == words.lower())
        statement = (
            select(Workspace)
            .where(
                is_named
                | (col(Workspace.slack_team_id) == words)
                | (cast(col(Workspace.id), String) == words.lower())
            )
            .order_by(col(Workspace.created_at))
        )
        return (await self._session.exec(statement)).all()

    async def all_of_them(self) -> Sequence[Workspace]:
        """The oldest first, without those of which an erasure left the bare row."""
        is_more = col(Workspace.erasing_since).is_(None) | (col(Workspace.name) != "")
        statement = select(Workspace).where(is_more).order_by(col(Workspace.created_at))
        return (await self._session.exec(statement)).all()

    async def erasing(self, *, for_longer_than: timedelta) -> Sequence[WorkspaceId]:
        """The workspaces that somebody began to erase so long ago."""
        before = func.now() - for_longer_than
        statement = select(Workspace.id).where(col(Workspace.erasing_since) < before)
        return [WorkspaceId(id_) for id_ in await self._session.exec(statement)]

    async def installation_of(self, team_id: str) -> Installation | None:
        statement = select(Installation).where(Installation.team_id == team_id)
        return (await self._session.exec(statement)).one_or_none()

    async def installed_workspaces(self) -> Sequence[WorkspaceId]:
        """The workspaces that our app is, or was, installed in."""
        statement = select(Installation.workspace_id).order_by(col(Installation.workspace_id))
        return [WorkspaceId(id_) for id_ in (await self._session.exec(statement)).all()]
