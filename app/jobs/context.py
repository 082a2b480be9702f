"""What it takes to tend accounts, and one account's share of it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from app.commands.claim import Executing
from app.core.clock import Clock
from app.core.crypto import Vault
from app.core.retry import RetryLadder
from app.jobs.outages import Outages
from app.jobs.trust import Proofs
from app.mailbox.errors import CredentialsRefused, SignInNeeded
from app.mailbox.port import AccessTokens, MailServers, MailSession, Sasl, Security, ServerSpec
from app.store.blobs import Blobs
from app.store.models import Account
from app.store.notify import NotificationHub
from app.store.repositories.fleet import AccountRef
from app.store.unit_of_work import Store
from app.sync.in_flight import InFlight
from app.sync.port import Announce, Parser, Syncing


@dataclass(frozen=True, slots=True)
class Tending:
    """Shared by all accounts of a worker. Times are in seconds, sizes in bytes."""

    store: Store
    blobs: Blobs
    parser: Parser
    servers: MailServers
    hub: NotificationHub
    clock: Clock
    vault: Vault
    announce: Announce
    ladder: RetryLadder
    poll_seconds: float
    idle_renew_seconds: float
    largest_mail: int
    reconnect_after_seconds: float = 6 * 3600
    """The age at which a connection is made anew, when nothing is under way on it."""
    import_mails_per_minute: int = 6000
    worker_silent_seconds: float = 20
    """After so long without a sign of life a worker's accounts are given to others."""
    outages: Outages = field(default_factory=Outages)
    proofs: Proofs = field(default_factory=Proofs)
    in_flight: InFlight = field(default_factory=InFlight)
    tokens: AccessTokens | None = None
    """For accounts that are opened without a password."""

    def syncing(self, ref: AccountRef, fence: int) -> Syncing:
        return Syncing(
            store=self.store,
            blobs=self.blobs,
            parser=self.parser,
            clock=self.clock,
            announce=self.announce,
            workspace_id=ref.workspace_id,
            account_id=ref.account_id,
            fence=fence,
            largest_mail=self.largest_mail,
            in_flight=self.in_flight,
        )

    def executing(self, ref: AccountRef, fence: int) -> Executing:
        return Executing(
            store=self.store,
            clock=self.clock,
            workspace_id=ref.workspace_id,
            account_id=ref.account_id,
            fence=fence,
            blobs=self.blobs,
        )

    @asynccontextmanager
    async def open(self, account: Account) -> AsyncIterator[MailSession]:
        """A session with an account's server. Raises as `MailServers.open`, and `SignInNeeded`.

        A token that the server refuses is replaced by a fresh one, once: it may have been revoked.
        """
        async with AsyncExitStack() as stack:
            spec = await self.server(account)
            try:
                session = await stack.enter_async_context(self.servers.open(spec))
            except CredentialsRefused:
                if account.grant_id is None:
                    raise
                spec = await self.server(account, instead_of=spec.password)
                session = await stack.enter_async_context(self.servers.open(spec))
            yield session

    async def server(self, account: Account, *, instead_of: str | None = None) -> ServerSpec:
        """Where an account's server is and what to show it: a password, or another token."""
        if account.grant_id is None:
            password = self.vault.open(account.imap_secret)
        elif self.tokens is None:
            raise SignInNeeded("This process cannot sign in at providers.")
        else:
            password = await self.tokens.get(
                account.workspace_id, account.grant_id, instead_of=instead_of
            )
        return ServerSpec(
            host=account.imap_host,
            port=account.imap_port,
            security=Security(account.imap_security),
            username=account.imap_username,
            password=password,
            sasl=Sasl.PASSWORD if account.grant_id is None else Sasl.TOKEN,
        )
