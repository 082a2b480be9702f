"""The identifiers of our rows: UUIDv7 (RFC 9562 §5.7), so that a new row sorts after an older one.

Each kind has its own type. A `ConversationId` where an `AccountId` belongs is a type error, not a
row of another tenant.
"""

from datetime import datetime
from typing import NewType
from uuid import UUID

import uuid_utils.compat

WorkspaceId = NewType("WorkspaceId", UUID)
AccountId = NewType("AccountId", UUID)
MailboxId = NewType("MailboxId", UUID)
MessageId = NewType("MessageId", UUID)
PlacementId = NewType("PlacementId", UUID)
ConversationId = NewType("ConversationId", UUID)
CommandId = NewType("CommandId", UUID)
AlarmId = NewType("AlarmId", UUID)
NoteId = NewType("NoteId", UUID)
PostId = NewType("PostId", UUID)
TeammateId = NewType("TeammateId", UUID)
APIKeyId = NewType("APIKeyId", UUID)
InstallationId = NewType("InstallationId", UUID)
OutgoingId = NewType("OutgoingId", UUID)
IdentityId = NewType("IdentityId", UUID)
SignatureId = NewType("SignatureId", UUID)
TemplateId = NewType("TemplateId", UUID)
DraftId = NewType("DraftId", UUID)
ListExitId = NewType("ListExitId", UUID)
GrantId = NewType("GrantId", UUID)
SignInId = NewType("SignInId", UUID)
TrialId = NewType("TrialId", UUID)
ReminderSettingsId = NewType("ReminderSettingsId", UUID)
SessionId = NewType("SessionId", UUID)
InvitationId = NewType("InvitationId", UUID)
AuditEntryId = NewType("AuditEntryId", UUID)
RouteId = NewType("RouteId", UUID)
RuleId = NewType("RuleId", UUID)
RuleApplicationId = NewType("RuleApplicationId", UUID)
RuleRunId = NewType("RuleRunId", UUID)
WebhookId = NewType("WebhookId", UUID)
DeliveryId = NewType("DeliveryId", UUID)

ChannelId = NewType("ChannelId", str)
"""Slack's own id of a channel, such as `C024BE91L`."""

SlackUserId = NewType("SlackUserId", str)
"""Slack's own id of a person, such as `U024BE7LH`."""


def new_id() -> UUID:
    """A fresh UUIDv7, monotonic within the process."""
    return uuid_utils.compat.uuid7()


def first_id_of(moment: datetime) -> UUID:
    """Below every id that was made from then on (RFC 9562 §5.7: milliseconds come first)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
