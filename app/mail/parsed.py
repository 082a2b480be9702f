"""What we keep of a mail. Values only; `app.mail.parse` makes them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.mail.address import Address


class Automatic(StrEnum):
    """Who, if not a person, wrote a mail. None of these may ever be answered automatically."""

    REPLY = "reply"
    """An automatic answer, such as an out-of-office note."""
    GENERATED = "generated"
    """Sent by software: notices, receipts, newsletters, lists."""
    BOUNCE = "bounce"
    """A report about the delivery of another mail."""
    COMPLAINT = "complaint"
    """A report that somebody did not want another mail (RFC 5965)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a report says of one recipient."""

    address: str
    action: str
    """failed, delayed, delivered, relayed, expanded (RFC 3464 §2.3.3), or complained."""
    status: str
    """Such as 5.1.1 (RFC 3463); empty where it is not said."""
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a bounce or a complaint is about."""

    original_message_id: str | None
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """How to leave the list a mail came by."""

    url: str
    """https only; empty where there is none."""
    mailto: str
    one_click: bool
    """One POST to the URL is enough (RFC 8058)."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An event of a calendar that a mail invites to, answers or cancels."""

    method: str
    """REQUEST, REPLY, CANCEL, PUBLISH … (RFC 5546)."""
    summary: str
    location: str
    organizer: str
    starts_at: str
    """ISO 8601; a day, or a moment in `time_zone`."""
    ends_at: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail. Its bytes stay where they are; `app.mail.parse.cut` takes them out."""

    n: int
    """Its place in the mail, from 1."""
    filename: str
    content_type: str
    size: int
    """Decoded, in bytes; worked out from the encoded length."""
    content_id: str | None
    inline: bool
    """Shown within the text, such as a picture, where the reader can show it."""
    offset: int
    length: int
    encoding: str


@dataclass(frozen=True, slots=True)
class ParsedMail:
    internet_message_id: str | None
    """The Message-ID without its angle brackets."""
    in_reply_to: str | None
    references: tuple[str, ...]
    """The mails before this one, the oldest first."""
    subject: str
    sender: Address | None
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    sent_at: datetime | None
    """The Date header in UTC, as the sender claims it."""
    body: str
    """The whole text, made from HTML where there is no plain text."""
    excerpt: str
    """What the sender newly wrote: without quotes and signature. For display only."""
    has_html: bool
    attachments: tuple[Attachment, ...]
    list_id: str | None
    automatic: Automatic | None
    defects: tuple[str, ...]
    """What was wrong with the mail, in words."""
    mailer: str | None = None
    """The mail client it was written with, where it says so in plain words."""
    delivered_to: tuple[str, ...] = ()
    """Addresses in lower case that servers on the way noted it was for."""
    report: Report | None = None
    """Of a bounce or a complaint."""
    unsubscribe: Unsubscribe | None = None
    invitation: Invitation | None = None
