"""Tending one account for as long as this worker owns it.

    connecting ──▶ live ◀──────────────────────────────┐
        │           │ a connection: see `serving.py`   │
        ▼           ▼                                  │
    something failed ──▶ rest: see `backoff.py` ───────┘

A failure counts until a whole round has succeeded: a server that lets us in and then fails is in
trouble all the same, and is not called every second.

An account that is paused is let go of: every look, portion of mails and command asks first whether
it may begin. Once it may not, the connection is closed and the account has no owner. When it is
resumed, it is taken like a new one.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.core.errors import NotFound
from app.core.logging import get_logger
from app.jobs.backoff import Backoff, Rest
from app.jobs.context import Tending
from app.jobs.serving import Reconnect, Serving
from app.mailbox.errors import MailServerError
from app.store.models import Account, AccountState
from app.store.notify import Topic, Waker
from app.store.repositories.accounts import OwnershipLost
from app.store.repositories.fleet import AccountRef, Check

log = get_logger(__name__)


class AccountTender:
    """Runs until it is told to stop, the account is removed or paused, or another worker has it."""

    def __init__(
        self, tending: Tending, ref: AccountRef, fence: int, *, waker: Waker | None = None
    ) -> None:
        self._on = tending
        self.ref = ref
        self._fence = fence
        self._stopping = False
        self._is_live = False
        self._revision = 0
        self._waker = waker or Waker()
        self._backoff = Backoff(tending, ref, fence, self._waker)
        self._serving: Serving | None = None
        self._opened_at: datetime | None = None
        """When the present connection was made."""
        self._outage: timedelta | None = None
        """How long the last one lasted, until what it held up is in."""
        self._missed = 0
        """Mails that were brought in since then by former connections."""

    def stop(self) -> None:
        """End as soon as what is under way is done."""
        self._stopping = True
        self._backoff.stop()
        self._waker.wake()

    @property
    def is_serving(self) -> bool:
        """Whether it has a connection; one that rests or waits for its turn to dial has none."""
        return self._serving is not None

    @property
    def revision(self) -> int:
        """Of the account, as its connection was made by."""
        return self._revision

    def wake(self) -> None:
        """Have it look at everything, as a notice would."""
        self._waker.wake()

    def take_checks(self) -> Sequence[Check]:
        """The looks that are not written down yet."""
        return self._serving.take_checks() if self._serving is not None else ()

    async def run(self) -> None:
        with self._on.hub.waker(Topic.ACCOUNT, self.ref.account_id, self._waker):
            try:
                rest = await self._backoff.inherit()
                while not self._stopping:
                    if rest is not None:
                        await self._backoff.end(rest)
                    rest = await self._connect_and_serve()
            except (OwnershipLost, NotFound) as error:
                log.info("account.let_go", account=str(self.ref.account_id), why=str(error))

    async def _connect_and_serve(self) -> Rest | None:
        """Use one connection for as long as it lasts; answers how to rest before the next."""
        if self._stopping:
            return None
        account = await self._read()
        self._is_live, self._revision = False, account.revision
        try:
            async with self._on.open(account) as session:
                self._opened_at = self._on.clock.now()
                self._serving = Serving(
                    self._on,
                    self._on.syncing(self.ref, self._fence),
                    self._on.executing(self.ref, self._fence),
                    session,
                    self._waker,
                    account.revision,
                    self._note_live,
                    host=account.imap_host,
                )
                self._note_end(await self._serve(self._serving))
        except Reconnect:
            self._note_end("the account was changed")
        except MailServerError as error:
            return await self._backoff.note(error, self._revision, connected_at=self._opened_at)
        finally:
            if self._outage is not None and self._serving is not None:
                self._missed += self._serving.brought_in
            self._serving = self._opened_at = None
        return None

    async def _read(self) -> Account:
        async with self._on.store.begin(self.ref.workspace_id) as uow:
            return await uow.accounts.tended(self.ref.account_id, self._fence)

    async def _serve(self, serving: Serving) -> str:
        """Answers why the connection is to end, where nothing is wrong with it."""
        while not self._stopping:
            has_more = await serving.turn()
            if not has_more:
                self._note_caught_up(serving)
            if serving.is_old():
                return "it was old"
            if not has_more and not self._stopping:
                await serving.wait()
        return "told to stop"

    def _note_end(self, why: str) -> None:
        """Of a connection that did nothing wrong; the others are told of with what went wrong."""
        age = self._on.clock.now() - (self._opened_at or self._on.clock.now())
        log.debug(
            "account.disconnected",
            account=str(self.ref.account_id),
            why=why,
            connection_seconds=round(age.total_seconds()),
        )

    def _note_caught_up(self, serving: Serving) -> None:
        """What an outage held up is in."""
        if self._outage is None:
            return
        log.info(
            "account.recovered",
            account=str(self.ref.account_id),
            outage_seconds=round(self._outage.total_seconds()),
            mails_missed=self._missed + serving.brought_in,
        )
        self._outage, self._missed = None, 0

    async def _note_live(self) -> None:
        """The account is well: every watched folder was looked at."""
        if self._is_live:
            return
        async with self._on.store.begin(self.ref.workspace_id) as uow:
            account = await uow.accounts.tended(self.ref.account_id, self._fence)
            if account.state is not AccountState.LIVE:
                uow.emit("account.live", account_id=account.id)
            outage_since = account.outage_since
            account.state, account.detail = AccountState.LIVE, ""
            account.failures, account.outage_since, account.retry_at = 0, None, None
            account.synced_at = self._on.clock.now()
            account.settled_revision = self._revision
        self._is_live = True
        if outage_since is not None:
            self._outage = self._on.clock.now() - outage_since
        self._backoff.succeeded(outage_since)
