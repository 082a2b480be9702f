"""Taking what belongs to one conversation to another.

What is moved is named in the answer, so that an Undo takes back exactly that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.orm import aliased
from sqlalchemy.sql.functions import Function
from sqlmodel import col, exists, select

from app.core.ids import AccountId, ConversationId, MessageId, WorkspaceId
from app.store.bulk import is_any
from app.store.models import Conversation, Draft, Message, Note, Outgoing, ThreadLink
from app.store.repositories.base import Repository

_OWNED: Final[tuple[type[Message] | type[Note] | type[Outgoing], ...]] = (Message, Note, Outgoing)


@dataclass(frozen=True, slots=True)
class Counted:
    """What the mails of a conversation come to."""

    mails: int
    first_at: datetime | None
    last_at: datetime | None


def turn_of(workspace_id: WorkspaceId) -> str:
    """What is locked by whoever merges, and shared by those who must not be merged beside."""
    return f"merge:{workspace_id}"


class Merging(Repository):
    async def begin(self) -> None:
        """Be alone with the conversations of the workspace, until we commit.

        A merge locks conversations that it learns of on its way, so nobody else may hold one and
        wait for another. To be called before anything is locked.
        """
        await self._session.exec(select(func.pg_advisory_xact_lock(self._turn)))

    @property
    def _turn(self) -> Function[Any]:
        return func.hashtextextended(turn_of(self._workspace_id), 0)

    async def lock_outgoing(self, conversation_id: ConversationId) -> None:
        """Wait for whoever sends a mail of the conversation just now: they lock it after that."""
        statement = (
            select(Outgoing.id)
            .where(
                Outgoing.workspace_id == self._workspace_id,
                Outgoing.conversation_id == conversation_id,
            )
            .order_by(col(Outgoing.id))
            .with_for_update(key_share=True)
        )
        (await self._session.exec(statement)).all()

    async def take_all(
        self, source: ConversationId, target: ConversationId
    ) -> dict[str, list[str]]:
        """Mails, notes, mails of ours, and what was merged before; drafts where there is room."""
        moved = {model.__tablename__: await self._move(model, source, target) for model in _OWNED}
        merged = (
            update(Conversation)
            .where(
                col(Conversation.workspace_id) == self._workspace_id,
                col(Conversation.merged_into_id) == source,
            )
            .values(merged_into_id=target)
            .returning(col(Conversation.id))
        )
        moved["conversations"] = [str(one) for one in (await self._session.exec(merged)).scalars()]
        await self._move_drafts(source, target)
        return moved

    async def give_back(
        self, moved: dict[str, list[str]], source: ConversationId, target: ConversationId
    ) -> None:
        """To `source`, from `target`, what still is there."""
        for model in _OWNED:
            ids = [UUID(one) for one in moved.get(model.__tablename__, ())]
            await self._move(model, target, source, ids)
        await self._session.exec(
            update(Conversation)
            .where(
                col(Conversation.workspace_id) == self._workspace_id,
                is_any(col(Conversation.id), [UUID(one) for one in moved.get("conversations", ())]),
                col(Conversation.merged_into_id) == target,
            )
            .values(merged_into_id=source)
        )

    async def take_message(
        self, message_id: MessageId, source: ConversationId, target: ConversationId
    ) -> None:
        await self._move(Message, source, target, [message_id])

    async def take_links(
        self,
        source: ConversationId,
        target: ConversationId,
        of: Sequence[tuple[AccountId, str]] | None = None,
    ) -> list[list[str]]:
        """Have answers to these mails, or to all there are, find the other conversation."""
        statement = update(ThreadLink).where(
            col(ThreadLink.workspace_id) == self._workspace_id,
            col(ThreadLink.conversation_id) == source,
        )
        if of is not None:
            statement = statement.where(
                is_any(col(ThreadLink.internet_message_id), [one for _, one in of]),
                is_any(col(ThreadLink.account_id), list({account for account, _ in of})),
            )
        rows = await self._session.exec(
            statement.values(conversation_id=target).returning(
                col(ThreadLink.account_id), col(ThreadLink.internet_message_id)
            )
        )
        return [[str(account), name] for account, name in rows]

    async def count(self, conversation_id: ConversationId) -> Counted:
        statement = select(
            func.count(), func.min(Message.received_at), func.max(Message.received_at)
        ).where(
            col(Message.workspace_id) == self._workspace_id,
            col(Message.conversation_id) == conversation_id,
        )
        return Counted(*(await self._session.exec(statement)).one())

    async def _move(
        self,
        model: type[Message] | type[Note] | type[Outgoing],
        source: ConversationId,
        target: ConversationId,
        ids: Sequence[UUID] | None = None,
    ) -> list[str]:
        statement = update(model).where(
            col(model.workspace_id) == self._workspace_id,
            col(model.conversation_id) == source,
        )
        if ids is not None:
            statement = statement.where(is_any(col(model.id), list(ids)))
        rows = await self._session.exec(
            statement.values(conversation_id=target).returning(col(model.id))
        )
        return [str(one) for one in rows.scalars()]

    async def _move_drafts(self, source: ConversationId, target: ConversationId) -> None:
        """Everybody has one draft in a conversation: who has one there keeps both."""
        other = aliased(Draft)
        has_one = exists().where(
            col(other.workspace_id) == col(Draft.workspace_id),
            col(other.conversation_id) == target,
            col(other.author_id) == col(Draft.author_id),
        )
        await self._session.exec(
            update(Draft)
            .where(
                col(Draft.workspace_id) == self._workspace_id,
                col(Draft.conversation_id) == source,
                ~has_one,
            )
            .values(conversation_id=target)
        )
