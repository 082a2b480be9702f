"""Who stands at the door of the admin: asked before their workspace is known."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.access import Role
from app.core.ids import WorkspaceId
from app.store.models import BrowserSession, Invitation, Login, SignInAttempts, Teammate

_SEEN_TO_THE: Final = timedelta(minutes=1)


class Door:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def login(self, email: str) -> tuple[Login, Teammate] | None:
        """Whoever signs in by this address, unless they are barred."""
        statement = (
            select(Login, Teammate)
            .join(
                Teammate,
                (col(Teammate.workspace_id) == col(Login.workspace_id))
                & (col(Teammate.id) == col(Login.teammate_id)),
            )
            .where(func.lower(Login.email) == email.lower(), col(Teammate.barred_at).is_(None))
        )
        return (await self._session.exec(statement)).one_or_none()

    async def session(
        self, digest: bytes, *, now: datetime, idle: timedelta
    ) -> tuple[BrowserSession, Teammate] | None:
        """The session that this belongs to, unless it is over, and whose it is."""
        statement = (
            select(BrowserSession, Teammate)
            .join(
                Teammate,
                (col(Teammate.workspace_id) == col(BrowserSession.workspace_id))
                & (col(Teammate.id) == col(BrowserSession.teammate_id)),
            )
            .where(
                BrowserSession.digest == digest,
                col(BrowserSession.expires_at) > now,
                col(BrowserSession.seen_at) > now - idle,
                col(Teammate.barred_at).is_(None),
            )
        )
        return (await self._session.exec(statement)).one_or_none()

    async def note_sight(self, session: BrowserSession, address: str, *, now: datetime) -> None:
        """Remember when and where a session was last used, to the minute."""
        await self._session.exec(
            update(BrowserSession)
            .where(
                col(BrowserSession.workspace_id) == session.workspace_id,
                col(BrowserSession.id) == session.id,
                col(BrowserSession.seen_at) < now - _SEEN_TO_THE,
            )
            .values(seen_at=now, address=address)
        )

    async def invitation(self, digest: bytes, *, now: datetime) -> Invitation | None:
        """The invitation with this secret, unless it is used, revoked or too old."""
        statement = select(Invitation).where(
            Invitation.digest == digest,
            col(Invitation.used_at).is_(None),
            col(Invitation.revoked_at).is_(None),
            col(Invitation.expires_at) > now,
        )
        return (await self._session.exec(statement)).one_or_none()

    async def has_owner(self, workspace_id: WorkspaceId) -> bool:
        """Whether anybody could sign in to this workspace as its owner."""
        statement = (
            select(Teammate.id)
            .where(
                Teammate.workspace_id == workspace_id,
                Teammate.role == Role.OWNER,
                col(Teammate.barred_at).is_(None),
            )
            .limit(1)
        )
        return (await self._session.exec(statement)).first() is not None

    async def forget_old(self, before: datetime) -> None:
        """Drop sessions, invitations and attempts that were over by then."""
        for statement in (
            delete(BrowserSession).where(col(BrowserSession.expires_at) < before),
            delete(Invitation).where(col(Invitation.expires_at) < before),
            delete(SignInAttempts).where(col(SignInAttempts.last_at) < before),
        ):
            await self._session.exec(statement)
