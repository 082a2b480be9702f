"""Tending one account for as long as this worker owns it.

    connecting ──▶ live ◀──────────────────────────────┐
        │           │ a connection: see `serving.py`   │
        ▼           ▼                                  │
    connection lost, server in trouble ──▶ retrying ───┤  by the ladder; anything new to do wakes it
    credentials refused ─────────────────▶ refused ────┘  hourly, or at once when they are changed

A failure counts until a whole round has succeeded: a server that lets us in and then fails is in
trouble all the same, and is not called every second.
"""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from app.core.errors import NotFound
from app.core.logging import get_logger
from app.jobs.context import Tending
from app.jobs.serving import Reconnect, Serving
from app.mailbox.errors import CredentialsRefused, MailServerError, ServerForbidden
from app.store.models import Account, AccountState
from app.store.notify import Topic, Waker
from app.store.repositories.accounts import OwnershipLost
from app.store.repositories.fleet import AccountRef, Check

REFUSED_WAIT: Final = timedelta(hours=1)
"""A refused password is tried again rarely: some servers lock an account after a few tries."""
log = get_logger(__name__)


class AccountTender:
    """Runs until it is told to stop, the account is removed, or another worker takes it."""

    def __init__(self, tending: Tending, ref: AccountRef, fence: int) -> None:
        self._on = tending
        self._ref = ref
        self._fence = fence
        self._stopping = False
        self._is_live = False
        self._revision = 0
        self._waker = Waker()
        self._serving: Serving | None = None
        self._written: set[Check] = set()

    def stop(self) -> None:
        """End as soon as what is under way is done."""
        self._stopping = True
        self._waker.wake()

    def poll(self) -> None:
        """Look at what is due; called by the clock."""
        if self._serving is not None and self._serving.is_due():
            self._waker.wake()

    def take_checks(self) -> Sequence[Check]:
        """The looks that are not written down yet."""
        if self._serving is None:
            return ()
        looks = set(self._serving.checks.values())
        news, self._written = looks - self._written, looks
        return tuple(news)

    async def run(self) -> None:
        with self._on.hub.waker(Topic.ACCOUNT, self._ref.account_id, self._waker):
            while not self._stopping:
                try:
                    wait = await self._connect_and_serve()
                except (OwnershipLost, NotFound) as error:
                    log.info("account.let_go", account=str(self._ref.account_id), why=str(error))
                    return
                if not self._stopping:
                    await self._waker.wait(wait.total_seconds())

    async def _connect_and_serve(self) -> timedelta:
        """Use one connection for as long as it lasts; answers how long to wait before the next."""
        async with self._on.store.begin(self._ref.workspace_id) as uow:
            account = await uow.accounts.owned(self._ref.account_id, self._fence)
        self._is_live, self._revision = False, account.revision
        try:
            async with self._on.servers.open(self._on.server(account)) as session:
                self._serving = Serving(
                    self._on,
                    self._on.syncing(self._ref, self._fence),
                    self._on.executing(self._ref, self._fence),
                    session,
                    self._waker,
                    account.revision,
                    self._note_live,
                )
                await self._serve(self._serving)
        except Reconnect:
            pass
        except MailServerError as error:
            return await self._note_failure(error)
        finally:
            self._serving = None
        return timedelta(0)

    async def _serve(self, serving: Serving) -> None:
        while not self._stopping:
            await serving.round()
            if not await serving.import_history() and not self._stopping:
                await serving.wait()

    async def _note_live(self) -> None:
        """The account is well: every watched folder was looked at."""
        if self._is_live:
            return
        async with self._on.store.begin(self._ref.workspace_id) as uow:
            account = await uow.accounts.owned(self._ref.account_id, self._fence)
            if account.state is not AccountState.LIVE:
                uow.emit("account.live", account_id=account.id)
            account.state, account.detail = AccountState.LIVE, ""
            account.failures, account.outage_since, account.retry_at = 0, None, None
            account.synced_at = self._on.clock.now()
            account.settled_revision = self._revision
        self._is_live = True

    async def _note_failure(self, error: MailServerError) -> timedelta:
        """Note what is wrong, in words; answers how long to wait."""
        now = self._on.clock.now()
        refused = isinstance(error, CredentialsRefused | ServerForbidden)
        async with self._on.store.begin(self._ref.workspace_id) as uow:
            account = await uow.accounts.owned(self._ref.account_id, self._fence)
            account.failures += 1
            account.outage_since = account.outage_since or now
            outage = now - account.outage_since
            wait = (
                REFUSED_WAIT
                if refused
                else self._on.ladder.delay(account.failures, outage, random.random())  # noqa: S311
            )
            state = AccountState.REFUSED if refused else AccountState.RETRYING
            if account.state is not state:
                uow.emit(f"account.{state}", account_id=account.id, reason=str(error))
            account.state, account.retry_at = state, now + wait
            account.detail = f"{account.address}: {error.sentence}"
            account.settled_revision = self._revision
        _log_failure(account, wait)
        return wait


def _log_failure(account: Account, wait: timedelta) -> None:
    """The longer an outage lasts, the louder: people sleep through the first minute of one."""
    level = "info" if wait < timedelta(minutes=1) else "warning"
    if wait > timedelta(minutes=5):
        level = "error"
    getattr(log, level)(
        "account.failed",
        account=str(account.id),
        state=account.state,
        failures=account.failures,
        wait_seconds=round(wait.total_seconds()),
        detail=account.detail,
    )
