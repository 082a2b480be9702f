"""What we keep of a mail. Values only; `app.mail.parse` makes them."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

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

    def to_json(self) -> bytes:
        """Compact, and safe to read back from a process that has read hostile mail."""
        values: dict[str, Any] = {name: getattr(self, name) for name in ParsedMail.__slots__}
        values["sender"] = _address_values(self.sender) if self.sender else None
        for name in _PEOPLE:
            values[name] = [_address_values(address) for address in values[name]]
        values["attachments"] = [
            [getattr(attachment, name) for name in Attachment.__slots__]
            for attachment in self.attachments
        ]
        values["sent_at"] = self.sent_at.timestamp() if self.sent_at else None
        for name in _EXTRAS:
            values[name] = asdict(values[name]) if values[name] else None
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "ParsedMail":
        values = json.loads(data)
        if values["sender"]:
            values["sender"] = Address(*values["sender"])
        for name in _PEOPLE:
            values[name] = tuple(Address(*address) for address in values[name])
        values["attachments"] = tuple(Attachment(*items) for items in values["attachments"])
        values["references"] = tuple(values["references"])
        values["defects"] = tuple(values["defects"])
        if values["sent_at"] is not None:
            values["sent_at"] = datetime.fromtimestamp(values["sent_at"], UTC)
        values["delivered_to"] = tuple(values["delivered_to"])
        if report := values["report"]:
            failures = tuple(Failure(**one) for one in report["failures"])
            values["report"] = Report(report["original_message_id"], failures)
        if values["unsubscribe"]:
            values["unsubscribe"] = Unsubscribe(**values["unsubscribe"])
        if values["invitation"]:
            values["invitation"] = Invitation(**values["invitation"])
        if values["automatic"]:
            values["automatic"] = Automatic(values["automatic"])
        return cls(**values)


_PEOPLE = ("to", "cc", "reply_to")
_EXTRAS = ("report", "unsubscribe", "invitation")


def _address_values(address: Address) -> tuple[str, str]:
    return address.name, address.address
