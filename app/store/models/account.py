"""One connected mail account."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, String, UniqueConstraint, Uuid, false, true
from sqlmodel import Field

from app.core.ids import AccountId, ChannelId, GrantId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, text_list, timestamp


class AccountState(StrEnum):
    CONNECTING = "connecting"
    """Never yet synchronised, or not since it was resumed."""
    LIVE = "live"
    """The last synchronisation succeeded."""
    RETRYING = "retrying"
    """The server cannot be reached or is in trouble; `retry_at` says when we look again."""
    REFUSED = "refused"
    """The server refused our credentials; a person has to act."""
    STOPPED = "stopped"
    """The server failed more often than we were told to try; a person has to say Retry now."""
    PAUSED = "paused"
    """Somebody wants it let be: no worker owns it, and nobody talks to its servers."""


class ReadPolicy(StrEnum):
    """When we mark mail as read on the server, unasked: at this step, or at a later one."""

    NEVER = "never"
    SHOWN = "shown"
    """It stands in Slack."""
    ASSIGNED = "assigned"
    """Somebody has its conversation."""
    ANSWERED = "answered"
    DONE = "done"

    def includes(self, step: "ReadPolicy") -> bool:
        order = tuple(ReadPolicy)
        return self is not ReadPolicy.NEVER and order.index(step) >= order.index(self)


class Account(Tenanted, table=True):
    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("workspace_id", "address"),
        within_workspace("grant_id", "oauth_grants", ondelete="SET NULL"),
        Index(
            "ix_accounts_grant",
            "workspace_id",
            "grant_id",
            postgresql_where="grant_id IS NOT NULL",
        ),
    )

    id: AccountId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    address: str
    channel_id: ChannelId = Field(sa_type=String)
    """Where the account's mail is posted."""
    folders: list[str] = text_list()
    """The folders that are watched, by their names on the server; the first is kept in IDLE."""
    watch_sent: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    """Whether the folder for sent mail is watched as well, for what other mail clients send."""
    mark_read: ReadPolicy = enum_text(
        ReadPolicy, default=ReadPolicy.NEVER, sa_column_kwargs={"server_default": "never"}
    )
    provider: str | None = None
    """Whose servers they are, by `providers.registry`; None before the first connection."""
    history_days: int = 0

    grant_id: GrantId | None = Field(default=None, sa_type=Uuid)
    """Whose access tokens open it, in place of passwords."""

    imap_host: str
    imap_port: int
    imap_security: str
    imap_username: str
    imap_secret: bytes
    """Sealed by the vault; empty where the account has a grant."""
    smtp_host: str | None = None
    smtp_port: int | None = None
    smtp_security: str | None = None
    smtp_username: str | None = None
    smtp_secret: bytes | None = None
    """Sealed by the vault."""

    sends_per_hour: int | None = None
    """How many mails may leave in an hour; None is what the settings say."""
    undo_seconds: int | None = None
    """How long a mail waits after Send; None is what the settings say."""
    done_after_send: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether an answer is offered with “Mark Done after sending” ticked."""
    smtp_takes: int | None = Field(default=None, sa_type=BigInteger)
    """The largest mail, in bytes, that the server for sending last said it takes (RFC 1870)."""

    state: AccountState = enum_text(AccountState, default=AccountState.CONNECTING)
    detail: str = ""
    """What is wrong and what to do about it, in words; empty while all is well."""
    failures: int = 0
    outage_since: datetime | None = timestamp(default=None)
    retry_at: datetime | None = timestamp(default=None)
    synced_at: datetime | None = timestamp(default=None)
    history_imported_at: datetime | None = timestamp(default=None)
    paused_at: datetime | None = timestamp(default=None)
    """Since when it is to be let be; None while it is tended."""
    paused_by: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Who wanted that, by name."""
    resumed_at: datetime | None = timestamp(default=None)
    """When it was last resumed: from then on somebody has to look at it."""
    revision: int = 0
    """Raised by each change that takes a new connection to have an effect."""
    settled_revision: int = -1
    """Up to which revision `state` and `detail` are the answer."""
    fence: int = Field(default=0, sa_type=BigInteger)
    """Raised by each worker that takes the account; a write with an older number is refused."""
    owned_since: datetime | None = timestamp(default=None)
    """When its present owner took it."""
    unwatched_since: datetime | None = timestamp(default=None)
    """When it had last been looked at before that; None where it never was.

    What happened in between was seen by nobody, or by somebody whom this database, restored from an
    older backup, knows nothing of.
    """
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
