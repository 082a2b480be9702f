"""Messages that belong together, and what the team does with them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy
from sqlalchemy import BigInteger, Index, Uuid
from sqlmodel import Field

from app.core.ids import AccountId, ConversationId, TeammateId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, json_object, text_list, timestamp


class ConversationStatus(StrEnum):
    OPEN = "open"
    DONE = "done"


class Conversation(Tenanted, table=True):
    __tablename__ = "conversations"
    __table_args__ = (
        within_workspace("account_id", "accounts"),
        within_workspace("assignee_id", "teammates", ondelete="SET NULL"),
        within_workspace("done_by_id", "teammates", ondelete="SET NULL"),
        within_workspace("snoozed_by_id", "teammates", ondelete="SET NULL"),
        within_workspace("merged_into_id", "conversations", ondelete="SET NULL"),
        within_workspace("follow_up_by_id", "teammates", ondelete="SET NULL"),
        Index("ix_conversations_latest", "workspace_id", "last_message_at", "id"),
        Index("ix_conversations_tags", "tags", postgresql_using="gin"),
        Index("ix_conversations_subject", "workspace_id", "account_id", "subject_key"),
        Index(
            "ix_conversations_snoozed",
            "snoozed_until",
            postgresql_where="snoozed_until IS NOT NULL",
        ),
        Index(
            "ix_conversations_snoozed_by",
            "workspace_id",
            "snoozed_by_id",
            postgresql_where="snoozed_by_id IS NOT NULL",
        ),
        Index(
            "ix_conversations_merged",
            "workspace_id",
            "merged_into_id",
            postgresql_where="merged_into_id IS NOT NULL",
        ),
        Index(
            "ix_conversations_follow_up",
            "follow_up_at",
            postgresql_where="follow_up_at IS NOT NULL",
        ),
        Index(
            "ix_conversations_open",
            "workspace_id",
            "assignee_id",
            "last_message_at",
            "id",
            postgresql_where="status = 'open'",
        ),
        Index(
            "ix_conversations_waiting",
            "workspace_id",
            "waiting_since",
            "id",
            postgresql_where="status = 'open' AND waiting_since IS NOT NULL",
        ),
        Index(
            "ix_conversations_unreminded",
            "workspace_id",
            "account_id",
            postgresql_where="status = 'open' AND reminded_of IS NULL",
        ),
    )

    id: ConversationId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    account_id: AccountId = Field(sa_type=Uuid)
    subject: str = ""
    subject_key: str = ""
    """The subject without Re: and Fwd:, folded, for threading."""
    participants: list[str] = text_list()
    status: ConversationStatus = enum_text(ConversationStatus, default=ConversationStatus.OPEN)
    assignee_id: TeammateId | None = Field(default=None, sa_type=Uuid)
    done_by_id: TeammateId | None = Field(default=None, sa_type=Uuid)
    done_at: datetime | None = timestamp(default=None)
    snoozed_until: datetime | None = timestamp(default=None)
    """It sleeps until then; None where it does not, or only a reply wakes it."""
    snoozed_until_reply: bool = Field(
        default=False, sa_column_kwargs={"server_default": sqlalchemy.false()}
    )
    """A mail of a person wakes it, be it earlier or at all."""
    snoozed_by_id: TeammateId | None = Field(default=None, sa_type=Uuid)
    merged_into_id: ConversationId | None = Field(default=None, sa_type=Uuid)
    """Its mails are in that conversation now, and what belongs to them goes there."""
    follow_up_at: datetime | None = timestamp(default=None)
    """Somebody is to be told then, unless they have answered by then."""
    follow_up_by_id: TeammateId | None = Field(default=None, sa_type=Uuid)
    no_answer_since: datetime | None = timestamp(default=None)
    """That time has come, and they had not answered since this moment."""
    answered_at: datetime | None = timestamp(default=None)
    """When our last mail to them left, while nobody has written since."""
    assigned_at: datetime | None = timestamp(default=None)
    """When it last changed hands."""
    acted_at: datetime | None = timestamp(default=None)
    """When somebody of the team last did something with it."""
    reminded_of: str | None = None
    """What somebody was reminded of; None again whenever it stands differently."""
    tags: list[str] = text_list()
    message_count: int = 0
    first_message_at: datetime = timestamp()
    last_message_at: datetime = timestamp()
    waiting_since: datetime | None = timestamp(default=None)
    """When the oldest mail arrived that nobody has dealt with yet."""
    proposal: dict[str, Any] | None = json_object(default=None)
    """An answer that a rule proposes to the mail that came in `at` that moment: `template_id`,
    `rule_id`, `rule_name`. A person sends it, or does not."""
    version: int = Field(default=0, sa_type=BigInteger)
    """Raised by every change that its card shows."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())

    @property
    def is_snoozed(self) -> bool:
        return self.snoozed_until is not None or self.snoozed_until_reply

    def wake_up(self) -> None:
        self.snoozed_until = self.snoozed_by_id = None
        self.snoozed_until_reply = False
