"""Rows as tests want them: everything filled in, anything overridden."""

from datetime import UTC, datetime
from typing import Any

from app.core.ids import (
    AccountId,
    ChannelId,
    ConversationId,
    MessageId,
    WorkspaceId,
    new_id,
)
from app.store.models import Account
from app.store.new import NewConversation, NewMessage

MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def account(workspace_id: WorkspaceId, **values: Any) -> Account:
    return Account(
        **{
            "workspace_id": workspace_id,
            "id": AccountId(new_id()),
            "address": "support@example.com",
            "channel_id": ChannelId("C0SUPPORT"),
            "folders": ["INBOX"],
            "imap_host": "127.0.0.1",
            "imap_port": 143,
            "imap_security": "none",
            "imap_username": "support@example.com",
            "imap_secret": b"sealed",
            **values,
        }
    )


def conversation(
    workspace_id: WorkspaceId, account_id: AccountId, **values: Any
) -> NewConversation:
    return NewConversation(
        **{
            "workspace_id": workspace_id,
            "id": ConversationId(new_id()),
            "account_id": account_id,
            "subject": "Invoice 4471",
            "subject_key": "invoice 4471",
            "first_message_at": MOMENT,
            "last_message_at": MOMENT,
            **values,
        }
    )


def message(
    workspace_id: WorkspaceId,
    account_id: AccountId,
    conversation_id: ConversationId,
    **values: Any,
) -> NewMessage:
    return NewMessage(
        **{
            "workspace_id": workspace_id,
            "id": MessageId(new_id()),
            "account_id": account_id,
            "conversation_id": conversation_id,
            "subject": "Invoice 4471",
            "from_name": "Ana Ruiz",
            "from_address": "ana@acme.example",
            "received_at": MOMENT,
            "body": "The total is wrong.",
            "excerpt": "The total is wrong.",
            "raw_sha256": new_id().bytes * 2,
            **values,
        }
    )
