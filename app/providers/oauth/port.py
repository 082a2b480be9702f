"""What an identity provider is asked for, and how it may answer.

    begin ──▶ the browser goes there and comes back ──▶ finish ──▶ tokens ──▶ refresh, for years

Who has to act decides the error: `ProviderTrouble` passes by itself, `SetupWrong` is for the
operator, `GrantRefused` and `SignInRefused` are for whoever can sign in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from app.core.errors import InvalidInput, SharedBoxError


@dataclass(frozen=True, slots=True)
class Tokens:
    """One set. `refresh_token` is None where the provider kept the one we have."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: float
    """In seconds."""
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in. `subject` is never given to anybody else, whatever becomes of the address."""

    subject: str
    addresses: tuple[str, ...]
    """Every address the provider itself vouches for, the best first."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser has to go, and what must be known again when it comes back (a secret)."""

    url: str
    saved: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    tokens: Tokens
    identity: Identity


@dataclass(frozen=True, slots=True)
class MailHost:
    host: str
    port: int
    security: str


@dataclass(frozen=True, slots=True)
class MailHosts:
    imap: MailHost
    smtp: MailHost | None


class ProviderTrouble(SharedBoxError):
    """It does not answer as it should just now: the network, its servers, too many questions."""


class SetupWrong(SharedBoxError):
    """It does not know our application, or not its secret: the operator has to act."""


class GrantRefused(SharedBoxError):
    """It takes no tokens for this any more; somebody has to sign in again. `code` is its word."""

    def __init__(self, what: str, *, code: str, fix: str = "") -> None:
        super().__init__(what, fix=fix)
        self.code = code


class SignInRefused(InvalidInput):
    """A sign-in that came to nothing, in words for whoever made it."""


class OAuthProvider(Protocol):
    """Blocks; `accounts/` calls it in threads and limits the time."""

    @property
    def name(self) -> str:
        """In paths, settings and the database."""
        ...

    @property
    def title(self) -> str: ...

    @property
    def mail_hosts(self) -> MailHosts | None:
        """Its mail servers, where they are known."""
        ...

    @property
    def domains(self) -> tuple[str, ...]:
        """Of mail servers its tokens may be shown to: these, and hosts below them."""
        ...

    @property
    def is_for_applications(self) -> bool:
        """Whether the application itself may be let in, without anybody signing in."""
        ...

    def begin(self, *, redirect_uri: str, state: str, login_hint: str) -> Begun:
        """Raises `ProviderTrouble` and `SetupWrong`."""
        ...

    def finish(self, saved: str, answer: Mapping[str, str], *, redirect_uri: str) -> SignedIn:
        """What the browser brought back, for tokens. Raises `SignInRefused`, and as `begin`."""
        ...

    def refresh(self, refresh_token: str) -> Tokens:
        """Raises `GrantRefused`, and as `begin`."""
        ...

    def for_application(self) -> Tokens:
        """Raises `GrantRefused`, and as `begin`."""
        ...
