"""An account's import of history, beside everything else its connection does.

    asked for ──▶ count what the window holds ──▶ portion ──▶ portion ──▶ … ──▶ done, and an event
                     ▲                               │
                     └─ another connection, another ─┘
                        request, new UIDs

What was counted lives in memory only: after whatever broke it, the ledger knows what is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.ids import MailboxId
from app.core.logging import get_logger
from app.jobs.context import Tending
from app.mailbox.port import MailSession
from app.store.models import HistoryImport, ImportState
from app.store.unit_of_work import UnitOfWork
from app.sync.backfill import FolderHistory, count, import_portion
from app.sync.port import Syncing

log = get_logger(__name__)


@dataclass(slots=True)
class _Plan:
    """What one request came to, in these folders."""

    revision: int
    folders: tuple[MailboxId, ...]
    histories: list[FolderHistory]

    @property
    def found(self) -> int:
        return self.done + self.failed + sum(len(one.left) for one in self.histories)

    @property
    def done(self) -> int:
        return sum(one.done for one in self.histories)

    @property
    def failed(self) -> int:
        return sum(one.failed for one in self.histories)

    def next(self) -> FolderHistory | None:
        """The folder in which most is left: so none has to wait for another one's end."""
        left = [one for one in self.histories if one.left]
        return max(left, key=lambda one: len(one.left), default=None)


class Importing:
    """For as long as one connection lasts."""

    def __init__(self, tending: Tending, syncing: Syncing, session: MailSession) -> None:
        self._on = tending
        self._syncing = syncing
        self._session = session
        self._plan: _Plan | None = None
        self._next_at = tending.clock.now()

    def waits_for(self) -> timedelta | None:
        """How long the next portion is to wait, to keep the pace; None where there is none."""
        if self._plan is None:
            return None
        return max(self._next_at - self._on.clock.now(), timedelta(0))

    async def step(self, folders: Sequence[MailboxId]) -> bool:
        """Bring in a portion if its time has come; answers whether the next may follow at once."""
        async with self._on.store.begin(self._syncing.workspace_id) as uow:
            wanted = await uow.imports.running(self._syncing.account_id)
        if wanted is None:
            self._plan = None
            return False
        plan = self._plan
        if plan is None or (plan.revision, plan.folders) != (wanted.revision, tuple(folders)):
            self._plan = await self._count(wanted, folders)
        if self._plan is None or self._on.clock.now() < self._next_at:
            return False
        return await self._bring_in(self._plan, wanted)

    async def _bring_in(self, plan: _Plan, wanted: HistoryImport) -> bool:
        history = plan.next()
        if history is None:
            await self._finish(plan)
            return False
        began, before = self._on.clock.now(), history.done + history.failed
        if not await import_portion(self._syncing, self._session, history):
            self._plan = None
            return True
        pace = wanted.mails_per_minute or self._on.import_mails_per_minute
        brought = history.done + history.failed - before
        self._next_at = began + timedelta(minutes=brought / pace)
        await self._note(plan)
        return self._next_at <= self._on.clock.now()

    async def _count(self, wanted: HistoryImport, folders: Sequence[MailboxId]) -> _Plan | None:
        since = wanted.since
        if wanted.days is not None:
            since = wanted.requested_at - timedelta(days=wanted.days)
        histories: list[FolderHistory] = []
        for folder in folders:
            history = await count(self._syncing, self._session, folder, since=since)
            if history is None:
                return None
            histories.append(history)
        plan = _Plan(wanted.revision, tuple(folders), histories)
        await self._note(plan, counted_at=self._on.clock.now())
        log.info("import.counted", account=str(wanted.account_id), found=plan.found, done=plan.done)
        return plan

    async def _note(self, plan: _Plan, *, counted_at: datetime | None = None) -> None:
        async with self._on.store.begin(self._syncing.workspace_id) as uow:
            row = await self._row(uow, plan)
            if row is not None and counted_at is not None:
                row.counted_at = counted_at
                row.settled_when_counted = plan.done + plan.failed

    async def _finish(self, plan: _Plan) -> None:
        self._plan = None
        now = self._on.clock.now()
        async with self._on.store.begin(self._syncing.workspace_id) as uow:
            row = await self._row(uow, plan)
            if row is None:
                return
            row.state, row.finished_at = ImportState.DONE, now
            account = await uow.accounts.get(self._syncing.account_id)
            account.history_imported_at = now
            uow.emit(
                "account.history_imported",
                account_id=account.id,
                found=plan.found,
                done=plan.done,
                failed=plan.failed,
            )

    async def _row(self, uow: UnitOfWork, plan: _Plan) -> HistoryImport | None:
        """The request with its counts up to date; None where it is not wanted any more."""
        await uow.accounts.owned(self._syncing.account_id, self._syncing.fence)
        row = await uow.imports.running(self._syncing.account_id)
        if row is None or row.revision != plan.revision:
            return None
        row.found, row.done, row.failed = plan.found, plan.done, plan.failed
        return row
