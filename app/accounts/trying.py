"""Trying an account out: have it connected anew, and wait for what comes of it."""

import time
from dataclasses import dataclass
from typing import Final

from app.accounts.connect import ask_for_test
from app.accounts.health import health_of
from app.core.ids import AccountId, WorkspaceId
from app.store.models import Account, AccountState
from app.store.notify import NotificationHub, Topic
from app.store.unit_of_work import Store

TRY_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Tried:
    """`ok`: connected, logged in and looked at every watched folder."""

    ok: bool
    state: AccountState
    detail: str


async def try_out(
    store: Store,
    hub: NotificationHub,
    workspace_id: WorkspaceId,
    account_id: AccountId,
    *,
    seconds: float | None = None,
) -> Tried:
    """Have a worker connect it, and answer how that went. Raises as `ask_for_test`."""
    deadline = time.monotonic() + (TRY_SECONDS if seconds is None else seconds)
    with hub.waker(Topic.EVENTS, workspace_id) as waker:
        async with store.begin(workspace_id) as uow:
            revision = (await ask_for_test(uow, account_id)).revision
        account = await _read(store, workspace_id, account_id)
        while account.settled_revision < revision and time.monotonic() < deadline:
            await waker.wait(_LOOK_SECONDS)
            account = await _read(store, workspace_id, account_id)
    if account.settled_revision < revision:
        detail = "No worker has tried yet. Check that a worker is running."
        return Tried(ok=False, state=account.state, detail=detail)
    async with store.begin(workspace_id) as uow:
        (health,) = await health_of(uow, [account])
    ok = account.state is AccountState.LIVE and not health.detail
    return Tried(ok, account.state, health.detail)


async def _read(store: Store, workspace_id: WorkspaceId, account_id: AccountId) -> Account:
    async with store.begin(workspace_id) as uow:
        return await uow.accounts.get(account_id)
