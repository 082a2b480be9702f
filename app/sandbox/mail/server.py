"""What the demo and the tests want of a mail server, whoever made it."""

from pathlib import Path
from typing import Final, Literal, Protocol, Self

from app.core.errors import SharedBoxError

LOOPBACK: Final = "127.0.0.1"

ANYBODY: Final = "sender@example.net"
"""The envelope's sender where it does not matter."""

Security = Literal["none", "starttls", "tls"]


class MailServerFailed(SharedBoxError):
    """A mail server beside us is missing, does not come up, or refuses what it should do."""


class MailServer(Protocol):
    """One mail account on a server of our own, and how to reach it by IMAP.

    An async context manager: the server runs inside it.
    """

    @property
    def name(self) -> str:
        """What it is, for people: “Dovecot 2.3.19.1”."""
        ...

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def security(self) -> Security: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def ca_file(self) -> Path | None:
        """The certificate authority to trust; None where there is no TLS."""
        ...

    async def deliver(self, raw: bytes, *, sender: str = ANYBODY) -> None:
        """Put a mail into the inbox, as if it came from the world; Return-Path names the sender."""
        ...

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...
