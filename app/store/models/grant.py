"""What a provider lets us do in somebody's name (OAuth2), and how that comes about."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, LargeBinary, Uuid, false
from sqlmodel import Field

from app.core.ids import GrantId, SignInId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, text_list, timestamp


class GrantKind(StrEnum):
    USER = "user"
    """Somebody signed in; a refresh token keeps it alive."""
    APPLICATION = "application"
    """The application itself may open the mailbox (client credentials); nobody signs in."""


class GrantState(StrEnum):
    PENDING = "pending"
    """Nobody has signed in yet."""
    ACTIVE = "active"
    DEAD = "dead"
    """The provider said, twice, that it takes no token for this any more. A person signs in."""


class Grant(Tenanted, table=True):
    """One mailbox's. `version` counts the sets of tokens; `lease` numbers who fetches the next."""

    __tablename__ = "oauth_grants"
    __table_args__ = (
        Index(
            "ix_oauth_grants_due",
            "expires_at",
            postgresql_where="state = 'active'",
        ),
    )

    id: GrantId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    provider: str
    """Its name in `providers.oauth`."""
    kind: GrantKind = enum_text(GrantKind, default=GrantKind.USER)
    address: str
    """The mailbox it is for."""
    shared: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whoever signs in opens the mailbox of `address`, which is not their own."""
    state: GrantState = enum_text(GrantState, default=GrantState.PENDING)
    detail: str = ""
    """What is wrong and what to do about it, in words; empty while all is well."""
    subject: str | None = None
    """Who signed in, by a name the provider never gives to anybody else."""
    identity: str | None = None
    """Their address."""
    scopes: list[str] = text_list()
    refresh_token: bytes | None = Field(default=None, sa_type=LargeBinary)
    """Sealed by the vault, as the next one."""
    access_token: bytes | None = Field(default=None, sa_type=LargeBinary)
    expires_at: datetime | None = timestamp(default=None)
    version: int = 0
    failures: int = 0
    """How often in a row no tokens could be had."""
    retry_at: datetime | None = timestamp(default=None)
    lease: int = Field(default=0, sa_type=BigInteger)
    """Raised by each who goes to fetch tokens; what an earlier one brings back is not written."""
    leased_until: datetime | None = timestamp(default=None)
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())


class SignIn(Tenanted, table=True):
    """One visit to the provider: begun by a ticket, bound to a browser, ended by its state."""

    __tablename__ = "oauth_sign_ins"
    __table_args__ = (
        within_workspace("grant_id", "oauth_grants"),
        Index("uq_oauth_sign_ins_ticket", "ticket_digest", unique=True),
        Index(
            "uq_oauth_sign_ins_state",
            "state_digest",
            unique=True,
            postgresql_where="state_digest IS NOT NULL",
        ),
        Index("ix_oauth_sign_ins_grant", "workspace_id", "grant_id"),
    )

    id: SignInId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    grant_id: GrantId = Field(sa_type=Uuid)
    ticket_digest: bytes = Field(sa_type=LargeBinary)
    state_digest: bytes | None = Field(default=None, sa_type=LargeBinary)
    browser_digest: bytes | None = Field(default=None, sa_type=LargeBinary)
    saved: bytes | None = Field(default=None, sa_type=LargeBinary)
    """What has to be known again when the provider answers (PKCE verifier, nonce), sealed."""
    return_to: str | None = None
    """Where the browser goes afterwards: a path of our own."""
    expires_at: datetime = timestamp()
    used_at: datetime | None = timestamp(default=None)
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
