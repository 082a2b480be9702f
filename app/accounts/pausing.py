"""Letting an account be for a while, and going on with it.

Paused means that nobody talks to the account's servers: its connection is closed, nothing is
fetched, no wish is carried out and no mail leaves. What is stored already is posted all the same,
and what only the team keeps (assigning, notes, Done) goes on; wishes and mails wait, and the cards
say for what. Nothing is lost by it: the mail of the gap lies on the server, above the watermark.

The worker that owns the account asks before everything it begins (`Accounts.tended`), and lets go
of it.
"""

from datetime import datetime
from typing import Protocol

from app.core.errors import Conflict
from app.core.ids import AccountId
from app.store.models import Account, AccountState
from app.store.notify import Topic
from app.store.unit_of_work import UnitOfWork


class Change(Protocol):
    """`pause` or `resume`."""

    async def __call__(
        self, uow: UnitOfWork, account_id: AccountId, *, by: str, now: datetime
    ) -> Account: ...


async def pause(uow: UnitOfWork, account_id: AccountId, *, by: str, now: datetime) -> Account:
    """Let it be from now on. Raises `NotFound` and `Conflict`."""
    account = await uow.accounts.lock(account_id)
    if account.paused_at is not None:
        raise Conflict(f"{account.address} is paused already.")
    account.paused_at, account.paused_by = now, by
    account.state = AccountState.PAUSED
    account.detail = f"{account.address}: {paused_words(account)}"
    account.failures, account.outage_since, account.retry_at = 0, None, None
    account.revision += 1
    account.settled_revision = account.revision
    uow.emit("account.paused", account_id=account.id, by=by)
    uow.wake(Topic.ACCOUNT, account.id)
    uow.wake(Topic.LOGIN, account.id)
    uow.wake(Topic.ALARMS)
    await _show_what_waits(uow, account.id)
    return account


async def resume(uow: UnitOfWork, account_id: AccountId, *, by: str, now: datetime) -> Account:
    """Go on with it: a worker takes it within seconds. Raises `NotFound` and `Conflict`."""
    account = await uow.accounts.lock(account_id)
    if account.paused_at is None:
        raise Conflict(f"{account.address} is not paused.")
    account.paused_at, account.paused_by, account.resumed_at = None, "", now
    account.state, account.detail = AccountState.CONNECTING, ""
    account.revision += 1
    await uow.waiting.begin_anew(account.id)
    uow.emit("account.resumed", account_id=account.id, by=by)
    uow.wake(Topic.ACCOUNT, account.id)
    uow.wake(Topic.ACCOUNTS)
    await _show_what_waits(uow, account.id)
    return account


def refuse_while_paused(account: Account) -> None:
    """For what would take a connection. Raises `Conflict`."""
    if account.paused_at is not None:
        raise Conflict(
            f"{account.address} is paused, so nobody connects to it.", fix="Resume it first."
        )


def paused_words(account: Account) -> str:
    """Who did it, as a sentence."""
    return f"Paused by {account.paused_by}." if account.paused_by else "Paused."


async def _show_what_waits(uow: UnitOfWork, account_id: AccountId) -> None:
    """Have what stands in Slack about open wishes and mails say that they wait, or do no more."""
    for channel_id in await uow.waiting.mark_stale(account_id):
        uow.feed_is_due(channel_id)
