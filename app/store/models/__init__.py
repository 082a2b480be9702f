"""The tables, one file each. Importing this package makes them known to the metadata."""

from app.store.models.account import Account, AccountState, ReadPolicy
from app.store.models.alarm import Alarm, AlarmKind
from app.store.models.api_key import APIKey
from app.store.models.attachment import Attachment
from app.store.models.audit_entry import AuditEntry
from app.store.models.browser_session import BrowserSession
from app.store.models.channel import CLOSED_FOR, Channel, ChannelState, Exposure
from app.store.models.command import (
    ABOUT_CONVERSATION,
    ABOUT_SENT,
    REARRANGING,
    Command,
    CommandState,
    CommandTarget,
    CommandType,
    TargetState,
)
from app.store.models.contact import Contact
from app.store.models.conversation import Conversation, ConversationStatus
from app.store.models.draft import Draft
from app.store.models.event import Event, EventCounter
from app.store.models.grant import Grant, GrantKind, GrantState, SignIn
from app.store.models.history_import import HistoryImport, ImportState
from app.store.models.home import HomeView
from app.store.models.idempotency import IdempotencyRecord
from app.store.models.identity import Proof, SenderIdentity
from app.store.models.installation import Installation, InstallationState
from app.store.models.invitation import Invitation
from app.store.models.list_exit import ListExit, ListExitState
from app.store.models.login import Login
from app.store.models.mail_to_index import MailToIndex
from app.store.models.mailbox import Mailbox
from app.store.models.message import Direction, Message
from app.store.models.note import Note
from app.store.models.outgoing import (
    WAITING,
    Filing,
    Outgoing,
    OutgoingFile,
    OutgoingMode,
    OutgoingRecipient,
    OutgoingState,
    RecipientKind,
    RecipientState,
)
from app.store.models.placement import Placement, PlacementState
from app.store.models.post import ParkedFor, Post, PostKind, PostState
from app.store.models.reminders import ReminderSettings, RotationTurn
from app.store.models.route import Route, RouteKind
from app.store.models.rule import Rule, RuleApplication, RuleRun, RunState
from app.store.models.sign_in_attempt import SignInAttempts
from app.store.models.signature import Signature
from app.store.models.slack_request import SlackRequest
from app.store.models.teammate import Notice, Teammate
from app.store.models.template import Template
from app.store.models.thread_link import ThreadLink
from app.store.models.trial import Trial, TrialState
from app.store.models.unneeded_blob import UnneededBlob
from app.store.models.webhook import Outcome, Webhook, WebhookDelivery, WebhookState
from app.store.models.workspace import Workspace

__all__ = [
    "ABOUT_CONVERSATION",
    "ABOUT_SENT",
    "CLOSED_FOR",
    "REARRANGING",
    "WAITING",
    "APIKey",
    "Account",
    "AccountState",
    "Alarm",
    "AlarmKind",
    "Attachment",
    "AuditEntry",
    "BrowserSession",
    "Channel",
    "ChannelState",
    "Command",
    "CommandState",
    "CommandTarget",
    "CommandType",
    "Contact",
    "Conversation",
    "ConversationStatus",
    "Direction",
    "Draft",
    "Event",
    "EventCounter",
    "Exposure",
    "Filing",
    "Grant",
    "GrantKind",
    "GrantState",
    "HistoryImport",
    "HomeView",
    "IdempotencyRecord",
    "ImportState",
    "Installation",
    "InstallationState",
    "Invitation",
    "ListExit",
    "ListExitState",
    "Login",
    "MailToIndex",
    "Mailbox",
    "Message",
    "Note",
    "Notice",
    "Outcome",
    "Outgoing",
    "OutgoingFile",
    "OutgoingMode",
    "OutgoingRecipient",
    "OutgoingState",
    "ParkedFor",
    "Placement",
    "PlacementState",
    "Post",
    "PostKind",
    "PostState",
    "Proof",
    "ReadPolicy",
    "RecipientKind",
    "RecipientState",
    "ReminderSettings",
    "RotationTurn",
    "Route",
    "RouteKind",
    "Rule",
    "RuleApplication",
    "RuleRun",
    "RunState",
    "SenderIdentity",
    "SignIn",
    "SignInAttempts",
    "Signature",
    "SlackRequest",
    "TargetState",
    "Teammate",
    "Template",
    "ThreadLink",
    "Trial",
    "TrialState",
    "UnneededBlob",
    "Webhook",
    "WebhookDelivery",
    "WebhookState",
    "Workspace",
]
