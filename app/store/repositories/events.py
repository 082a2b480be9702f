"""The append-only log."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import func, text
from sqlmodel import col, select

from app.core.ids import AccountId
from app.store.bulk import as_json
from app.store.models import Event, EventCounter
from app.store.new import NewEvent
from app.store.notify import CHANNEL, Topic
from app.store.repositories.base import Repository

_WALK: Final = 20_000
_APPEND: Final = text("""
WITH counter AS (
    UPDATE event_counters SET last_seq = last_seq + :count WHERE workspace_id = :team
    RETURNING last_seq - :count AS seq
), written AS (
    INSERT INTO events (workspace_id, seq, type, account_id, conversation_id, data)
    SELECT row.workspace_id, counter.seq + row.seq, row.type, row.account_id, row.conversation_id,
        row.data
    FROM counter, json_populate_recordset(NULL::events, CAST(:rows AS json)) AS row
    RETURNING seq
)
SELECT (SELECT count(*) FROM written), pg_notify(:channel, notice)
FROM unnest(CAST(:notices AS text[])) AS notice
""")


class Events(Repository):
    async def append(self, events: Sequence[NewEvent], notices: Iterable[str] = ()) -> None:
        """Number the events and write them. The counter stays locked until the commit.

        Who waits for events is told once it has come, and so are those of the other notices.
        """
        rows = [replace(event, seq=n) for n, event in enumerate(events, start=1)]
        values = {
            "team": self._workspace_id,
            "count": len(rows),
            "rows": as_json(rows),
            "channel": CHANNEL,
            "notices": [*notices, f"{Topic.EVENTS}:{self._workspace_id}"],
        }
        found = await (await self._session.connection()).execute(_APPEND, values)
        written = found.scalars().first()
        assert written == len(rows)  # a workspace has its counter from the beginning

    async def after(self, cursor: int, *, limit: int) -> Sequence[Event]:
        statement = (
            select(Event)
            .where(Event.workspace_id == self._workspace_id, col(Event.seq) > cursor)
            .order_by(col(Event.seq))
            .limit(limit)
        )
        return (await self._session.exec(statement)).all()

    async def newest(
        self, *, limit: int, account_id: AccountId | None = None, but: Sequence[str] = ()
    ) -> Sequence[Event]:
        """The newest first: of one account, where it is given, or of all; `but` certain types.

        Of one account, only as far back as a walk through so many events leads.
        """
        statement = (
            select(Event)
            .where(Event.workspace_id == self._workspace_id, col(Event.type).not_in(but))
            .order_by(col(Event.seq).desc())
            .limit(limit)
        )
        if account_id is not None:
            start = (
                select(Event.seq)
                .where(Event.workspace_id == self._workspace_id)
                .order_by(col(Event.seq).desc())
                .offset(_WALK)
                .limit(1)
                .scalar_subquery()
            )
            statement = statement.where(
                Event.account_id == account_id, col(Event.seq) > func.coalesce(start, 0)
            )
        return (await self._session.exec(statement)).all()

    async def latest(self) -> int:
        """The cursor of the newest event; 0 where there is none."""
        counter = await self._session.get_one(EventCounter, self._workspace_id)
        return counter.last_seq
