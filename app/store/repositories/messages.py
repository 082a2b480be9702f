"""Mails and their attachments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import false, func, tuple_
from sqlmodel import col, select

from app.core.errors import NotFound
from app.core.ids import AccountId, ConversationId, MessageId
from app.mail.parsed import Automatic
from app.store.bulk import insert_many, is_any
from app.store.models import Attachment, Direction, Message
from app.store.models.message import SEARCHABLE
from app.store.new import NewAttachment, NewMessage
from app.store.repositories.base import Repository
from app.store.repositories.searching import AT_ONCE


@dataclass(frozen=True, slots=True)
class WhatItIs:
    """By what a mail can be recognised under another UID."""

    internet_message_id: str | None
    size: int
    internaldate: datetime


_NOT_TO_BE_ANSWERED: Final = (Automatic.REPLY, Automatic.BOUNCE, Automatic.COMPLAINT)


class Messages(Repository):
    async def add_all(
        self, messages: Sequence[NewMessage], attachments: Sequence[NewAttachment] = ()
    ) -> None:
        """Keep them; a few are searchable at once, and many a moment later."""
        words = (("search", SEARCHABLE),) if len(messages) <= AT_ONCE else ()
        await insert_many(self._session, "messages", messages, worked_out=words)
        await insert_many(self._session, "attachments", attachments)

    async def get(self, message_id: MessageId) -> Message:
        """Raises `NotFound`."""
        message = await self._session.get(Message, (self._workspace_id, message_id))
        if message is None:
            raise NotFound("There is no such message.")
        return message

    async def get_many(self, ids: Iterable[MessageId]) -> Sequence[Message]:
        statement = select(Message).where(
            Message.workspace_id == self._workspace_id, is_any(col(Message.id), list(ids))
        )
        return (await self._session.exec(statement)).all()

    async def by_digest(
        self, account_id: AccountId, digests: Iterable[bytes]
    ) -> dict[bytes, MessageId]:
        """The messages of an account that have exactly these bytes."""
        statement = select(Message.raw_sha256, Message.id).where(
            Message.workspace_id == self._workspace_id,
            Message.account_id == account_id,
            is_any(col(Message.raw_sha256), list(digests)),
        )
        rows = await self._session.exec(statement)
        return {digest: MessageId(id_) for digest, id_ in rows}

    async def by_remote_id(self, account_id: AccountId, ids: Iterable[str]) -> dict[str, MessageId]:
        """The messages of an account that its host knows by these names."""
        statement = select(Message.remote_id, Message.id).where(
            Message.workspace_id == self._workspace_id,
            Message.account_id == account_id,
            col(Message.remote_id).is_not(None),
            is_any(col(Message.remote_id), list(ids)),
        )
        rows = await self._session.exec(statement)
        return {str(remote_id): MessageId(id_) for remote_id, id_ in rows}

    async def by_internet_message_id(
        self, account_id: AccountId, ids: Iterable[str]
    ) -> Sequence[Message]:
        statement = select(Message).where(
            Message.workspace_id == self._workspace_id,
            Message.account_id == account_id,
            is_any(col(Message.internet_message_id), list(ids)),
        )
        return (await self._session.exec(statement)).all()

    async def of_conversation(
        self, conversation_id: ConversationId, *, after: datetime | None = None, limit: int = 500
    ) -> Sequence[Message]:
        """The mails of a conversation, the oldest first."""
        statement = (
            select(Message)
            .where(
                Message.workspace_id == self._workspace_id,
                Message.conversation_id == conversation_id,
            )
            .order_by(col(Message.received_at), col(Message.id))
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(col(Message.received_at) > after)
        return (await self._session.exec(statement)).all()

    async def newest(
        self,
        conversation_id: ConversationId,
        *,
        limit: int,
        before: tuple[datetime, MessageId] | None = None,
    ) -> Sequence[Message]:
        """The last mails of a conversation, whoever wrote them, the newest first.

        `before`: only those that came before the one of this moment and id.
        """
        statement = (
            select(Message)
            .where(
                Message.workspace_id == self._workspace_id,
                Message.conversation_id == conversation_id,
            )
            .order_by(col(Message.received_at).desc(), col(Message.id).desc())
            .limit(limit)
        )
        if before is not None:
            place = tuple_(col(Message.received_at), col(Message.id))
            statement = statement.where(place < before)
        return (await self._session.exec(statement)).all()

    async def came_after(self, conversation_id: ConversationId, moment: datetime) -> int:
        """How many came into the database after this moment, but for imported history."""
        statement = select(func.count()).where(
            col(Message.workspace_id) == self._workspace_id,
            col(Message.conversation_id) == conversation_id,
            col(Message.created_at) > moment,
            col(Message.imported).is_(False),
        )
        return (await self._session.exec(statement)).one()

    async def last_to_come(self, conversation_id: ConversationId) -> Message | None:
        """The one that came into the database last, whatever its date; history only by itself."""
        statement = (
            select(Message)
            .where(
                Message.workspace_id == self._workspace_id,
                Message.conversation_id == conversation_id,
            )
            .order_by(col(Message.imported), col(Message.created_at).desc(), col(Message.id).desc())
            .limit(1)
        )
        return (await self._session.exec(statement)).one_or_none()

    async def latest(self, conversation_id: ConversationId) -> Message | None:
        """The mail that an answer is for: the last one that came in.

        Reports and automatic answers count only where there is nothing else, and our own mail only
        where nothing came in.
        """
        statement = (
            select(Message)
            .where(
                Message.workspace_id == self._workspace_id,
                Message.conversation_id == conversation_id,
            )
            .order_by(
                col(Message.direction) == Direction.OUTBOUND,
                func.coalesce(col(Message.automatic).in_(_NOT_TO_BE_ANSWERED), false()),
                col(Message.received_at).desc(),
                col(Message.id).desc(),
            )
            .limit(1)
        )
        return (await self._session.exec(statement)).one_or_none()

    async def was_answered(self, conversation_id: ConversationId, *, since: datetime) -> bool:
        """Whether a person wrote to us after this moment."""
        statement = (
            select(Message.id)
            .where(
                Message.workspace_id == self._workspace_id,
                Message.conversation_id == conversation_id,
                col(Message.direction) == Direction.INBOUND,
                col(Message.automatic).is_(None),
                col(Message.created_at) > since,
            )
            .limit(1)
        )
        return (await self._session.exec(statement)).first() is not None

    async def identities(self, ids: Iterable[MessageId]) -> dict[MessageId, WhatItIs]:
        """By what each mail can be recognised, without its text."""
        statement = select(
            Message.id, Message.internet_message_id, Message.size, Message.received_at
        ).where(Message.workspace_id == self._workspace_id, is_any(col(Message.id), list(ids)))
        rows = await self._session.exec(statement)
        return {MessageId(id_): WhatItIs(*what) for id_, *what in rows}

    async def conversation_of_each(
        self, ids: Iterable[MessageId]
    ) -> dict[MessageId, ConversationId]:
        statement = select(Message.id, Message.conversation_id).where(
            Message.workspace_id == self._workspace_id, is_any(col(Message.id), list(ids))
        )
        rows = await self._session.exec(statement)
        return {MessageId(id_): ConversationId(conversation) for id_, conversation in rows}

    async def conversations_of(self, ids: Iterable[MessageId]) -> set[ConversationId]:
        statement = select(Message.conversation_id).where(
            Message.workspace_id == self._workspace_id, is_any(col(Message.id), list(ids))
        )
        return {ConversationId(id_) for id_ in await self._session.exec(statement)}

    async def attachments(self, message_ids: Iterable[MessageId]) -> Sequence[Attachment]:
        statement = (
            select(Attachment)
            .where(
                Attachment.workspace_id == self._workspace_id,
                is_any(col(Attachment.message_id), list(message_ids)),
            )
            .order_by(col(Attachment.message_id), col(Attachment.n))
        )
        return (await self._session.exec(statement)).all()
