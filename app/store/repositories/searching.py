"""What mails are found by: the words of their subject, their sender and their text.

To work out the words of a mail costs Postgres several times what the rest of its row does. One that
comes alone is searchable at once. Of many at once the words are found a moment later, the newest
mails first (`Indexing`); until then search reads the newest of them itself.
"""

from typing import Final

from sqlalchemy import func, inspect, literal_column, text
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.ids import ConversationId, WorkspaceId
from app.store.models import Conversation, MailToIndex, Message
from app.store.models.message import SEARCHABLE

_SEARCH: Final = inspect(Message).local_table.c.search
AT_ONCE: Final = 20
"""More mails than this in one transaction are indexed after it."""
_READ: Final = 1000
"""Mails that search reads itself: what takes a moment, and no longer."""
_BEHIND: Final = text("""
WITH RECURSIVE team AS (
    (SELECT workspace_id FROM mails_to_index ORDER BY workspace_id LIMIT 1)
    UNION ALL
    SELECT (SELECT one.workspace_id FROM mails_to_index AS one
        WHERE one.workspace_id > team.workspace_id ORDER BY one.workspace_id LIMIT 1)
    FROM team WHERE team.workspace_id IS NOT NULL
)
SELECT workspace_id FROM team WHERE workspace_id IS NOT NULL LIMIT :limit
""")
_INDEX: Final = text(f"""
WITH taken AS (
    DELETE FROM mails_to_index WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM mails_to_index WHERE workspace_id = :team
        ORDER BY received_at DESC, message_id DESC LIMIT :limit FOR UPDATE SKIP LOCKED
    ))
    RETURNING message_id
), indexed AS (
    UPDATE messages SET search = {SEARCHABLE} FROM taken
    WHERE messages.workspace_id = :team AND messages.id = taken.message_id
)
SELECT count(*) FROM taken
""")  # noqa: S608 -- our own words
"""By place and not by key: the planner takes the table for the empty one that it mostly is."""


class Indexing:
    """Of all workspaces: the mails that are to be made searchable."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def behind(self, *, limit: int) -> list[WorkspaceId]:
        """Workspaces that have some."""
        connection = await self._session.connection()
        rows = await connection.execute(_BEHIND, {"limit": limit})
        return [WorkspaceId(team) for (team,) in rows]

    async def waiting(self) -> int:
        """How many mails there are in all."""
        statement = select(func.count()).select_from(MailToIndex)
        return (await self._session.exec(statement)).one()

    async def index(self, team: WorkspaceId, *, limit: int) -> int:
        """Index the newest; those that somebody else is about are passed over.

        Answers how many were taken.
        """
        connection = await self._session.connection()
        found = await connection.execute(_INDEX, {"team": team, "limit": limit})
        return int(found.scalar_one())


def has_mail(query: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a mail of a conversation has these words, as far as the index knows."""
    return (
        select(Message.id)
        .where(
            Message.workspace_id == Conversation.workspace_id,
            Message.conversation_id == Conversation.id,
            _SEARCH.op("@@")(query),
        )
        .exists()
    )


async def found_without_index(
    session: AsyncSession, team: WorkspaceId, query: ColumnElement[str]
) -> list[ConversationId]:
    """Conversations with mails that have these words and are not in the index yet."""
    newest = (
        select(MailToIndex.message_id)
        .where(MailToIndex.workspace_id == team)
        .order_by(col(MailToIndex.received_at).desc(), col(MailToIndex.message_id).desc())
        .limit(_READ)
        .subquery()
    )
    statement = (
        select(Message.conversation_id)
        .join(newest, newest.c.message_id == Message.id)
        .where(Message.workspace_id == team, literal_column(f"({SEARCHABLE})").op("@@")(query))
        .distinct()
    )
    return [ConversationId(id_) for id_ in await session.exec(statement)]
