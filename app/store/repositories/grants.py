"""Grants of providers, and the sign-ins that make them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import NotFound
from app.core.ids import AccountId, GrantId, SignInId, WorkspaceId
from app.store.models import Account, Grant, GrantState, SignIn
from app.store.repositories.base import Repository


class Grants(Repository):
    def add(self, grant: Grant) -> None:
        self._session.add(grant)

    async def get(self, grant_id: GrantId) -> Grant:
        """Raises `NotFound`."""
        grant = await self._session.get(Grant, (self._workspace_id, grant_id))
        if grant is None:
            raise NotFound("There is no such sign-in.", fix="Begin it anew.")
        return grant

    async def lock(self, grant_id: GrantId) -> Grant:
        """The grant, held against other changes until we commit. Raises `NotFound`."""
        statement = (
            select(Grant)
            .where(Grant.workspace_id == self._workspace_id, Grant.id == grant_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        grant = (await self._session.exec(statement)).one_or_none()
        if grant is None:
            raise NotFound("There is no such sign-in.", fix="Begin it anew.")
        return grant

    async def of_accounts(self, accounts: Sequence[Account]) -> dict[AccountId, Grant]:
        ids = {one.grant_id: one.id for one in accounts if one.grant_id is not None}
        if not ids:
            return {}
        statement = select(Grant).where(
            Grant.workspace_id == self._workspace_id, col(Grant.id).in_(list(ids))
        )
        return {ids[one.id]: one for one in await self._session.exec(statement)}

    async def accounts_of(self, grant_id: GrantId) -> Sequence[Account]:
        statement = select(Account).where(
            Account.workspace_id == self._workspace_id, Account.grant_id == grant_id
        )
        return (await self._session.exec(statement)).all()

    async def delete(self, grant_id: GrantId) -> None:
        await self._session.exec(
            delete(Grant).where(
                col(Grant.workspace_id) == self._workspace_id, col(Grant.id) == grant_id
            )
        )

    async def time(self) -> datetime:
        """The database's clock, by which all workers go."""
        return (await self._session.exec(select(func.now()))).one()

    def add_sign_in(self, sign_in: SignIn) -> None:
        self._session.add(sign_in)

    async def lock_sign_in(self, sign_in_id: SignInId) -> SignIn:
        """Raises `NotFound`."""
        statement = (
            select(SignIn)
            .where(SignIn.workspace_id == self._workspace_id, SignIn.id == sign_in_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found = (await self._session.exec(statement)).one_or_none()
        if found is None:
            raise NotFound("There is no such sign-in.", fix="Begin it anew.")
        return found

    async def use_sign_in(self, sign_in_id: SignInId) -> bool:
        """Use it up; answers whether it was still to be used. Nobody can do so twice."""
        statement = (
            update(SignIn)
            .where(
                col(SignIn.workspace_id) == self._workspace_id,
                col(SignIn.id) == sign_in_id,
                col(SignIn.used_at).is_(None),
                col(SignIn.expires_at) > func.now(),
            )
            .values(used_at=func.now(), state_digest=None)
            .returning(col(SignIn.id))
        )
        return (await self._session.exec(statement)).scalar_one_or_none() is not None

    async def forget_oldest(self, grant_id: GrantId, *, keep: int) -> None:
        """Drop sign-ins that were begun and not ended, but for the latest ones."""
        kept = (
            select(SignIn.id)
            .where(
                SignIn.workspace_id == self._workspace_id,
                SignIn.grant_id == grant_id,
                col(SignIn.used_at).is_(None),
            )
            .order_by(col(SignIn.id).desc())
            .limit(keep)
        )
        await self._session.exec(
            delete(SignIn).where(
                col(SignIn.workspace_id) == self._workspace_id,
                col(SignIn.grant_id) == grant_id,
                col(SignIn.used_at).is_(None),
                col(SignIn.id).not_in(kept),
            )
        )


@dataclass(frozen=True, slots=True)
class GrantRef:
    workspace_id: WorkspaceId
    grant_id: GrantId


@dataclass(frozen=True, slots=True)
class LockedOut:
    """An account whose provider takes our tokens no more."""

    workspace_id: WorkspaceId
    account_id: AccountId


class GrantsEverywhere:
    """What is asked of the grants of all workspaces at once.

    Whoever comes back from a provider brings no key that would name the workspace.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def due(self, *, within: timedelta, limit: int = 50) -> list[GrantRef]:
        """Those whose tokens end soon and which nobody is renewing, the most urgent first."""
        statement = (
            select(Grant.workspace_id, Grant.id)
            .where(
                col(Grant.state) == GrantState.ACTIVE,
                col(Grant.expires_at) < func.now() + within,
                or_(col(Grant.retry_at).is_(None), col(Grant.retry_at) <= func.now()),
                or_(col(Grant.leased_until).is_(None), col(Grant.leased_until) <= func.now()),
            )
            .order_by(col(Grant.expires_at))
            .limit(limit)
        )
        rows = await self._session.exec(statement)
        return [GrantRef(WorkspaceId(team), GrantId(grant)) for team, grant in rows]

    async def locked_out(self) -> list[LockedOut]:
        """Accounts that somebody has to sign in for again."""
        statement = (
            select(Account.workspace_id, Account.id)
            .join(
                Grant,
                (col(Grant.workspace_id) == Account.workspace_id)
                & (col(Grant.id) == Account.grant_id),
            )
            .where(col(Grant.state) == GrantState.DEAD, col(Account.paused_at).is_(None))
        )
        rows = await self._session.exec(statement)
        return [LockedOut(WorkspaceId(team), AccountId(account)) for team, account in rows]

    async def sign_in_by_ticket(self, digest: bytes) -> SignIn | None:
        statement = select(SignIn).where(SignIn.ticket_digest == digest)
        return (await self._session.exec(statement)).one_or_none()

    async def sign_in_by_state(self, digest: bytes) -> SignIn | None:
        statement = select(SignIn).where(SignIn.state_digest == digest)
        return (await self._session.exec(statement)).one_or_none()

    async def account(self, account_id: AccountId) -> Account | None:
        statement = select(Account).where(Account.id == account_id)
        return (await self._session.exec(statement)).one_or_none()

    async def forget(self, *, older: timedelta) -> None:
        """Drop sign-ins that are over, and grants that no account was made of."""
        await self._session.exec(delete(SignIn).where(col(SignIn.expires_at) < func.now() - older))
        used = select(Account.grant_id).where(col(Account.grant_id).is_not(None))
        await self._session.exec(
            delete(Grant).where(
                col(Grant.created_at) < func.now() - older, col(Grant.id).not_in(used)
            )
        )
