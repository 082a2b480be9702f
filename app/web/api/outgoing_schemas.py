"""What `/outgoing` takes and answers."""

import base64
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from app.core.errors import InvalidInput
from app.core.ids import AccountId, ConversationId, MessageId
from app.mail.address import Address
from app.mail.compose import MOST_FILES, MOST_RECIPIENTS, File
from app.mail.compose_headers import check_line
from app.mail.typed import typed_addresses
from app.sending.context import MOST_UNDO_SECONDS
from app.sending.wanted import Wanted
from app.sending.write import LONGEST_TEXT
from app.store.models import Filing, OutgoingMode, OutgoingState, RecipientState
from app.web.deps import Words


class PersonIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[Words, Field(max_length=200)] = ""
    address: Annotated[Words, Field(max_length=320)]


PeopleIn = Annotated[list[PersonIn | Words], Field(max_length=MOST_RECIPIENTS)]


def _from_base64(value: object) -> bytes:
    """Nothing is left out of a file: what is no Base64 is refused, line breaks in it are not."""
    if not isinstance(value, str):
        raise ValueError("give the content as a string of Base64")  # noqa: TRY004 -- pydantic's
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except ValueError:
        raise ValueError("this is no Base64") from None


class FileIn(BaseModel):
    """`content` is Base64. With a `content_id` the file is shown within the HTML, by `cid:`."""

    model_config = ConfigDict(extra="forbid")

    filename: Annotated[Words, Field(min_length=1, max_length=255)]
    content_type: Annotated[Words, Field(max_length=120)] = "application/octet-stream"
    content: Annotated[
        bytes,
        BeforeValidator(_from_base64),
        WithJsonSchema({"type": "string", "format": "base64"}),
    ]
    content_id: Annotated[Words | None, Field(max_length=200)] = None


class OutgoingIn(BaseModel):
    """What is left out is worked out: from the mail that is answered, and from the settings."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    account_id: UUID
    conversation_id: UUID | None = None
    mode: OutgoingMode = OutgoingMode.REPLY
    answers_message_id: UUID | None = None
    sender: Annotated[Words | None, Field(alias="from", max_length=320)] = None
    to: PeopleIn | None = None
    cc: PeopleIn | None = None
    bcc: PeopleIn = []
    subject: Annotated[Words | None, Field(max_length=500)] = None
    text: Annotated[Words, Field(max_length=LONGEST_TEXT)] = ""
    html: Annotated[Words | None, Field(max_length=LONGEST_TEXT)] = None
    attachments: Annotated[list[FileIn], Field(max_length=MOST_FILES)] = []
    original_attachments: list[int] | None = None
    attach_original: bool = False
    quote: bool = True
    sign: bool = True
    send_at: AwareDatetime | None = None
    undo_seconds: Annotated[int | None, Field(ge=0, le=MOST_UNDO_SECONDS)] = None
    cancel_if_answered: bool = False
    then_done: bool = False
    follow_up_days: Annotated[int | None, Field(ge=1, le=365)] = None
    last_seen_message_id: UUID | None = None

    @model_validator(mode="after")
    def _belongs_somewhere(self) -> Self:
        if self.mode is not OutgoingMode.NEW and self.conversation_id is None:
            raise ValueError("an answer needs the conversation_id it belongs to")
        says = self.text.strip() or self.html or self.attachments
        if not (says or self.mode is OutgoingMode.FORWARD):
            raise ValueError("give text, html or both, or attach a file")
        return self

    def wanted(self) -> Wanted:
        answers, seen = self.answers_message_id, self.last_seen_message_id
        return Wanted(
            account_id=AccountId(self.account_id),
            mode=self.mode,
            text=self.text,
            html=self.html,
            conversation_id=ConversationId(self.conversation_id) if self.conversation_id else None,
            answers_id=MessageId(answers) if answers else None,
            sender=self.sender,
            to=_people("to", self.to),
            cc=_people("cc", self.cc),
            bcc=_people("bcc", self.bcc) or (),
            subject=self.subject,
            files=tuple(
                File(one.filename, one.content_type, one.content, one.content_id)
                for one in self.attachments
            ),
            original_files=(
                None if self.original_attachments is None else tuple(self.original_attachments)
            ),
            attach_original=self.attach_original,
            quote=self.quote,
            sign=self.sign,
            send_at=self.send_at,
            undo_seconds=self.undo_seconds,
            cancel_if_answered=self.cancel_if_answered,
            then_done=self.then_done,
            follow_up_days=self.follow_up_days,
            last_seen_id=MessageId(seen) if seen else None,
        )


class RetryIn(BaseModel):
    """`even_if_sent`: risk that people get a mail twice of which nobody knows whether it left."""

    model_config = ConfigDict(extra="forbid")

    even_if_sent: bool = False


class PersonOut(BaseModel):
    name: str
    address: str


class RecipientOut(PersonOut):
    """`state`: pending, accepted, refused or bounced; `detail` holds the server’s own words."""

    state: RecipientState
    detail: str


class OutgoingFileOut(BaseModel):
    n: int
    filename: str
    content_type: str
    size: int


class OutgoingOut(BaseModel):
    """`state`: undo, scheduled, queued, sending, sent, failed, unknown or cancelled.

    `unknown` with a `settled_at` waits for a person: retry it with `even_if_sent`, say that it
    was sent, or drop it. `due_at` is when it goes out or is tried again. `paused_since`: it waits
    for its account, which is paused since then.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    id: UUID
    account_id: UUID
    conversation_id: UUID
    mode: OutgoingMode
    state: OutgoingState
    detail: str
    sender: Annotated[PersonOut, Field(serialization_alias="from")]
    to: list[RecipientOut]
    cc: list[RecipientOut]
    bcc: list[RecipientOut]
    subject: str
    text: str
    html: str | None
    attachments: list[OutgoingFileOut]
    internet_message_id: str
    answers_message_id: UUID | None
    message_id: UUID | None
    author: str
    size: int
    attempts: int
    filing: Filing
    cancel_if_answered: bool
    send_at: datetime | None
    due_at: datetime
    paused_since: datetime | None = None
    sent_at: datetime | None
    created_at: datetime
    settled_at: datetime | None


class AskedOut(OutgoingOut):
    """`warnings`: what is worth a second look while it can be taken back, in words."""

    warnings: list[str]


class OutgoingPage(BaseModel):
    items: list[OutgoingOut]
    next_cursor: str | None


class PreviewOut(BaseModel):
    """The mail as it would be sent. `new_domains`: nobody of the conversation belongs to them."""

    model_config = ConfigDict(serialize_by_alias=True)

    sender: Annotated[PersonOut, Field(serialization_alias="from")]
    to: list[PersonOut]
    cc: list[PersonOut]
    subject: str
    text: str
    html: str | None
    size: int
    new_domains: list[str]
    warnings: list[str]


def _people(field: str, people: list[PersonIn | str] | None) -> tuple[Address, ...] | None:
    """`Ana Ruiz <ana@acme.example>` as well as name and address by themselves."""
    if people is None:
        return None
    return tuple(
        _typed(field, one) if isinstance(one, str) else Address(one.name, one.address)
        for one in people
    )


def _typed(field: str, text: str) -> Address:
    """One person on one line."""
    found = typed_addresses(field, check_line(field, text))
    if len(found) != 1:
        raise InvalidInput(
            f"“{text[:100]}” is not the address of one person.",
            field=field,
            fix="Write it like name@example.com or Ana <name@example.com>.",
        )
    return found[0]
