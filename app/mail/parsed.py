"""What we keep of a mail. Values only; `app.mail.parse` makes them."""

import json
from dataclasses import dataclass
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
        if values["automatic"]:
            values["automatic"] = Automatic(values["automatic"])
        return cls(**values)


_PEOPLE = ("to", "cc", "reply_to")


def _address_values(address: Address) -> tuple[str, str]:
    return address.name, address.address
