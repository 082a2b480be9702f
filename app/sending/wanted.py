"""What somebody wants to be sent. Frozen values; pure."""

from dataclasses import dataclass
from datetime import datetime

from app.core.ids import AccountId, ConversationId, MessageId, OutgoingId
from app.mail.address import Address
from app.mail.compose import File
from app.store.models import OutgoingMode


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is None is worked out: from the mail that is answered, and from the settings."""

    account_id: AccountId
    mode: OutgoingMode
    text: str
    html: str | None = None
    conversation_id: ConversationId | None = None
    answers_id: MessageId | None = None
    """The mail that is answered or forwarded; None is the last one that came in."""
    sender: str | None = None
    to: tuple[Address, ...] | None = None
    cc: tuple[Address, ...] | None = None
    bcc: tuple[Address, ...] = ()
    subject: str | None = None
    files: tuple[File, ...] = ()
    original_files: tuple[int, ...] | None = None
    """Of a forward: which files of the original go along; None is all of them."""
    attach_original: bool = False
    """Of a forward: the original goes as a file, as it came, and not as text."""
    quote: bool = True
    sign: bool = True
    send_at: datetime | None = None
    undo_seconds: int | None = None
    cancel_if_answered: bool = False
    then_done: bool = False
    follow_up_days: int | None = None
    """Somebody is told if they have not answered so many days after it left."""
    is_automatic: bool = False
    """A rule wrote it and not a person: it says so, and is refused where it could go in circles."""
    last_seen_id: MessageId | OutgoingId | None = None
    """The newest mail of the conversation that its writer has seen: a newer one stops them."""
    instead_of_id: OutgoingId | None = None
    """A mail of ours that this one takes the place of, so it is no news to its writer."""
