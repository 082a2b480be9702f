"""Imports of history, one of each account."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.core.ids import AccountId
from app.store.bulk import is_any
from app.store.models import HistoryImport, ImportState
from app.store.repositories.base import Repository


class HistoryImports(Repository):
    async def find(self, account_id: AccountId) -> HistoryImport | None:
        statement = select(HistoryImport).where(
            HistoryImport.workspace_id == self._workspace_id,
            HistoryImport.account_id == account_id,
        )
        return (await self._session.exec(statement)).one_or_none()

    async def running(self, account_id: AccountId) -> HistoryImport | None:
        found = await self.find(account_id)
        return found if found is not None and found.state is ImportState.RUNNING else None

    async def of_accounts(
        self, account_ids: Sequence[AccountId]
    ) -> Mapping[AccountId, HistoryImport]:
        statement = select(HistoryImport).where(
            HistoryImport.workspace_id == self._workspace_id,
            is_any(col(HistoryImport.account_id), account_ids),
        )
        return {one.account_id: one for one in (await self._session.exec(statement)).all()}

    async def request(
        self,
        account_id: AccountId,
        *,
        days: int | None = None,
        since: datetime | None = None,
        mails_per_minute: int | None = None,
    ) -> HistoryImport:
        """Ask for a window, instead of what was asked for before. None and None: everything."""
        wanted = {
            "days": days,
            "since": since,
            "mails_per_minute": mails_per_minute,
            "state": ImportState.RUNNING,
            "found": None,
            "done": 0,
            "failed": 0,
            "requested_at": func.now(),
            "counted_at": None,
            "settled_when_counted": 0,
            "finished_at": None,
        }
        statement = insert(HistoryImport).values(
            workspace_id=self._workspace_id, account_id=account_id, revision=1, **wanted
        )
        await self._session.exec(
            statement.on_conflict_do_update(
                index_elements=["workspace_id", "account_id"],
                set_={**wanted, "revision": HistoryImport.revision + 1},
            )
        )
        return await self._session.get_one(
            HistoryImport, (self._workspace_id, account_id), populate_existing=True
        )

    async def go_on(self, account_id: AccountId) -> None:
        """Have what a finished import could not bring in tried once more, and nothing else."""
        found = await self.find(account_id)
        if found is None or found.state is ImportState.CANCELLED:
            await self.request(account_id, days=0)
        elif found.state is ImportState.DONE:
            found.state, found.finished_at = ImportState.RUNNING, None
            found.revision += 1
