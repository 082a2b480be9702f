"""What sending needs of the outside, and how an attempt may end."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.core.errors import SharedBoxError
from app.core.ids import AccountId
from app.mail.parsed import ParsedMail
from app.mailbox.port import ServerSpec


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who a mail is from and for, whatever its header says."""

    sender: str
    recipients: Sequence[str]
    needs_smtputf8: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer in its own words, on one line."""

    code: int
    words: str

    @property
    def is_for_good(self) -> bool:
        """The server will not change its mind (RFC 5321 §4.2.1)."""
        return self.code >= 500

    def __str__(self) -> str:
        return f"{self.code} {self.words}".strip()


@dataclass(frozen=True, slots=True)
class Delivered:
    """The server took the mail, for everybody it is not in `refused`."""

    accepted: Sequence[str]
    refused: Mapping[str, Answer] = field(default_factory=dict)
    """What it said to the others, 4xx or 5xx."""
    said: str = ""
    takes: int = 0
    """The largest mail it says it takes (RFC 1870), in bytes; 0 where it does not say."""


class SendError(SharedBoxError):
    """An attempt that surely delivered nothing, to nobody."""


class Deferred(SendError):
    """It may work later: the network, a busy server, a 4xx."""


class Refused(SendError):
    """It will not work as it is; a person has to do something."""


class TooLarge(Refused):
    """The server says beforehand that it does not take mail of this size."""

    def __init__(self, what: str, takes: int) -> None:
        super().__init__(what, fix="Send it without the largest files, or send a link to them.")
        self.takes = takes


class LoginRefused(Refused):
    """The server knows us and says no."""


class NobodyTaken(SendError):
    """Every recipient was refused, each with an answer of its own, 4xx or 5xx."""

    def __init__(self, what: str, refused: Mapping[str, Answer]) -> None:
        super().__init__(what)
        self.refused = refused


class OutcomeUnknown(SharedBoxError):
    """All was said, and no answer came: it may have left or not. Never to be repeated unasked."""


class Reader(Protocol):
    """Reads a mail within limits of time and memory."""

    async def parse(self, raw: bytes) -> ParsedMail:
        """Raises `SharedBoxError` where it cannot be read."""
        ...


class Transport(Protocol):
    """Hands mail to a server. Each call makes one attempt, within a total time limit."""

    async def deliver(
        self,
        server: ServerSpec,
        envelope: Envelope,
        raw: bytes,
        *,
        before_the_end: Callable[[], Awaitable[None]],
        account_id: AccountId | None = None,
    ) -> Delivered:
        """Send the mail, by a connection that the account may have kept.

        `before_the_end` runs when all but the last line is sent; what it raises breaks the attempt
        off, and nothing is delivered.

        Raises `Deferred`, `Refused`, `NobodyTaken` or `OutcomeUnknown`.
        """
        ...
