"""Importing what was in an account before we watched it: asking, following, cancelling.

The mail is brought in by the worker that owns the account, newest first, beside new mail and
without a word; see `sync/backfill.py`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.ids import AccountId
from app.store.models import HistoryImport, ImportState
from app.store.notify import Topic
from app.store.unit_of_work import UnitOfWork

MOST_HISTORY_DAYS: Final = 3650
MOST_MAILS_PER_MINUTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """Which mail: of the last `days` days, or received since a moment, or all there is."""

    days: int | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is. `found` is None until the mails of the window were counted.

    `eta_seconds`: how long the rest will take at the pace so far; None while nothing is known.
    """

    state: ImportState
    days: int | None
    since: datetime | None
    mails_per_minute: int | None
    found: int | None
    done: int
    failed: int
    eta_seconds: int | None
    requested_at: datetime
    finished_at: datetime | None


async def start(
    uow: UnitOfWork, account_id: AccountId, window: Window, *, mails_per_minute: int | None = None
) -> HistoryImport:
    """Bring in a window of history, silently, instead of one that is still running.

    Raises `NotFound` and `InvalidInput`.
    """
    if window.days is not None and not 1 <= window.days <= MOST_HISTORY_DAYS:
        raise InvalidInput(
            f"History can be imported for 1 to {MOST_HISTORY_DAYS} days.", field="days"
        )
    if mails_per_minute is not None and not 1 <= mails_per_minute <= MOST_MAILS_PER_MINUTE:
        raise InvalidInput(
            f"The pace can be 1 to {MOST_MAILS_PER_MINUTE} mails a minute.",
            field="mails_per_minute",
        )
    account = await uow.accounts.lock(account_id)
    account.history_days, account.history_imported_at = window.days or 0, None
    wanted = await uow.imports.request(
        account_id, days=window.days, since=window.since, mails_per_minute=mails_per_minute
    )
    uow.emit(
        "account.import_started",
        account_id=account_id,
        days=window.days,
        since=window.since.isoformat() if window.since else None,
    )
    uow.wake(Topic.ACCOUNT, account_id)
    return wanted


async def cancel(uow: UnitOfWork, account_id: AccountId, *, now: datetime) -> HistoryImport:
    """Stop an import; what is in stays in. Raises `NotFound` and `Conflict`."""
    await uow.accounts.lock(account_id)
    found = await find(uow, account_id)
    if found.state is not ImportState.RUNNING:
        raise Conflict("This import is not running, so there is nothing to cancel.")
    found.state, found.finished_at = ImportState.CANCELLED, now
    uow.emit("account.import_cancelled", account_id=account_id, done=found.done)
    uow.wake(Topic.ACCOUNT, account_id)
    return found


async def find(uow: UnitOfWork, account_id: AccountId) -> HistoryImport:
    """The latest import of an account. Raises `NotFound`."""
    await uow.accounts.get(account_id)
    found = await uow.imports.find(account_id)
    if found is None:
        raise NotFound(
            "No history of this account was ever imported.", fix="Start an import first."
        )
    return found


def progress_of(wanted: HistoryImport, now: datetime) -> ImportProgress:
    return ImportProgress(
        state=wanted.state,
        days=wanted.days,
        since=wanted.since,
        mails_per_minute=wanted.mails_per_minute,
        found=wanted.found,
        done=wanted.done,
        failed=wanted.failed,
        eta_seconds=_eta(wanted, now),
        requested_at=wanted.requested_at,
        finished_at=wanted.finished_at,
    )


def _eta(wanted: HistoryImport, now: datetime) -> int | None:
    """How long the rest takes if it goes on as it went since a worker last counted."""
    if wanted.state is not ImportState.RUNNING:
        return None
    if wanted.found is None or wanted.counted_at is None:
        return None
    settled = wanted.done + wanted.failed
    left, fresh = wanted.found - settled, settled - wanted.settled_when_counted
    if left <= 0:
        return 0
    if fresh <= 0:
        return None
    took: timedelta = max(now - wanted.counted_at, timedelta(0))
    return round(left * took.total_seconds() / fresh)
