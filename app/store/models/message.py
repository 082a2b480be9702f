"""One mail. Its raw bytes lie in the blob store, addressed by their SHA-256."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Index, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field

from app.core.ids import AccountId, ConversationId, MessageId, new_id
from app.mail.parsed import Automatic
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, json_object, text_list, timestamp

# Postgres tries each place in a long run without a blank, such as "a_a_a_…" or "./././…", as the
# beginning of an address or a path, and each "<!--" as that of a comment: what is read again for
# each is as long as the run, or as the rest of the text. One mail of that would take a minute.
_TAMED = r"regexp_replace(replace(left(body, 100000), '<!--', ' '), '(\S{200})', '\1 ', 'g')"
SEARCHABLE = (
    "setweight(to_tsvector('simple', left(subject, 1000)), 'A') || "
    "setweight(to_tsvector('simple', left(from_name || ' ' || from_address, 500)), 'B') || "
    f"to_tsvector('simple', {_TAMED})"
)
"""The words of a mail, as Postgres works them out."""


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Message(Tenanted, table=True):
    __tablename__ = "messages"
    # `search`, its words, is None until they are worked out (`store.repositories.searching`). Only
    # the index reads it, and it is as long as the mail: it is not loaded with the rest.
    __mapper_args__: ClassVar[dict[str, list[str]]] = {"exclude_properties": ["search"]}
    __table_args__ = (
        Column("search", TSVECTOR),
        within_workspace("account_id", "accounts"),
        within_workspace("conversation_id", "conversations"),
        UniqueConstraint("workspace_id", "account_id", "raw_sha256"),
        Index("ix_messages_conversation", "workspace_id", "conversation_id", "received_at"),
        Index(
            "ix_messages_internet_message_id", "workspace_id", "account_id", "internet_message_id"
        ),
        Index("ix_messages_sender", "workspace_id", "account_id", "from_address", "received_at"),
        Index("ix_messages_raw_sha256", "raw_sha256"),
        Index(
            "ix_messages_remote_id",
            "workspace_id",
            "account_id",
            "remote_id",
            postgresql_where="remote_id IS NOT NULL",
        ),
        Index("ix_messages_search", "search", postgresql_using="gin"),
    )

    id: MessageId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    account_id: AccountId = Field(sa_type=Uuid)
    conversation_id: ConversationId = Field(sa_type=Uuid)
    direction: Direction = enum_text(Direction, default=Direction.INBOUND)
    imported: bool = False
    """Fetched as history: stored and threaded, but never announced."""

    internet_message_id: str | None = None
    """The Message-ID header without its angle brackets; None where the mail has none."""
    in_reply_to: str | None = None
    reference_ids: list[str] = text_list()
    subject: str = ""
    from_name: str = ""
    from_address: str = ""
    to: list[dict[str, Any]] = json_object(default_factory=list)
    cc: list[dict[str, Any]] = json_object(default_factory=list)
    reply_to: list[dict[str, Any]] = json_object(default_factory=list)
    sent_at: datetime | None = timestamp(default=None)
    """The Date header, as the sender claims it."""
    received_at: datetime = timestamp()
    """INTERNALDATE: when the server took it in."""
    body: str = ""
    """The whole text, made from HTML where there is no plain part."""
    excerpt: str = ""
    """What the sender newly wrote: without quotes and signature. For display only."""
    has_html: bool = False
    attachment_count: int = 0
    size: int = Field(default=0, sa_type=BigInteger)
    sent_with: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """The mail client that a mail of ours was sent with, where it says so in plain words."""
    remote_id: str | None = None
    """What the host calls the mail, in whatever folder it lies (X-GM-MSGID)."""
    automatic: Automatic | None = enum_text(Automatic, default=None)
    """Who, if not a person, wrote it."""
    report: dict[str, Any] | None = json_object(default=None)
    """Of a bounce or a complaint: which mail and which recipients it is about."""
    unsubscribe: dict[str, Any] | None = json_object(default=None)
    """How to leave the list it came by."""
    invitation: dict[str, Any] | None = json_object(default=None)
    """The event of a calendar it is about."""
    delivered_to: list[str] = text_list(sa_column_kwargs={"server_default": "{}"})
    """Addresses in lower case that servers on the way noted it was for."""
    list_id: str | None = None
    """The mailing list it came by (RFC 2919)."""
    raw_sha256: bytes
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
