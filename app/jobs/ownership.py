"""Which accounts are ours: one worker at a time tends an account, and Postgres decides which.

An account is owned by an advisory lock, which dies with its worker, or is taken from it where the
worker gives no sign of life (see `store/workers.py`). A worker that only slept would still believe
it owns it, so each taking raises the account's fence as well, and every write proves that its fence
is the latest. Every worker keeps its fair share and hands the rest over.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from app.core.ids import AccountId
from app.core.logging import get_logger
from app.jobs.account import AccountTender
from app.jobs.context import Tending
from app.jobs.share import share
from app.store.presence import Presence, PresenceLost
from app.store.repositories.fleet import AccountRef

STOP_SECONDS: Final = 12
"""How long tenders may take to finish what they are doing when the worker stops."""
_LONGEST_WAIT: Final = 300.0
_FORGOTTEN_AFTER: Final = 900.0
_READ_AGAIN_SECONDS: Final = 10.0
"""How long an account that nobody told us of can go unnoticed."""
_SETTLED_SECONDS: Final = 5.0
"""So long the number of workers must stand still before accounts are handed over."""
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


@dataclass(slots=True)
class _Company:
    """Who works beside us, and since when it is these."""

    names: frozenset[str] = frozenset()
    since: float = 0

    def note(self, names: frozenset[str]) -> None:
        if names != self.names:
            self.names, self.since = names, time.monotonic()

    @property
    def has_settled(self) -> bool:
        return time.monotonic() - self.since >= _SETTLED_SECONDS


class Ownership:
    """The accounts of this worker, each with its tender running."""

    def __init__(self, tending: Tending, presence: Presence) -> None:
        self._on = tending
        self._presence = presence
        self._tenders: dict[AccountId, tuple[AccountTender, asyncio.Task[None]]] = {}
        self._leaving: set[AccountId] = set()
        self._crashes: dict[AccountId, _Crashes] = {}
        self._company = _Company()
        self._accounts: Sequence[AccountRef] = ()
        self._read_at = float("-inf")

    @property
    def tenders(self) -> Iterable[AccountTender]:
        return [tender for tender, _ in self._tenders.values()]

    async def claim(self, *, is_told: bool = True) -> bool:
        """Take our share of what nobody tends, hand over what is beyond it; whether more is left.

        Unless we are told that there are others, the accounts are read again only now and then.
        Raises `PresenceLost`, after which nothing is ours any more.
        """
        await self._end_silent_workers()
        await self._let_go_of_ended()
        accounts = await self._read_accounts(is_told=is_told)
        todo = share(
            owned=len(self._tenders) - len(self._leaving),
            accounts=len(accounts),
            workers=len(self._company.names),
            settled=self._company.has_settled,
        )
        self._hand_over(todo.release)
        return await self._take(accounts, todo.take) if todo.take else False

    async def _read_accounts(self, *, is_told: bool) -> Sequence[AccountRef]:
        now = time.monotonic()
        if is_told or now - self._read_at >= _READ_AGAIN_SECONDS:
            async with self._on.store.asking_all_workspaces() as fleet:
                self._accounts = await fleet.accounts(tended=True)
            self._read_at = now
        return self._accounts

    async def _end_silent_workers(self) -> None:
        longest = self._on.worker_silent_seconds
        workers = await self._presence.workers()
        if any(one.silent_seconds > longest for one in workers):
            for name in await self._presence.end_silent(longest):
                log.warning("worker.silent", worker=name)
            workers = await self._presence.workers()
        self._company.note(frozenset(one.name for one in workers))

    async def _take(self, accounts: Sequence[AccountRef], most: int) -> bool:
        wanted = {
            ref.account_id: ref
            for ref in accounts
            if ref.account_id not in self._tenders and self._may_be_tended(ref.account_id)
        }
        order = random.sample(list(wanted), len(wanted))
        taken = await self._presence.take(order, most=most)
        if not taken:
            return False
        async with self._on.store.across_workspaces() as fleet:
            fences = await fleet.raise_fences([wanted[AccountId(id_)] for id_ in taken])
        for account_id, fence in fences.items():
            self._tend(wanted[account_id], fence)
        for id_ in taken - fences.keys():
            await self._presence.give_back(id_)
        return len(taken) == most

    def _tend(self, ref: AccountRef, fence: int) -> None:
        log.info("account.taken", account=str(ref.account_id), fence=fence)
        tender = AccountTender(self._on, ref, fence)
        task = asyncio.create_task(tender.run(), name=f"account {ref.account_id}")
        self._tenders[ref.account_id] = (tender, task)

    def _hand_over(self, count: int) -> None:
        """Have some tenders end, the latest first; their locks are given back when they have."""
        staying = [id_ for id_ in self._tenders if id_ not in self._leaving]
        for account_id in staying[len(staying) - count :]:
            log.info("account.handed_over", account=str(account_id))
            self._leaving.add(account_id)
            _end(*self._tenders[account_id])

    async def _let_go_of_ended(self) -> None:
        for account_id, (_, task) in list(self._tenders.items()):
            if not task.done():
                continue
            del self._tenders[account_id]
            self._leaving.discard(account_id)
            await self._presence.give_back(account_id)
            if not task.cancelled() and (error := task.exception()):
                log.error("account.crashed", account=str(account_id), exc_info=error)
                self._crashes.setdefault(account_id, _Crashes()).note()

    def _may_be_tended(self, account_id: AccountId) -> bool:
        crashes = self._crashes.get(account_id)
        return crashes is None or time.monotonic() >= crashes.not_before

    async def stop(self) -> None:
        """End all tenders: politely, then firmly. What they had begun is safe at any point.

        What has ended is given back at once, so that others need not wait for the slowest.
        """
        for tender, task in self._tenders.values():
            _end(tender, task)
        deadline = time.monotonic() + STOP_SECONDS
        tasks = {task for _, task in self._tenders.values()}
        with contextlib.suppress(PresenceLost):
            while tasks and time.monotonic() < deadline:
                left = deadline - time.monotonic()
                _, tasks = await asyncio.wait(
                    tasks, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                await self._let_go_of_ended()
        tasks = {task for _, task in self._tenders.values()}
        if tasks:
            await asyncio.wait(tasks, timeout=max(deadline - time.monotonic(), 0))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tenders.clear()


def _end(tender: AccountTender, task: asyncio.Task[None]) -> None:
    """Have a tender end: after what is under way on its connection, else at once."""
    tender.stop()
    if not tender.is_serving:
        task.cancel()
