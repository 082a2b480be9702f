"""Which conversation a mail belongs to."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlmodel import col, select

from app.core.ids import AccountId, ConversationId
from app.store.bulk import insert_many, is_any
from app.store.models import Conversation, ThreadLink
from app.store.new import NewThreadLink
from app.store.repositories.base import Repository


class Threads(Repository):
    async def linked(
        self, account_id: AccountId, internet_message_ids: Iterable[str]
    ) -> dict[str, ConversationId]:
        """The conversation of each Message-ID that we know."""
        wanted = list(internet_message_ids)
        if not wanted:
            return {}
        statement = select(ThreadLink.internet_message_id, ThreadLink.conversation_id).where(
            ThreadLink.workspace_id == self._workspace_id,
            ThreadLink.account_id == account_id,
            is_any(col(ThreadLink.internet_message_id), wanted),
        )
        rows = await self._session.exec(statement)
        return {message_id: ConversationId(id_) for message_id, id_ in rows}

    async def link(self, account_id: AccountId, links: Mapping[str, ConversationId]) -> None:
        """Remember which conversation each Message-ID belongs to; the first to say so wins."""
        rows = [
            NewThreadLink(self._workspace_id, account_id, message_id, conversation_id)
            for message_id, conversation_id in sorted(links.items())
        ]
        await insert_many(self._session, "thread_links", rows, on_conflict="ON CONFLICT DO NOTHING")

    async def with_subject(
        self, account_id: AccountId, subject_keys: Iterable[str], *, since: datetime
    ) -> Sequence[Conversation]:
        """Conversations of these subjects that had a mail since then, the latest first."""
        statement = (
            select(Conversation)
            .where(
                Conversation.workspace_id == self._workspace_id,
                Conversation.account_id == account_id,
                is_any(col(Conversation.subject_key), list(subject_keys)),
                col(Conversation.last_message_at) >= since,
            )
            .order_by(col(Conversation.last_message_at).desc())
        )
        return (await self._session.exec(statement)).all()
