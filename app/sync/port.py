"""What the sync stage is given by whoever runs it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.core.clock import Clock
from app.core.errors import SharedBoxError
from app.core.ids import AccountId, ConversationId, MailboxId, PlacementId, WorkspaceId
from app.mail.parsed import ParsedMail
from app.store.blobs import Blobs
from app.store.models import Account
from app.store.new import NewMessage
from app.store.repositories.arriving import Around
from app.store.unit_of_work import Store, UnitOfWork
from app.sync.in_flight import InFlight


class Parser(Protocol):
    async def parse_many(self, raws: Sequence[bytes]) -> Sequence[ParsedMail | SharedBoxError]:
        """Each mail, in order, or why not: `ParseFailed`, or `MailUnreadable` where it is empty."""
        ...


class Announce(Protocol):
    """Puts before the team what came in. Called within the transaction that stores it."""

    async def arrived(
        self,
        uow: UnitOfWork,
        around: Around,
        mails: Sequence["Arrived"],
        begun: frozenset[ConversationId],
    ) -> None:
        """New mails, each in the conversation it joined; `begun`: those that begin with them."""
        ...

    async def quarantined(
        self, uow: UnitOfWork, account: Account, placements: Sequence[PlacementId]
    ) -> None: ...

    async def settled(self, uow: UnitOfWork, placements: Sequence[PlacementId]) -> None:
        """What became of these is known now; some of them may have been in quarantine before."""
        ...


@dataclass(frozen=True, slots=True)
class Arrived:
    """A new mail as it was stored, and what its row does not keep."""

    message: NewMessage
    folder: str
    """Where it came in, by its name on the server."""
    files: tuple[str, ...]
    """The names of its files."""
    head: bytes
    """Its header, as it came."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder whose UIDs we know the meaning of."""

    mailbox_id: MailboxId
    name: str
    uidvalidity: int


@dataclass(frozen=True, slots=True)
class Syncing:
    """One account that this worker owns, and what it takes to bring its mail in."""

    store: Store
    blobs: Blobs
    parser: Parser
    clock: Clock
    announce: Announce
    workspace_id: WorkspaceId
    account_id: AccountId
    fence: int
    """Which ownership this is; every write proves that it is still the latest."""
    largest_mail: int
    """In bytes; a larger mail is quarantined."""
    in_flight: InFlight = field(default_factory=InFlight)
    """The room for mail of all accounts of this worker."""
