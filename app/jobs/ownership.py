"""Which accounts are ours: one worker at a time tends an account, and Postgres decides which.

An account is owned by an advisory lock, which dies with its worker. A worker that only slept would
still believe it owns it, so each taking raises the account's fence as well, and every write proves
that its fence is the latest.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from app.core.ids import AccountId
from app.core.logging import get_logger
from app.jobs.account import AccountTender
from app.jobs.context import Tending
from app.store.presence import Presence
from app.store.repositories.fleet import AccountRef

STOP_SECONDS: Final = 12
"""How long tenders may take to finish what they are doing when the worker stops."""
_LONGEST_WAIT: Final = 300.0
_FORGOTTEN_AFTER: Final = 900.0
log = get_logger(__name__)


@dataclass(slots=True)
class _Crashes:
    """How often a tender ended by an error that nobody foresaw, and when it may begin again."""

    count: int = 0
    not_before: float = 0

    def note(self) -> None:
        now = time.monotonic()
        self.count = 1 if now - self.not_before > _FORGOTTEN_AFTER else self.count + 1
        self.not_before = now + min(2.0**self.count, _LONGEST_WAIT)


class Ownership:
    """The accounts of this worker, each with its tender running."""

    def __init__(self, tending: Tending, presence: Presence) -> None:
        self._on = tending
        self._presence = presence
        self._tenders: dict[AccountId, tuple[AccountTender, asyncio.Task[None]]] = {}
        self._crashes: dict[AccountId, _Crashes] = {}

    @property
    def tenders(self) -> Iterable[AccountTender]:
        return [tender for tender, _ in self._tenders.values()]

    async def claim(self) -> None:
        """Take every account that nobody tends, and let go of those that ended.

        Raises `PresenceLost`, after which nothing is ours any more.
        """
        await self._presence.check()
        await self._let_go_of_ended()
        async with self._on.store.across_workspaces() as fleet:
            accounts = {ref.account_id: ref for ref in await fleet.accounts()}
        wanted = [
            ref
            for id_, ref in accounts.items()
            if id_ not in self._tenders and self._may_be_tended(id_)
        ]
        if not wanted:
            return
        taken = await self._presence.take([ref.account_id for ref in wanted])
        for ref in wanted:
            if ref.account_id in taken:
                await self._tend(ref)

    async def _tend(self, ref: AccountRef) -> None:
        async with self._on.store.across_workspaces() as fleet:
            fence = await fleet.raise_fence(ref)
        if fence is None:
            await self._presence.give_back(ref.account_id)
            return
        log.info("account.taken", account=str(ref.account_id), fence=fence)
        tender = AccountTender(self._on, ref, fence)
        task = asyncio.create_task(tender.run(), name=f"account {ref.account_id}")
        self._tenders[ref.account_id] = (tender, task)

    async def _let_go_of_ended(self) -> None:
        for account_id, (_, task) in list(self._tenders.items()):
            if not task.done():
                continue
            del self._tenders[account_id]
            await self._presence.give_back(account_id)
            if error := task.exception():
                log.error("account.crashed", account=str(account_id), exc_info=error)
                self._crashes.setdefault(account_id, _Crashes()).note()

    def _may_be_tended(self, account_id: AccountId) -> bool:
        crashes = self._crashes.get(account_id)
        return crashes is None or time.monotonic() >= crashes.not_before

    async def stop(self) -> None:
        """End all tenders: politely, then firmly. What they had begun is safe at any point."""
        for tender, _ in self._tenders.values():
            tender.stop()
        tasks = [task for _, task in self._tenders.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._tenders.clear()
