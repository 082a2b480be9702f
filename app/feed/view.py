"""What a card shows, in values: everything the renderer needs, and nothing else."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.core.ids import (
    CommandId,
    ConversationId,
    MessageId,
    OutgoingId,
    PlacementId,
    PostId,
)
from app.store.models import (
    CommandState,
    CommandType,
    ListExitState,
    OutgoingMode,
    OutgoingState,
)


@dataclass(frozen=True, slots=True)
class FileView:
    name: str
    size: int
    link: str = ""
    """Where it is had, for whoever may see it; nothing where that is unknown."""


@dataclass(frozen=True, slots=True)
class MailView:
    """One mail as the channel sees it."""

    sender_name: str
    sender_address: str
    received_at: datetime
    excerpt: str
    files: tuple[FileView, ...] = ()
    cc_count: int = 0
    is_ours: bool = False
    """One of the team wrote it, in another mail client."""
    sent_with: str = ""
    """That mail client, where it says its name."""
    notes: tuple[str, ...] = ()
    """What the mail is, beside its words; see `feed.notes`."""
    is_hidden: bool = False
    """The channel shows none of its words."""
    id: MessageId | None = None
    """None where it is one of ours that is no message yet."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who did something; without a Slack user, only a name."""

    name: str
    slack_user_id: str | None = None


MOVES: Final = frozenset({
    CommandType.ARCHIVE, CommandType.MOVE, CommandType.DELETE, CommandType.SPAM
})  # fmt: skip
"""The commands that put mails somewhere else."""


class Where(StrEnum):
    """Where the mails of a conversation lie."""

    HERE = "here"
    """In a folder that is watched, or in several places."""
    ARCHIVE = "archive"
    TRASH = "trash"
    JUNK = "junk"
    ELSEWHERE = "elsewhere"
    """All in another folder."""
    GONE = "gone"
    """Nowhere on the server that we know of."""


@dataclass(frozen=True, slots=True)
class CommandView:
    """The last thing somebody asked for."""

    id: CommandId
    type: CommandType
    state: CommandState
    detail: str
    folder: str | None
    by: Person | None
    at: datetime
    can_be_undone: bool
    is_held: bool = False
    """The account is paused, so nobody carries it out for now."""


@dataclass(frozen=True, slots=True)
class OutgoingView:
    """A mail of ours, from the moment it is asked for."""

    id: OutgoingId
    mode: OutgoingMode
    state: OutgoingState
    by: Person
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc_count: int
    text: str
    files: tuple[FileView, ...]
    due_at: datetime
    sent_at: datetime | None
    detail: str
    cancel_if_answered: bool = False
    needs_a_person: bool = False
    """It was looked for and not found: somebody has to say whether it left."""
    is_only_late: bool = False
    """It was never tried as far as anybody knows, and is looked for in case it has left."""
    was_dropped: bool = False
    """Nobody found out whether it left, and somebody gave it up."""
    is_filed: bool = True
    bounced: tuple[str, ...] = ()
    subject: str = ""
    is_held: bool = False
    """The account is paused, so it does not leave for now."""


@dataclass(frozen=True, slots=True)
class NoteView:
    """What somebody of the team said about a conversation, by another door than Slack's."""

    by: Person
    text: str


@dataclass(frozen=True, slots=True)
class AssignedView:
    """A conversation was given to somebody."""

    subject: str
    address: str
    by: Person | None
    """None: no teammate, but a script or a rule."""
    to: Person | None
    note: str = ""
    link: str | None = None
    """Where the card is, as Slack says."""


@dataclass(frozen=True, slots=True)
class ListExitView:
    """Somebody wanted to leave the list that the mail came by."""

    state: ListExitState
    whom: str
    detail: str
    by: Person | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ElsewhereView:
    """Another conversation, with the way to its card."""

    subject: str
    address: str
    link: str | None


@dataclass(frozen=True, slots=True)
class FailedView:
    """Something that somebody asked for, and the mail server would not do."""

    command: CommandView
    about: ElsewhereView
    """Without an address where it was about mails of several conversations."""


@dataclass(frozen=True, slots=True)
class RearrangedView:
    """A conversation was merged into this one, or a mail was split off from it."""

    is_merge: bool
    by: Person | None
    other: ElsewhereView
    is_undone: bool


