"""Logins, sessions and invitations of one workspace, and failed attempts to sign in."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.core.access import Role
from app.core.errors import NotFound
from app.core.ids import InvitationId, SessionId, TeammateId
from app.store.models import BrowserSession, Invitation, Login, SignInAttempts, Teammate
from app.store.repositories.base import Repository


class Members(Repository):
    def add(self, row: Login | BrowserSession | Invitation | Teammate) -> None:
        self._session.add(row)

    async def lock(self, teammate_id: TeammateId) -> Teammate:
        """The teammate, held until we commit. Raises `NotFound`."""
        statement = (
            select(Teammate)
            .where(Teammate.workspace_id == self._workspace_id, Teammate.id == teammate_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        found = (await self._session.exec(statement)).one_or_none()
        if found is None:
            raise NotFound("There is no such teammate.")
        return found

    async def lock_owners(self) -> Sequence[Teammate]:
        """Those who own the workspace and may sign in, held until we commit."""
        statement = (
            select(Teammate)
            .where(
                Teammate.workspace_id == self._workspace_id,
                Teammate.role == Role.OWNER,
                col(Teammate.barred_at).is_(None),
            )
            .order_by(col(Teammate.id))
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.exec(statement)).all()

    async def login(self, teammate_id: TeammateId) -> Login | None:
        return await self._session.get(Login, (self._workspace_id, teammate_id))

    async def lock_login(self, teammate_id: TeammateId) -> Login | None:
        """Their login, held until we commit, and as it is now."""
        statement = (
            select(Login)
            .where(Login.workspace_id == self._workspace_id, Login.teammate_id == teammate_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.exec(statement)).one_or_none()

    async def logins(self, ids: Sequence[TeammateId]) -> dict[TeammateId, Login]:
        statement = select(Login).where(
            Login.workspace_id == self._workspace_id, col(Login.teammate_id).in_(ids)
        )
        return {one.teammate_id: one for one in (await self._session.exec(statement)).all()}

    async def email_is_taken(self, email: str) -> bool:
        statement = select(Login.teammate_id).where(func.lower(Login.email) == email.lower())
        return (await self._session.exec(statement)).first() is not None

    async def sessions(self, teammate_id: TeammateId, *, seen_after: datetime, now: datetime) -> (
        Sequence[BrowserSession]
    ):  # fmt: skip
        """Those that are not over, the latest used first."""
        statement = (
            select(BrowserSession)
            .where(
                BrowserSession.workspace_id == self._workspace_id,
                BrowserSession.teammate_id == teammate_id,
                col(BrowserSession.expires_at) > now,
                col(BrowserSession.seen_at) > seen_after,
            )
            .order_by(col(BrowserSession.seen_at).desc())
            .limit(100)
        )
        return (await self._session.exec(statement)).all()

    async def end_session(self, teammate_id: TeammateId, session_id: SessionId) -> bool:
        """Whether there was such a session of theirs."""
        ended = await self._session.exec(
            delete(BrowserSession).where(
                col(BrowserSession.workspace_id) == self._workspace_id,
                col(BrowserSession.teammate_id) == teammate_id,
                col(BrowserSession.id) == session_id,
            )
        )
        return bool(ended.rowcount)

    async def end_sessions(
        self,
        teammate_id: TeammateId,
        *,
        but: SessionId | None = None,
        begun_by: str | None = None,
    ) -> int:
        """How many were ended. `begun_by`: only those that were begun so."""
        statement = delete(BrowserSession).where(
            col(BrowserSession.workspace_id) == self._workspace_id,
            col(BrowserSession.teammate_id) == teammate_id,
        )
        if but is not None:
            statement = statement.where(col(BrowserSession.id) != but)
        if begun_by is not None:
            statement = statement.where(col(BrowserSession.signed_in_by) == begun_by)
        return int((await self._session.exec(statement)).rowcount)

    async def claim_question(
        self, session_id: SessionId, *, before: datetime, now: datetime
    ) -> bool:
        """Whether it is ours to ask Slack about this session: nobody did since `before`."""
        session = BrowserSession
        claimed = await self._session.exec(
            update(session)
            .where(
                col(session.workspace_id) == self._workspace_id,
                col(session.id) == session_id,
                func.coalesce(col(session.asked_at), col(session.created_at)) <= before,
            )
            .values(asked_at=now)
        )
        return bool(claimed.rowcount)

    async def note_vouched(self, session_id: SessionId, *, now: datetime) -> None:
        await self._session.exec(
            update(BrowserSession)
            .where(
                col(BrowserSession.workspace_id) == self._workspace_id,
                col(BrowserSession.id) == session_id,
            )
            .values(vouched_at=now)
        )

    async def lock_invitation(self, invitation_id: InvitationId) -> Invitation:
        """The invitation, held until we commit, and as it is now. Raises `NotFound`."""
        statement = (
            select(Invitation)
            .where(Invitation.workspace_id == self._workspace_id, Invitation.id == invitation_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found = (await self._session.exec(statement)).one_or_none()
        if found is None:
            raise NotFound("There is no such invitation.")
        return found

    async def withdraw_printed(self, note: str, *, but: InvitationId, now: datetime) -> None:
        """Have the links that SharedBox printed with this note work no more, but for one."""
        await self._session.exec(
            update(Invitation)
            .where(
                col(Invitation.workspace_id) == self._workspace_id,
                col(Invitation.invited_by_id).is_(None),
                col(Invitation.note) == note,
                col(Invitation.id) != but,
            )
            .values(revoked_at=now)
        )

    async def open_invitations(self, *, now: datetime) -> Sequence[Invitation]:
        """Those that can still be used, the newest first; not the ones SharedBox printed."""
        statement = (
            select(Invitation)
            .where(
                Invitation.workspace_id == self._workspace_id,
                col(Invitation.used_at).is_(None),
                col(Invitation.revoked_at).is_(None),
                col(Invitation.invited_by_id).is_not(None),
                col(Invitation.expires_at) > now,
            )
            .order_by(col(Invitation.id).desc())
            .limit(200)
        )
        return (await self._session.exec(statement)).all()

    async def attempt(self, key: bytes, *, now: datetime) -> SignInAttempts:
        """The record of attempts with this key, held until we commit; made where needed."""
        row = insert(SignInAttempts).values(
            workspace_id=self._workspace_id, key=key, failures=0, last_at=now, not_before=now
        )
        await self._session.exec(row.on_conflict_do_nothing())
        statement = (
            select(SignInAttempts)
            .where(SignInAttempts.workspace_id == self._workspace_id, SignInAttempts.key == key)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.exec(statement)).one()

    async def forget_attempts(self, keys: Sequence[bytes]) -> None:
        await self._session.exec(
            delete(SignInAttempts).where(
                col(SignInAttempts.workspace_id) == self._workspace_id,
                col(SignInAttempts.key).in_(keys),
            )
        )

    async def take_back_attempt(self, key: bytes) -> None:
        """One that was counted, and did not fail."""
        await self._session.exec(
            update(SignInAttempts)
            .where(
                col(SignInAttempts.workspace_id) == self._workspace_id,
                col(SignInAttempts.key) == key,
                col(SignInAttempts.failures) > 0,
            )
            .values(failures=SignInAttempts.failures - 1)
        )
