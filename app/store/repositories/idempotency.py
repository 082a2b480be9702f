"""What creating requests were answered."""

from datetime import timedelta

from sqlalchemy import delete, func
from sqlmodel import col, select

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

    async def forget_older_than(self, age: timedelta) -> None:
        await self._session.exec(
            delete(IdempotencyRecord).where(
                col(IdempotencyRecord.workspace_id) == self._workspace_id,
                col(IdempotencyRecord.created_at) < func.now() - age,
            )
        )
