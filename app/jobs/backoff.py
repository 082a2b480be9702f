"""What a failure of an account means: how long it rests, who is told, and what ends the rest.

    server out of reach, in trouble ──▶ retrying   by the ladder; a queued command, Retry now, and
                                                   the end of an outage that others shared end it
    server wants less of us ──────────▶ retrying   at least five minutes; only Retry now ends it
    credentials refused, once ────────▶ retrying   until a second try of its own has confirmed it
    refused, twice ───────────────────▶ refused    hourly; new credentials or Retry now end it
    somebody has to sign in ──────────▶ refused    until they do; it was asked for twice already
    more retries than allowed ────────▶ stopped    until somebody says Retry now

One refusal proves nothing: servers refuse everybody while their user database restarts.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.core.logging import get_logger
from app.core.retry import Severity, pause_after_breaks
from app.jobs.context import Tending
from app.mailbox.errors import (
    CredentialsRefused,
    MailServerError,
    ServerForbidden,
    SignInNeeded,
    Throttled,
)
from app.providers.registry import by_key, of_host
from app.store.models import Account, AccountState
from app.store.notify import Waker
from app.store.repositories.fleet import AccountRef

REFUSED_WAIT: Final = timedelta(hours=1)
"""A refused password is tried again rarely: some servers lock an account after a few tries."""
_CONFIRM_NEW: Final = timedelta(seconds=2)
_CONFIRM_KNOWN: Final = timedelta(minutes=1)
"""Before a refusal is checked: short where somebody has just typed the password and waits."""
_APART: Final = timedelta(seconds=5)
"""However many commands are queued meanwhile, a server in trouble is called no more often."""
_LATELY: Final = timedelta(minutes=10)
log = get_logger(__name__)


@dataclass(slots=True)
class Rest:
    """Until when an account is left alone (None: until somebody asks), and what may end that."""

    began: datetime
    until: datetime | None
    revision: int
    outage_since: datetime
    for_commands: bool = False
    """Whether a queued command ends it, and the end of an outage that others shared."""


class Backoff:
    """One account's failures, for as long as this worker owns it."""

    def __init__(self, tending: Tending, ref: AccountRef, fence: int, waker: Waker) -> None:
        self._on = tending
        self._ref = ref
        self._fence = fence
        self._waker = waker
        self._refusals = 0
        self._successes: list[datetime] = []
        self._is_over = False
        self._stopping = False

    def stop(self) -> None:
        """Have whoever rests go on at once; the caller wakes it."""
        self._stopping = True

    async def inherit(self) -> Rest | None:
        """The rest a former owner has begun and we must keep, if any.

        An outage may well have been that worker's own, so we try at once; a refused password is
        refused to everybody.
        """
        account = await self._account()
        settled = account.settled_revision >= account.revision
        if settled and account.state in {AccountState.REFUSED, AccountState.STOPPED}:
            return Rest(
                began=self._on.clock.now(),
                until=account.retry_at,
                revision=account.revision,
                outage_since=account.outage_since or self._on.clock.now(),
            )
        return None

    async def note(
        self, error: MailServerError, revision: int, *, connected_at: datetime | None = None
    ) -> Rest:
        """Write down what is wrong, in words; answers how long to rest.

        `connected_at` is when the connection was made that it ended, if there was one.
        """
        now = self._on.clock.now()
        async with self._on.store.begin(self._ref.workspace_id) as uow:
            account = await uow.accounts.tended(self._ref.account_id, self._fence)
            account.failures += 1
            outage_since = account.outage_since or now
            account.outage_since = outage_since
            state, wait = self._decide(account, error, now - outage_since)
            if account.state is not state:
                uow.emit(f"account.{state}", account_id=account.id, reason=str(error))
            account.state = state
            account.retry_at = None if wait is None else now + wait
            account.detail = f"{account.address}: {error.sentence}"
            if not self._is_unconfirmed(error, state):
                account.settled_revision = revision
        self._log(
            account, wait, now - outage_since, None if connected_at is None else now - connected_at
        )
        return Rest(
            began=now,
            until=account.retry_at,
            revision=revision,
            outage_since=outage_since,
            for_commands=state is AccountState.RETRYING
            and not isinstance(error, CredentialsRefused | Throttled),
        )

    async def end(self, rest: Rest) -> None:
        """Rest. Raises `OwnershipLost` and `NotFound`.

        A rest that was slept through is over, whatever the clock says: it may have been set back.
        """
        self._is_over = False
        with self._on.outages.waiting(rest.outage_since, self._outage_is_over):
            while rest.until is None or self._on.clock.now() < rest.until:
                left = None
                if rest.until is not None:
                    left = (rest.until - self._on.clock.now()).total_seconds()
                woken = await self._waker.wait(left)
                if not woken or self._stopping or await self._is_reason_enough(rest):
                    return

    def succeeded(self, outage_since: datetime | None) -> None:
        """Everything works; whoever fell over with us may hope again."""
        self._refusals = 0
        now = self._on.clock.now()
        self._successes = [*(one for one in self._successes if now - one < _LATELY), now]
        if outage_since is not None:
            self._on.outages.is_over(outage_since)

    def _outage_is_over(self) -> None:
        self._is_over = True
        self._waker.wake()

    def _decide(
        self, account: Account, error: MailServerError, outage: timedelta
    ) -> tuple[AccountState, timedelta | None]:
        if isinstance(error, ServerForbidden | SignInNeeded):
            return AccountState.REFUSED, REFUSED_WAIT
        if isinstance(error, CredentialsRefused):
            return self._decide_refusal(account)
        ladder, chance = self._on.ladder, random.random()  # noqa: S311 -- no secret
        if ladder.is_spent(account.failures):
            return AccountState.STOPPED, None
        wait = ladder.delay(account.failures, outage, chance)
        if account.failures == 1:
            lately = self._on.clock.now() - _LATELY
            wait = max(wait, pause_after_breaks(sum(one > lately for one in self._successes)))
        if isinstance(error, Throttled):
            wait = max(wait, _rest_when_busy(account) * (1 + ladder.jitter * chance))
        return AccountState.RETRYING, wait

    def _decide_refusal(self, account: Account) -> tuple[AccountState, timedelta]:
        self._refusals += 1
        if self._refusals > 1 or account.state is AccountState.REFUSED:
            return AccountState.REFUSED, REFUSED_WAIT
        is_known = account.synced_at is not None and account.settled_revision >= account.revision
        if account.state is AccountState.CONNECTING:
            return AccountState.CONNECTING, _CONFIRM_NEW
        return AccountState.RETRYING, _CONFIRM_KNOWN if is_known else _CONFIRM_NEW

    def _is_unconfirmed(self, error: MailServerError, state: AccountState) -> bool:
        return isinstance(error, CredentialsRefused) and state is not AccountState.REFUSED

    async def _is_reason_enough(self, rest: Rest) -> bool:
        """Whether what woke us is a reason to try now; if only soon, the rest is cut short."""
        account = await self._account()
        if account.revision != rest.revision:
            return True
        if not rest.for_commands:
            return False
        if self._is_over or await self._has_command():
            self._is_over = False
            soonest = rest.began + _APART
            rest.until = soonest if rest.until is None else min(rest.until, soonest)
        return False

    async def _has_command(self) -> bool:
        async with self._on.store.begin(self._ref.workspace_id) as uow:
            due = await uow.commands.next_due(self._ref.account_id, self._on.clock.now())
        return due is not None

    async def _account(self) -> Account:
        async with self._on.store.begin(self._ref.workspace_id) as uow:
            return await uow.accounts.tended(self._ref.account_id, self._fence)

    def _log(
        self,
        account: Account,
        wait: timedelta | None,
        outage: timedelta,
        age: timedelta | None,
    ) -> None:
        severity = self._on.ladder.severity(account.failures, outage)
        if account.state in {AccountState.REFUSED, AccountState.STOPPED}:
            severity = Severity.ERROR
        getattr(log, severity)(
            "account.failed",
            account=str(account.id),
            state=account.state,
            failures=account.failures,
            retries_left=max(self._on.ladder.most_retries - account.failures + 1, -1),
            outage_seconds=round(outage.total_seconds()),
            connection_seconds=None if age is None else round(age.total_seconds()),
            wait_seconds=None if wait is None else round(wait.total_seconds()),
            detail=account.detail,
        )


def _rest_when_busy(account: Account) -> timedelta:
    """As its provider wants; before the first connection only the host's name tells who that is."""
    provider = by_key(account.provider) if account.provider else of_host(account.imap_host)
    return provider.facts.rest_when_busy
