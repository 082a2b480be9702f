"""The append-only log."""

from collections.abc import Sequence

from sqlalchemy import update
from sqlmodel import col, select

from app.store.models import Event, EventCounter
from app.store.repositories.base import Repository


class Events(Repository):
    async def append(self, events: Sequence[Event]) -> None:
        """Number the events and write them. The counter stays locked until the commit."""
        statement = (
            update(EventCounter)
            .where(col(EventCounter.workspace_id) == self._workspace_id)
            .values(last_seq=EventCounter.last_seq + len(events))
            .returning(col(EventCounter.last_seq))
        )
        last = (await self._session.exec(statement)).scalar_one()
        for seq, event in enumerate(events, start=last - len(events) + 1):
            event.seq = seq
        self._session.add_all(events)
        await self._session.flush()

    async def after(self, cursor: int, *, limit: int) -> Sequence[Event]:
        statement = (
            select(Event)
            .where(Event.workspace_id == self._workspace_id, col(Event.seq) > cursor)
            .order_by(col(Event.seq))
            .limit(limit)
        )
        return (await self._session.exec(statement)).all()

    async def latest(self) -> int:
        """The cursor of the newest event; 0 where there is none."""
        counter = await self._session.get_one(EventCounter, self._workspace_id)
        return counter.last_seq
