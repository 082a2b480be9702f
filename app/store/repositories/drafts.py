"""Drafts, and who is writing just now. All times here are the database's."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, or_, update
from sqlmodel import col, select

from app.core.errors import NotFound
from app.core.ids import AccountId, ConversationId, DraftId, TeammateId
from app.store.bulk import is_any
from app.store.models import Draft, Outgoing, OutgoingState
from app.store.repositories.base import Repository

_CAME_BACK = (OutgoingState.CANCELLED, OutgoingState.FAILED)
"""A mail that did not leave: its draft is one again."""


class Drafts(Repository):
    async def add(self, draft: Draft) -> None:
        self._session.add(draft)
        await self._session.flush()
        await self._session.refresh(draft)

    async def get(self, draft_id: DraftId) -> Draft:
        """Raises `NotFound`."""
        draft = await self._session.get(Draft, (self._workspace_id, draft_id))
        if draft is None:
            raise NotFound("There is no such draft.")
        return draft

    async def lock(self, draft_id: DraftId) -> Draft:
        """The draft, held against other changes until we commit. Raises `NotFound`."""
        statement = (
            select(Draft)
            .where(Draft.workspace_id == self._workspace_id, Draft.id == draft_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        draft = (await self._session.exec(statement)).one_or_none()
        if draft is None:
            raise NotFound("This draft was discarded, or its mail was sent.")
        return draft

    async def of_conversation(
        self, conversation_id: ConversationId, author_id: TeammateId
    ) -> Draft | None:
        """A person's draft in a conversation, whatever became of it."""
        statement = select(Draft).where(
            Draft.workspace_id == self._workspace_id,
            Draft.conversation_id == conversation_id,
            Draft.author_id == author_id,
        )
        return (await self._session.exec(statement)).one_or_none()

    async def latest_new(self, account_id: AccountId, author_id: TeammateId) -> Draft | None:
        """The new mail that a person last wrote on and that has not left."""
        statement = (
            select(Draft)
            .outerjoin(
                Outgoing,
                (col(Outgoing.workspace_id) == Draft.workspace_id)
                & (col(Outgoing.id) == Draft.outgoing_id),
            )
            .where(
                Draft.workspace_id == self._workspace_id,
                Draft.account_id == account_id,
                Draft.author_id == author_id,
                col(Draft.conversation_id).is_(None),
                or_(col(Draft.outgoing_id).is_(None), col(Outgoing.state).in_(_CAME_BACK)),
            )
            .order_by(col(Draft.updated_at).desc())
            .limit(1)
        )
        return (await self._session.exec(statement)).one_or_none()

    async def page(
        self,
        account_ids: frozenset[AccountId] | None,
        conversation_id: ConversationId | None,
        author_id: TeammateId | None,
        *,
        after: DraftId | None,
        limit: int,
    ) -> Sequence[Draft]:
        """Those whose mail has not left, in the order in which they were begun."""
        statement = (
            select(Draft)
            .outerjoin(
                Outgoing,
                (col(Outgoing.workspace_id) == Draft.workspace_id)
                & (col(Outgoing.id) == Draft.outgoing_id),
            )
            .where(
                Draft.workspace_id == self._workspace_id,
                or_(col(Draft.outgoing_id).is_(None), col(Outgoing.state).in_(_CAME_BACK)),
            )
            .order_by(col(Draft.id))
            .limit(limit)
        )
        if account_ids is not None:
            statement = statement.where(is_any(col(Draft.account_id), list(account_ids)))
        if conversation_id is not None:
            statement = statement.where(Draft.conversation_id == conversation_id)
        if author_id is not None:
            statement = statement.where(Draft.author_id == author_id)
        if after is not None:
            statement = statement.where(col(Draft.id) > after)
        return (await self._session.exec(statement)).all()

    async def writing(self, conversation_id: ConversationId) -> Sequence[Draft]:
        """The drafts that are being written on just now, the longest first."""
        statement = (
            select(Draft)
            .where(
                Draft.workspace_id == self._workspace_id,
                Draft.conversation_id == conversation_id,
                col(Draft.writing_until) > func.clock_timestamp(),
            )
            .order_by(col(Draft.created_at))
        )
        return (await self._session.exec(statement)).all()

    async def writes_on(self, draft: Draft, span: timedelta) -> datetime:
        """Say that it is being written on for so long from now; answers until when."""
        now: datetime = (await self._session.exec(select(func.clock_timestamp()))).one()
        draft.writing_until = now + span
        return draft.writing_until

    async def let_expired_go(self) -> list[ConversationId]:
        """Nobody writes any more where nothing was typed for long. Answers whose cards say so."""
        statement = (
            update(Draft)
            .where(
                col(Draft.workspace_id) == self._workspace_id,
                col(Draft.writing_until) <= func.now(),
            )
            .values(writing_until=None)
            .returning(col(Draft.conversation_id))
        )
        found = (await self._session.exec(statement)).scalars()
        return [id_ for id_ in found if id_ is not None]

    async def delete(self, draft: Draft) -> None:
        await self._session.delete(draft)
        await self._session.flush()
