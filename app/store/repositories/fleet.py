"""The few questions that are asked of all workspaces at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.ids import AccountId, ChannelId, WorkspaceId, new_id
from app.store.models import (
    Account,
    AccountState,
    APIKey,
    Channel,
    EventCounter,
    IdempotencyRecord,
    Installation,
    Mailbox,
    Post,
    PostState,
    SlackRequest,
    Workspace,
)

_DEFAULT_WORKSPACE_LOCK: Final = 0x5B0C_0002


@dataclass(frozen=True, slots=True)
class AccountRef:
    workspace_id: WorkspaceId
    account_id: AccountId


class Fleet:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def default_workspace(self) -> WorkspaceId:
        """The oldest workspace; made at the first call, before any Slack is connected."""
        await self._session.exec(select(func.pg_advisory_xact_lock(_DEFAULT_WORKSPACE_LOCK)))
        statement = select(Workspace).order_by(col(Workspace.created_at)).limit(1)
        workspace = (await self._session.exec(statement)).one_or_none()
        if workspace is None:
            workspace = Workspace(id=WorkspaceId(new_id()))
            self._session.add(workspace)
            await self._session.flush()
            self._session.add(EventCounter(workspace_id=workspace.id))
        return workspace.id

    async def workspace(self, workspace_id: WorkspaceId) -> Workspace:
        return await self._session.get_one(Workspace, workspace_id)

    async def installation_of(self, team_id: str) -> Installation | None:
        statement = select(Installation).where(Installation.team_id == team_id)
        return (await self._session.exec(statement)).one_or_none()

    async def api_key(self, prefix: str) -> APIKey | None:
        statement = select(APIKey).where(APIKey.prefix == prefix, col(APIKey.revoked_at).is_(None))
        return (await self._session.exec(statement)).one_or_none()

    async def note_use(self, key: APIKey) -> None:
        """Remember when a key was last used, to the minute."""
        await self._session.exec(
            update(APIKey)
            .where(
                col(APIKey.workspace_id) == key.workspace_id,
                col(APIKey.id) == key.id,
                func.coalesce(col(APIKey.last_used_at), func.to_timestamp(0))
                < func.now() - timedelta(minutes=1),
            )
            .values(last_used_at=func.now())
        )

    async def accounts(self) -> Sequence[AccountRef]:
        statement = select(Account.workspace_id, Account.id).order_by(col(Account.id))
        rows = await self._session.exec(statement)
        return [AccountRef(WorkspaceId(team), AccountId(account)) for team, account in rows]

    async def raise_fence(self, ref: AccountRef) -> int | None:
        """A new fence for an account we have just taken; None where it was removed meanwhile."""
        statement = (
            update(Account)
            .where(col(Account.workspace_id) == ref.workspace_id, col(Account.id) == ref.account_id)
            .values(fence=Account.fence + 1)
            .returning(col(Account.fence))
        )
        return (await self._session.exec(statement)).scalar_one_or_none()

    async def channels_with_work(self) -> Sequence[tuple[WorkspaceId, ChannelId]]:
        """Channels in which a post waits or is stale. A job for each should exist already."""
        statement = (
            select(Post.workspace_id, Post.channel_id)
            .where(
                col(Post.state).in_((PostState.WAITING, PostState.CLAIMED))
                | ((col(Post.state) == PostState.SENT) & (col(Post.wanted) > col(Post.shown)))
            )
            .distinct()
        )
        rows = await self._session.exec(statement)
        return [(WorkspaceId(team), ChannelId(channel)) for team, channel in rows]

    async def forget_old(self, *, requests: timedelta, answers: timedelta) -> None:
        """Drop what was kept only to recognise repetitions."""
        await self._session.exec(
            delete(SlackRequest).where(col(SlackRequest.seen_at) < func.now() - requests)
        )
        await self._session.exec(
            delete(IdempotencyRecord).where(
                col(IdempotencyRecord.created_at) < func.now() - answers
            )
        )

    async def save_channel(self, workspace_id: WorkspaceId, channel_id: ChannelId) -> None:
        await self._session.exec(
            insert(Channel)
            .values(workspace_id=workspace_id, id=channel_id, state="open", detail="")
            .on_conflict_do_nothing()
        )

    async def accounts_by_state(self) -> dict[AccountState, int]:
        statement = select(Account.state, func.count()).group_by(col(Account.state))
        rows = await self._session.exec(statement)
        return {AccountState(state): count for state, count in rows}

    async def missing(self) -> int:
        """UIDs that servers showed and no ledger has settled."""
        statement = select(func.coalesce(func.sum(Mailbox.missing), 0)).where(
            col(Mailbox.watched).is_(True)
        )
        return int((await self._session.exec(statement)).one())
