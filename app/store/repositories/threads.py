"""Which conversation a mail belongs to."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ARRAY, String, any_, bindparam, func
from sqlmodel import col, select

from app.core.ids import AccountId, ConversationId
from app.store.bulk import insert_many, is_any
from app.store.models import Conversation, ThreadLink
from app.store.new import NewThreadLink
from app.store.repositories.base import Repository


def _linked() -> Any:  # noqa: ANN401 -- a statement
    head = func.coalesce(col(Conversation.merged_into_id), col(Conversation.id))
    return (
        select(col(ThreadLink.internet_message_id), head)
        .join(
            Conversation,
            (col(Conversation.workspace_id) == col(ThreadLink.workspace_id))
            & (col(Conversation.id) == col(ThreadLink.conversation_id)),
        )
        .where(
            col(ThreadLink.workspace_id) == bindparam("team"),
            col(ThreadLink.account_id) == bindparam("account"),
            col(ThreadLink.internet_message_id) == any_(bindparam("names", type_=ARRAY(String))),
        )
    )


_LINKED: Final = _linked()


class Threads(Repository):
    async def linked(
        self, account_id: AccountId, internet_message_ids: Iterable[str]
    ) -> dict[str, ConversationId]:
        """The conversation of each Message-ID that we know: the one that has its mails now."""
        wanted = list(internet_message_ids)
        if not wanted:
            return {}
        values = {"team": self._workspace_id, "account": account_id, "names": wanted}
        rows = await self._session.exec(_LINKED, params=values)
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