@dataclass(frozen=True, slots=True)
class ProposalView:
    """An answer that a rule proposes."""

    rule: str
    template: str


@dataclass(frozen=True, slots=True)
class CardView:
    conversation_id: ConversationId
    address: str
    """The account's own address."""
    subject: str
    mail: MailView
    page: str = ""
    """Our own page about it; nothing where that is unknown."""
    further_mails: int = 0
    first_contact: bool = False
    assignee: Person | None = None
    done_by: Person | None = None
    done_at: datetime | None = None
    is_done: bool = False
    snoozed_until: datetime | None = None
    snoozed_until_reply: bool = False
    waiting_since: datetime | None = None
    where: Where = Where.HERE
    folder: str | None = None
    flagged: bool = False
    read: bool = False
    """Every mail was opened by somebody, in whatever mail client."""
    answered: bool = False
    """The latest mail was answered, in whatever mail client."""
    tags: tuple[str, ...] = ()
    command: CommandView | None = None
    outgoing: OutgoingView | None = None
    """The last mail of ours that was not taken back."""
    writers: tuple[Person, ...] = ()
    """Who is writing an answer just now."""
    proposal: ProposalView | None = None
    list_exit: ListExitView | None = None
    merged_into: ElsewhereView | None = None
    """Its mails are there now."""
    follow_up_at: datetime | None = None
    """Somebody is told if they have not answered by then."""
    no_answer_since: datetime | None = None

    @property
    def is_snoozed(self) -> bool:
        return self.snoozed_until is not None or self.snoozed_until_reply


@dataclass(frozen=True, slots=True)
class QuarantineView:
    placement_id: PlacementId
    address: str
    folder: str
    reason: str
    received_at: datetime | None
    has_raw: bool
    settled: bool
    """It was read after all."""
    pending: bool
    """It is being read once more."""


@dataclass(frozen=True, slots=True)
class ClosedChannelView:
    """A channel in which nothing can be posted, or could not be."""

    channel_id: str
    name: str
    is_open: bool
    """It is over."""
    detail: str
    waiting: int
    addresses: tuple[str, ...]
    """The mailboxes whose own channel it is."""


@dataclass(frozen=True, slots=True)
class AlarmView:
    """A mailbox that gives no sign of life, or that somebody has to sign in for."""

    address: str
    folders: tuple[str, ...]
    since: datetime
    detail: str
    """What is wrong, if anything is known of it."""
    resolved_at: datetime | None = None
    needs_sign_in: bool = False
    is_shut: bool = False
    """It is about one folder, which is gone or does not open any more."""
    is_let_be: bool = False
    """That folder is not to be looked at any more."""
    link: str = ""
    """Where to sign in again."""
    paused_by: str | None = None
    """Who had it let be since, if anybody did; empty where they have no name."""


@dataclass(frozen=True, slots=True)
class LeftOutView:
    """A file that Slack does not have."""

    name: str
    code: str
    """Why, as Slack calls it."""
    link: str
    """Where it is to be had; nothing where that is unknown."""


@dataclass(frozen=True, slots=True)
class HeldView:
    """A mail whose card is held back, by what is said of it until then."""

    subject: str
    sender_name: str
    sender_address: str


@dataclass(frozen=True, slots=True)
class DigestView:
    """Cards that are held back because very many came at once."""

    post_id: PostId
    total: int
    waiting: int
    first: tuple[HeldView, ...]
    """The next few of those that wait."""
    is_asked_for: bool
    """Somebody wants to see all of them."""


@dataclass(frozen=True, slots=True)
class ReminderView:
    """Conversations that have stood still, the longest first."""

    reason: str
    """`unassigned`, `no_action` or `no_answer`."""
    first: tuple[ElsewhereView, ...]
    count: int


@dataclass(frozen=True, slots=True)
class SummaryPart:
    """One list of a person's day."""

    name: str
    """`mine`, `unassigned` or `waiting`."""
    first: tuple[ElsewhereView, ...]
    count: int


@dataclass(frozen=True, slots=True)
class NudgeView:
    """The time of one conversation has come, or of several at once."""

    reason: str
    """`woke` or `no_answer`."""
    about: ElsewhereView
    since: datetime | None
    others: tuple[ElsewhereView, ...] = ()
    """The first of those whose time came with it."""
    count: int = 1
    """How many they are together."""
