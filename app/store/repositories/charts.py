"""Figures, of now and over time, for the pages that show and draw them.

Rows are found by their ids, which begin with the moment they were made: no index of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from app.core.ids import AccountId
from app.store.repositories.base import Repository
from app.store.repositories.figures import Figures, figures

_PER_HOUR: Final = text("""
SELECT date_trunc('hour', created_at, 'UTC') AS hour, count(*)
FROM messages
WHERE workspace_id = :team AND id >= :first AND created_at >= :since
    AND direction = 'inbound' AND NOT imported
    AND (CAST(:accounts AS uuid[]) IS NULL OR account_id = ANY(CAST(:accounts AS uuid[])))
GROUP BY hour
""")
_ANSWERS: Final = text("""
WITH begun AS (
    SELECT id, first_message_at FROM conversations
    WHERE workspace_id = :team AND id >= :first AND first_message_at >= :since
        AND (CAST(:accounts AS uuid[]) IS NULL OR account_id = ANY(CAST(:accounts AS uuid[])))
    ORDER BY id DESC LIMIT 20000
), answered AS (
    SELECT begun.first_message_at,
        extract(epoch FROM min(messages.received_at) - begun.first_message_at) AS seconds
    FROM begun JOIN messages ON messages.workspace_id = :team
        AND messages.conversation_id = begun.id AND messages.direction = 'outbound'
        AND messages.received_at >= begun.first_message_at
    GROUP BY begun.id, begun.first_message_at
)
SELECT date_trunc('day', first_message_at, 'UTC') AS day, count(*),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)
FROM answered GROUP BY day
""")
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Answers:
    """Of the conversations that began on a day: how many were answered, and half of them within."""

    day: datetime
    answered: int
    median_seconds: float | None


class Charts(Repository):
    async def figures(self, *, only: frozenset[AccountId] | None = None) -> Figures:
        """How this workspace is doing just now, or `only` certain accounts of it."""
        return await figures(self._session, self._workspace_id, only)

    async def mails_per_hour(
        self, hours: int, *, now: datetime, only: frozenset[AccountId] | None = None
    ) -> Sequence[tuple[datetime, int]]:
        """How many mails came in, hour by hour (UTC), the oldest first."""
        this = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        since = this - (hours - 1) * _HOUR
        found = dict(await self._rows(_PER_HOUR, only, since))
        return [(since + n * _HOUR, found.get(since + n * _HOUR, 0)) for n in range(hours)]

    async def first_answers(
        self, days: int, *, now: datetime, only: frozenset[AccountId] | None = None
    ) -> Sequence[Answers]:
        """How fast people were answered, day by day (UTC), the oldest first."""
        this = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        since = this - (days - 1) * _DAY
        rows = await self._rows(_ANSWERS, only, since)
        found = {day: Answers(day, count, float(median)) for day, count, median in rows}
        empty = [since + n * _DAY for n in range(days)]
        return [found.get(day) or Answers(day, 0, None) for day in empty]

    async def _rows(
        self,
        statement: Any,  # noqa: ANN401 -- a statement as text
        only: frozenset[AccountId] | None,
        since: datetime,
    ) -> list[tuple[Any, ...]]:
        connection = await self._session.connection()
        given = {
            "team": self._workspace_id,
            "accounts": None if only is None else list(only),
            "since": since,
            "first": _first_id(since),
        }
        return [tuple(row) for row in await connection.execute(statement, given)]


def _first_id(moment: datetime) -> UUID:
    """The lowest id that a row made at this moment can have (UUIDv7, RFC 9562 §5.7)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
