"""What creating requests were answered."""

from sqlalchemy import func
from sqlmodel import select

from app.store.models import IdempotencyRecord
from app.store.repositories.base import Repository


class Idempotency(Repository):
    async def claim(self, key: str) -> IdempotencyRecord | None:
        """The answer already given under `key`, if any.

        Whoever asks with the same key at the same time waits here until our transaction ends.
        """
        lock = func.pg_advisory_xact_lock(func.hashtextextended(f"{self._workspace_id}:{key}", 0))
        await self._session.exec(select(lock))
        return await self._session.get(IdempotencyRecord, (self._workspace_id, key))

    def record(self, record: IdempotencyRecord) -> None:
        self._session.add(record)
