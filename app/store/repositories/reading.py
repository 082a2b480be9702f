"""What the pages of the admin show of conversations, mails and what waits, page by page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, text, tuple_
from sqlmodel import col, select

from app.core.ids import AccountId, ConversationId, PlacementId
from app.store.bulk import is_any
from app.store.models import (
    Direction,
    Mailbox,
    Message,
    Note,
    Placement,
    PlacementState,
)
from app.store.repositories.base import Repository

_LATEST: Final = """
SELECT wanted.id, last.from_name, last.from_address, last.excerpt, last.direction,
    last.attachment_count
FROM unnest(CAST(:ids AS uuid[])) AS wanted(id)
CROSS JOIN LATERAL (
    SELECT from_name, from_address, left(excerpt, 300) AS excerpt, direction, attachment_count
    FROM messages
    WHERE workspace_id = :team AND conversation_id = wanted.id
    ORDER BY received_at DESC, id DESC
    LIMIT 1
) AS last
"""


@dataclass(frozen=True, slots=True)
class Latest:
    """The last mail of a conversation, as a line of a list tells it."""

    from_name: str
    from_address: str
    excerpt: str
    direction: Direction
    attachment_count: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A mail that could not be read, and the folder it lies in."""

    placement: Placement
    mailbox: Mailbox


class Reading(Repository):
    async def latest_of(self, ids: Iterable[ConversationId]) -> dict[ConversationId, Latest]:
        """The last mail of each, whoever wrote it; one look-up for each, however long they are."""
        statement = text(_LATEST).bindparams(team=self._workspace_id, ids=list(ids))
        connection = await self._session.connection()
        return {
            ConversationId(id_): Latest(name, address, excerpt, Direction(direction), files)
            for id_, name, address, excerpt, direction, files in await connection.execute(statement)
        }

    async def count_since(self, conversation_id: ConversationId, since: datetime) -> int:
        """How many mails and notes were kept after this moment."""
        mails = select(func.count()).where(
            col(Message.workspace_id) == self._workspace_id,
            col(Message.conversation_id) == conversation_id,
            col(Message.created_at) > since,
        )
        notes = select(func.count()).where(
            col(Note.workspace_id) == self._workspace_id,
            col(Note.conversation_id) == conversation_id,
            col(Note.created_at) > since,
            col(Note.deleted_at).is_(None),
        )
        return (await self._session.exec(mails)).one() + (await self._session.exec(notes)).one()

    async def quarantined(
        self,
        *,
        of_accounts: frozenset[AccountId] | None,
        before: tuple[datetime, PlacementId] | None,
        limit: int,
    ) -> Sequence[Quarantined]:
        """Mails that could not be read, and those that are read once more; the latest first."""
        statement = (
            select(Placement, Mailbox)
            .join(
                Mailbox,
                (col(Mailbox.workspace_id) == col(Placement.workspace_id))
                & (col(Mailbox.id) == col(Placement.mailbox_id)),
            )
            .where(
                Placement.workspace_id == self._workspace_id,
                col(Placement.state) == PlacementState.QUARANTINED,
                col(Placement.gone_at).is_(None),
            )
            .order_by(col(Placement.seen_at).desc(), col(Placement.id).desc())
            .limit(limit)
        )
        if of_accounts is not None:
            statement = statement.where(is_any(col(Mailbox.account_id), list(of_accounts)))
        if before is not None:
            statement = statement.where(tuple_(col(Placement.seen_at), col(Placement.id)) < before)
        rows = (await self._session.exec(statement)).all()
        return [Quarantined(placement, mailbox) for placement, mailbox in rows]
