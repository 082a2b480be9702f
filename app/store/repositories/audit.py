"""The record of who did what."""

from collections.abc import Sequence

from sqlmodel import col, select

from app.core.ids import AuditEntryId, TeammateId
from app.store.models import AuditEntry
from app.store.repositories.base import Repository


class AuditLog(Repository):
    def add(self, entry: AuditEntry) -> None:
        self._session.add(entry)

    async def page(
        self,
        *,
        before: AuditEntryId | None,
        limit: int,
        act: str | None = None,
        actor_id: TeammateId | None = None,
    ) -> Sequence[AuditEntry]:
        """The newest first."""
        statement = (
            select(AuditEntry)
            .where(AuditEntry.workspace_id == self._workspace_id)
            .order_by(col(AuditEntry.id).desc())
            .limit(limit)
        )
        if before is not None:
            statement = statement.where(col(AuditEntry.id) < before)
        if act is not None:
            statement = statement.where(col(AuditEntry.act).startswith(act, autoescape=True))
        if actor_id is not None:
            statement = statement.where(AuditEntry.actor_id == actor_id)
        return (await self._session.exec(statement)).all()
