"""What the rest of SharedBox may ask of a mail server, in values.

`MailSession` is one authenticated connection; `sessions.py` has the real one, over IMAP.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from app.core.ids import GrantId, WorkspaceId
from app.providers.base import Provider
from app.store.notify import Waker


class Security(StrEnum):
    TLS = "tls"
    STARTTLS = "starttls"
    """Required, never opportunistic: without it nothing is sent."""
    NONE = "none"


class Sasl(StrEnum):
    """How we prove who we are."""

    PASSWORD = "password"  # noqa: S105 -- the name of a method
    TOKEN = "token"  # noqa: S105 -- the same
    """`ServerSpec.password` is an access token."""


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """Where a mail server is and who we are there."""

    host: str
    port: int
    security: Security
    username: str
    password: str = field(repr=False)
    sasl: Sasl = Sasl.PASSWORD


class Role(StrEnum):
    """What a folder is for: INBOX, or one of the special uses of RFC 6154."""

    INBOX = "inbox"
    ARCHIVE = "archive"
    SENT = "sent"
    DRAFTS = "drafts"
    TRASH = "trash"
    JUNK = "junk"


@dataclass(frozen=True, slots=True)
class Folder:
    name: str
    role: Role | None = None
    selectable: bool = True
    delimiter: str | None = None
    """What stands between the levels of its name; None in a flat name space."""


@dataclass(frozen=True, slots=True)
class Selected:
    """What SELECT or EXAMINE said (RFC 3501 §6.3.1). None where the server did not say."""

    name: str
    uidvalidity: int | None
    uidnext: int | None
    exists: int
    highestmodseq: int | None = None
    """Only where the server keeps it for this folder (RFC 7162); else flags must be compared."""
    is_fresh: bool = True
    """False where the folder was open already and nobody asked the server."""


class Heard(StrEnum):
    """When a server spoke of new mail: what comes late may have come while we left IDLE."""

    NOTHING = "nothing"
    LATE = "late"
    """With the answer to a command, or with the end of IDLE."""
    IN_IDLE = "in IDLE"


@dataclass(frozen=True, slots=True)
class Listing:
    """A mail as the server describes it, before its bytes are fetched. `size` is in bytes."""

    uid: int
    size: int
    internaldate: datetime
    flags: tuple[str, ...]
    remote_id: str | None = None
    """What the host calls the mail in whatever folder it lies, where it says so (X-GM-MSGID)."""
    labels: tuple[str, ...] = ()
    """The other folders it lies in, where the host says so (X-GM-LABELS)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one mail from another when its UID cannot: after a move, after a reset."""

    internet_message_id: str | None
    size: int
    internaldate: datetime


@dataclass(frozen=True, slots=True)
class Copied:
    """Where COPYUID says the mails went (RFC 4315 §3): source UID → destination UID."""

    uidvalidity: int
    uids: Mapping[int, int]


class MailSession(Protocol):
    """One authenticated connection to an account's server.

    Calls run one after the other. Each has a total time limit; whatever exceeds it, and whatever
    breaks the connection, raises `Transient`, after which the session is of no more use. A NO or
    BAD raises `CommandRefused`.
    """

    @property
    def capabilities(self) -> frozenset[str]: ...

    @property
    def provider(self) -> Provider:
        """Whose server it is, as far as it can be told."""
        ...

    @property
    def open_folder(self) -> str | None:
        """The folder that is open, if one is."""
        ...

    async def folders(self) -> Sequence[Folder]:
        """Every folder the server lists, with its role by attribute, else by well-known name."""
        ...

    async def create(self, folder: str) -> str:
        """Create a folder at the top of our own; answers the name it has got there."""
        ...

    async def examine(self, folder: str, *, max_age: float = 0) -> Selected:
        """Open a folder read-only.

        A folder that has been open for less than `max_age` seconds is not opened anew, unless the
        server spoke of flags or of mails that left. The answer is then not fresh, and `uidnext` is
        None, because nobody asked the server.
        """
        ...

    async def status(self, folder: str) -> Selected:
        """Ask about a folder without opening it (RFC 3501 §6.3.10)."""
        ...

    @property
    def hears_of(self) -> frozenset[str]:
        """The folders of whose changes the server tells though another one is open."""
        ...

    async def hear_of(self, folders: Sequence[str]) -> None:
        """Have the server tell of these folders, too, as far as it can and is not asked already.

        `idle` then ends for them as it does for the open one.
        """
        ...

    def take_heard(self) -> Heard:
        """When the server spoke of new mail in the open folder since this was asked last."""
        ...

    async def take_told(self) -> frozenset[str]:
        """Those of them of which the server told since this was asked last.

        All of them, where it has just said that it tells of them no more.
        """
        ...

    async def unchanged(self, peeked: Sequence[Selected], opened: Selected) -> int:
        """How many of these folders, in this order, still are as the server said they were.

        The first ones are only asked about, the last one is opened. Ends at the first folder that
        has changed. Where none has, IDLE begins anew at once, for `idle` to wait in.
        """
        ...

    async def select(self, folder: str) -> Selected:
        """Open a folder to change something in it."""
        ...

    async def uids_from(self, uid: int, *, uidnext: int | None) -> list[int]:
        """The UIDs of the open folder that are `uid` or higher, in order."""
        ...

    async def windows(self, first: int, last: int) -> list[range]:
        """The UIDs of the open folder from `first` to `last`, in parts of not too many mails."""
        ...

    async def uids_between(self, first: int, last: int) -> list[int]:
        """The UIDs of the open folder from `first` to `last`, both included, in order."""
        ...

    async def changed_since(self, modseq: int, uid: int, *, uidnext: int) -> list[int]:
        """The UIDs from `uid` on whose flags changed after `modseq` (RFC 7162), in order."""
        ...

    async def flags(self, uids: Sequence[int]) -> dict[int, tuple[str, ...] | None]:
        r"""The flags of mails, without \Recent; None where the server left them out.

        A UID that is gone is not in the answer.
        """
        ...

    async def uids_below(self, uid: int, *, since: datetime | None) -> list[int]:
        """The UIDs of the open folder that are lower than `uid`, in order.

        With `since`, only those of mails that the server received on that day or later.
        """
        ...

    async def list_mails(self, uids: Sequence[int]) -> dict[int, Listing]:
        """Describe mails; a UID that is gone is not in the answer."""
        ...

    async def fetch(self, uids: Sequence[int]) -> dict[int, bytes]:
        """Fetch whole mails, without marking them read."""
        ...

    async def identify(self, uids: Sequence[int]) -> dict[int, Identity]: ...

    async def find(self, identity: Identity) -> list[int]:
        """The UIDs in the open folder that may be this mail; `identify` tells for sure."""
        ...

    async def move(self, uids: Sequence[int], folder: str) -> Copied | None:
        r"""Move mails out of the open folder.

        By MOVE, else by COPY, \Deleted and UID EXPUNGE. Without UIDPLUS the originals stay behind
        marked \Deleted: a plain EXPUNGE would take other people's mail with it.
        """
        ...

    async def append(self, folder: str, raw: bytes, flags: Sequence[str], at: datetime) -> None:
        """Put a mail into a folder (RFC 3501 §6.3.11)."""
        ...

    async def discard(self, uids: Sequence[int]) -> None:
        """The end of a move without MOVE: remove originals whose copies are safe."""
        ...

    async def add_flags(self, uids: Sequence[int], flags: Sequence[str]) -> None: ...

    async def remove_flags(self, uids: Sequence[int], flags: Sequence[str]) -> None: ...

    async def idle(self, waker: Waker, seconds: float) -> bool:
        """Wait in the open folder until the server speaks, `waker` is woken or the time is up.

        Answers whether the server spoke; a mere sign of life counts for nothing. Without IDLE it
        only waits for the waker. IDLE itself is ended by whatever is called next.
        """
        ...


class MailServers(Protocol):
    """Opens sessions."""

    def open(self, spec: ServerSpec) -> AbstractAsyncContextManager[MailSession]:
        """Connect and log in; leaving the context logs out and closes.

        Raises `Transient`, `CredentialsRefused` or `ServerForbidden`.
        """
        ...


class AccessTokens(Protocol):
    """Where the access token of an account comes from that is opened without a password."""

    async def get(
        self, workspace_id: WorkspaceId, grant_id: GrantId, *, instead_of: str | None = None
    ) -> str:
        """A token that is good for a while, and another one than `instead_of`.

        Raises `Transient` where none can be had just now, `SignInNeeded` where none ever will.
        """
        ...
