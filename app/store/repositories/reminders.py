"""Who is to be reminded of what, and by which settings."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import and_, exists, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col, delete, select

from app.core.ids import AccountId, ChannelId, ConversationId, TeammateId, new_id
from app.store.bulk import is_any
from app.store.models import (
    Conversation,
    ConversationStatus,
    Post,
    PostKind,
    ReminderSettings,
)
from app.store.repositories.base import Repository

_SET: Final = (
    "is_on", "unassigned_hours", "no_action_hours", "no_answer_hours", "time_zone", "days",
    "opens_at", "closes_at",
)  # fmt: skip
_IS_ITS_CARD: Final = (
    col(Post.workspace_id) == col(Conversation.workspace_id),
    col(Post.conversation_id) == col(Conversation.id),
    col(Post.kind) == PostKind.CARD,
)


class Reason(StrEnum):
    UNASSIGNED = "unassigned"
    """A mail waits, and nobody has taken it."""
    NO_ACTION = "no_action"
    """Somebody has taken it, and nothing has happened since."""
    NO_ANSWER = "no_answer"
    """We have answered, and they have not."""


class Reminders(Repository):
    async def settings(self) -> dict[AccountId | None, ReminderSettings]:
        """By account; None is for all accounts without any of their own."""
        statement = select(ReminderSettings).where(
            ReminderSettings.workspace_id == self._workspace_id
        )
        return {one.account_id: one for one in (await self._session.exec(statement)).all()}

    async def general(self) -> ReminderSettings:
        """For whatever has none of its own; ours, where nobody set any."""
        found = (await self.settings()).get(None)
        return found or ReminderSettings(workspace_id=self._workspace_id)

    async def put(self, settings: ReminderSettings) -> None:
        values = settings.model_dump(exclude={"id"})
        row = insert(ReminderSettings).values(id=new_id(), **values)
        await self._session.exec(
            row.on_conflict_do_update(
                index_elements=["workspace_id", "account_id"],
                set_={name: row.excluded[name] for name in _SET},
            )
        )

    async def drop(self, account_id: AccountId | None) -> None:
        """Without settings of its own an account has those of all; without those, ours."""
        statement = delete(ReminderSettings).where(
            col(ReminderSettings.workspace_id) == self._workspace_id,
            col(ReminderSettings.account_id).is_not_distinct_from(account_id),
        )
        await self._session.exec(statement)

    async def due(
        self,
        reason: Reason,
        account_ids: Collection[AccountId],
        before: datetime,
        *,
        limit: int,
        assignee_id: TeammateId,
    ) -> Sequence[Conversation]:
        """What of theirs has stood like that since before then, and nobody was told of."""
        is_theirs = col(Conversation.assignee_id) == assignee_id
        return await self._due(is_theirs, reason, account_ids, before, limit=limit)

    async def due_in(
        self,
        channel_id: ChannelId | None,
        reason: Reason,
        account_ids: Collection[AccountId],
        before: datetime,
        *,
        limit: int,
    ) -> Sequence[Conversation]:
        """The same of which a card stands in this channel; None: that has no card."""
        card = exists().where(*_IS_ITS_CARD)
        where = ~card if channel_id is None else card.where(col(Post.channel_id) == channel_id)
        return await self._due(where, reason, account_ids, before, limit=limit)

    async def _due(
        self,
        where: ColumnElement[bool],
        reason: Reason,
        account_ids: Collection[AccountId],
        before: datetime,
        *,
        limit: int,
    ) -> Sequence[Conversation]:
        """The longest first."""
        since = _since(reason)
        statement = (
            select(Conversation)
            .where(*self._unreminded(reason, account_ids, before), where)
            .order_by(since, col(Conversation.id))
            .limit(limit)
        )
        return (await self._session.exec(statement)).all()

    async def channels(
        self, reason: Reason, account_ids: Collection[AccountId], before: datetime
    ) -> Sequence[ChannelId | None]:
        """Where cards of that kind stand; None, too, where one has no card."""
        statement = (
            select(col(Post.channel_id))
            .select_from(Conversation)
            .outerjoin(Post, and_(*_IS_ITS_CARD))
            .where(*self._unreminded(reason, account_ids, before))
            .distinct()
        )
        found: Sequence[ChannelId | None] = (await self._session.exec(statement)).all()
        return found

    def _unreminded(
        self, reason: Reason, account_ids: Collection[AccountId], before: datetime
    ) -> tuple[ColumnElement[bool], ...]:
        return (
            col(Conversation.workspace_id) == self._workspace_id,
            is_any(col(Conversation.account_id), list(account_ids)),
            col(Conversation.reminded_of).is_(None),
            _since(reason) <= before,
            *_stands(reason),
        )

    async def assignees(
        self, reason: Reason, account_ids: Collection[AccountId], before: datetime
    ) -> Sequence[TeammateId]:
        """Who has conversations of that kind."""
        statement = (
            select(Conversation.assignee_id)
            .where(
                col(Conversation.assignee_id).is_not(None),
                *self._unreminded(reason, account_ids, before),
            )
            .distinct()
        )
        return [TeammateId(one) for one in (await self._session.exec(statement)).all() if one]

    async def still(
        self, reason: Reason, ids: Collection[ConversationId]
    ) -> Sequence[Conversation]:
        """Those of these that stand as somebody is told that they do."""
        statement = (
            select(Conversation)
            .where(
                Conversation.workspace_id == self._workspace_id,
                is_any(col(Conversation.id), list(ids)),
                *_stands(reason),
            )
            .order_by(_since(reason), col(Conversation.id))
        )
        return (await self._session.exec(statement)).all()


def _since(reason: Reason) -> ColumnElement[datetime]:
    """Since when it stands like that. `greatest` passes over what is not known."""
    waiting, assigned = col(Conversation.waiting_since), col(Conversation.assigned_at)
    match reason:
        case Reason.UNASSIGNED:
            return func.greatest(waiting, assigned)
        case Reason.NO_ACTION:
            return func.greatest(waiting, assigned, col(Conversation.acted_at))
        case Reason.NO_ANSWER:
            return func.greatest(col(Conversation.answered_at), assigned)


def _stands(reason: Reason) -> tuple[ColumnElement[bool], ...]:
    awake = (
        col(Conversation.status) == ConversationStatus.OPEN,
        col(Conversation.merged_into_id).is_(None),
        col(Conversation.snoozed_until).is_(None),
        ~col(Conversation.snoozed_until_reply),
    )
    waiting, assignee = col(Conversation.waiting_since), col(Conversation.assignee_id)
    match reason:
        case Reason.UNASSIGNED:
            return (*awake, waiting.is_not(None), assignee.is_(None))
        case Reason.NO_ACTION:
            return (*awake, waiting.is_not(None), assignee.is_not(None))
        case Reason.NO_ANSWER:
            return (
                *awake,
                waiting.is_(None),
                assignee.is_not(None),
                col(Conversation.answered_at).is_not(None),
                col(Conversation.follow_up_at).is_(None),
                col(Conversation.no_answer_since).is_(None),
            )
