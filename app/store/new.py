"""New rows as plain values, for the tables that grow with every mail. See `bulk.py`.

The fields are the columns that an insertion sets; the models say what they mean.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.core.ids import (
    AccountId,
    ChannelId,
    ConversationId,
    MailboxId,
    MessageId,
    PlacementId,
    PostId,
    TeammateId,
    WorkspaceId,
    new_id,
)
from app.mail.parsed import Automatic
from app.store.models import ConversationStatus, Direction, PostKind, PostState


@dataclass(slots=True, kw_only=True)
class NewConversation:
    """Mutable: the mails that arrive with the first one change it before it is written."""

    workspace_id: WorkspaceId
    id: ConversationId
    account_id: AccountId
    subject: str
    subject_key: str
    first_message_at: datetime
    last_message_at: datetime
    participants: list[str] = field(default_factory=list)
    status: ConversationStatus = ConversationStatus.OPEN
    tags: list[str] = field(default_factory=list)
    message_count: int = 0
    waiting_since: datetime | None = None
    done_by_id: TeammateId | None = None
    done_at: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_until_reply: bool = False
    snoozed_by_id: TeammateId | None = None
    follow_up_at: datetime | None = None
    follow_up_by_id: TeammateId | None = None
    no_answer_since: datetime | None = None
    answered_at: datetime | None = None
    reminded_of: str | None = None
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    workspace_id: WorkspaceId
    id: MessageId
    account_id: AccountId
    conversation_id: ConversationId
    direction: Direction = Direction.INBOUND
    imported: bool = False
    internet_message_id: str | None = None
    in_reply_to: str | None = None
    reference_ids: list[str] = field(default_factory=list)
    subject: str = ""
    from_name: str = ""
    from_address: str = ""
    to: list[dict[str, Any]] = field(default_factory=list)
    cc: list[dict[str, Any]] = field(default_factory=list)
    reply_to: list[dict[str, Any]] = field(default_factory=list)
    sent_at: datetime | None = None
    received_at: datetime
    body: str = ""
    excerpt: str = ""
    has_html: bool = False
    attachment_count: int = 0
    size: int = 0
    sent_with: str = ""
    remote_id: str | None = None
    automatic: Automatic | None = None
    report: dict[str, Any] | None = None
    unsubscribe: dict[str, Any] | None = None
    invitation: dict[str, Any] | None = None
    delivered_to: list[str] = field(default_factory=list)
    list_id: str | None = None
    raw_sha256: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """How far we are in a folder now."""

    workspace_id: WorkspaceId
    id: MailboxId
    watermark: int
    missing: int
    last_checked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContact:
    workspace_id: WorkspaceId
    account_id: AccountId
    address: str
    name: str
    times: int
    last_at: datetime
    conversation_id: ConversationId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttachment:
    workspace_id: WorkspaceId
    message_id: MessageId
    n: int
    filename: str
    content_type: str
    size: int
    content_id: str | None
    inline: bool
    offset: int
    length: int
    encoding: str


@dataclass(frozen=True, slots=True)
class NewThreadLink:
    workspace_id: WorkspaceId
    account_id: AccountId
    internet_message_id: str
    conversation_id: ConversationId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPost:
    workspace_id: WorkspaceId
    id: PostId = field(default_factory=lambda: PostId(new_id()))
    channel_id: ChannelId
    kind: PostKind
    conversation_id: ConversationId | None = None
    message_id: MessageId | None = None
    placement_id: PlacementId | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    state: PostState = PostState.WAITING
    attempts: int = 0
    detail: str = ""
    wanted: int = 0
    shown: int = 0


@dataclass(frozen=True, slots=True)
class NewEvent:
    workspace_id: WorkspaceId
    seq: int
    type: str
    account_id: AccountId | None
    conversation_id: ConversationId | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What rules say about where a new mail is shown, if anything."""

    channel: ChannelId | None = None
    muted: bool = False
