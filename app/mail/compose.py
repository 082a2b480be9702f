"""A mail of ours, from values to the bytes that are sent. Pure.

The bytes are made once, before the first attempt to send them, and never again: every attempt, the
copy in Sent and what we show are the same mail, with the same Message-ID and one signature.
"""

import base64
import quopri
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from app.core.errors import InvalidInput
from app.mail import filenames
from app.mail.address import Address
from app.mail.compose_headers import (
    LINE,
    LONGEST_LINE,
    is_message_id,
    message_ids,
    parameterised,
    people,
    unstructured,
)

LOOP_HEADER: Final = "X-SharedBox-Loop"
"""Stands in every mail we send, with the address it was sent from: a mail that comes back with it
has gone in a circle."""
MOST_RECIPIENTS: Final = 100
MOST_FILES: Final = 50
LONGEST_SUBJECT: Final = 500

_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n|\u2028|\u2029|\x85")
_NEVER_SENT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_CONTENT_TYPE: Final = re.compile(
    r"(?:application|audio|font|image|model|text|video)/[A-Za-z0-9][A-Za-z0-9.+_-]{0,100}"
)
_LONG_OR_BARE: Final = re.compile(rb"[^\r\n]{999}|\r(?!\n)|(?<!\r)\n|[\x00\x80-\xff]")


@dataclass(frozen=True, slots=True)
class File:
    """Something attached. With a `content_id` it is shown within the HTML."""

    filename: str
    content_type: str
    data: bytes
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewMail:
    """What is to be sent. Bcc is not in it: it belongs to the envelope alone."""

    message_id: str
    """Without angle brackets."""
    sent_at: datetime
    sender: Address
    subject: str
    text: str
    html: str | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    forwarded: bytes | None = None
    """A whole mail that is attached as it came."""
    is_automatic: bool = False
    """Written by a rule and not by a person; only then the mail says so (RFC 3834 §5)."""


@dataclass(frozen=True, slots=True)
class Composed:
    raw: bytes
    needs_smtputf8: bool
    """An address in it has letters beyond ASCII (RFC 6531)."""


def compose(mail: NewMail, *, boundary: str) -> Composed:
    """Write the mail. `boundary` is a random word that no part can hold.

    Raises `InvalidInput` for what would be no correct mail.
    """
    if not is_message_id(mail.message_id):
        raise InvalidInput("This Message-ID cannot be sent.")
    if len(mail.files) > MOST_FILES:
        raise InvalidInput(f"At most {MOST_FILES} files can be attached.", field="attachments")
    header = _header(mail)
    body = _Writer(boundary).mail(mail)
    return Composed(header + body, needs_smtputf8=not header.isascii())


def _header(mail: NewMail) -> bytes:
    fields = [
        unstructured("Date", format_datetime(mail.sent_at.astimezone(UTC))),
        people("From", [mail.sender]),
        people("To", mail.to) if mail.to else b"",
        people("Cc", mail.cc) if mail.cc else b"",
        unstructured("Subject", mail.subject[:LONGEST_SUBJECT]),
        message_ids("Message-ID", [mail.message_id]),
        message_ids("In-Reply-To", [mail.in_reply_to] if mail.in_reply_to else []),
        message_ids("References", mail.references),
        b"Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\n"
        if mail.is_automatic
        else b"",
        unstructured(LOOP_HEADER, mail.sender.address) if mail.sender.address.isascii() else b"",
        b"MIME-Version: 1.0\r\n",
    ]
    return b"".join(fields)


class _Writer:
    """Parts within parts, each boundary another one."""

    def __init__(self, boundary: str) -> None:
        self._boundary = boundary
        self._count = 0

    def mail(self, mail: NewMail) -> bytes:
        shown = [file for file in mail.files if file.content_id and mail.html is not None]
        attached = [_file(file) for file in mail.files if file not in shown]
        if mail.forwarded is not None:
            attached.append(_forwarded(mail.forwarded))
        text = self._text(mail, shown)
        return self._multipart("mixed", [text, *attached]) if attached else text

    def _text(self, mail: NewMail, shown: Sequence[File]) -> bytes:
        plain = _text("plain", mail.text)
        if mail.html is None:
            return plain
        html = _text("html", mail.html)
        if shown:
            parts = [html, *(_file(file, inline=True) for file in shown)]
            html = self._multipart("related", parts, {"type": "text/html"})
        return self._multipart("alternative", [plain, html])

    def _multipart(
        self, kind: str, parts: Iterable[bytes], parameters: dict[str, str] | None = None
    ) -> bytes:
        """`=_` cannot stand in Base64 nor in quoted-printable, so no part can hold the boundary."""
        self._count += 1
        boundary = f"=_{self._count}_{self._boundary}"
        head = parameterised(
            "Content-Type", f"multipart/{kind}", {"boundary": boundary, **(parameters or {})}
        )
        delimiter = f"\r\n--{boundary}".encode()
        inner = b"".join(delimiter + b"\r\n" + part for part in parts)
        return head + inner + delimiter + b"--\r\n"


def clean_text(text: str) -> str:
    """Text for a body: line feeds only, no NUL, no control and no half character."""
    return _NEVER_SENT.sub("", _LINE_ENDS.sub("\n", text))


def _text(kind: str, text: str) -> bytes:
    text = clean_text(text)
    data = text.encode()
    head = parameterised("Content-Type", f"text/{kind}", {"charset": "utf-8"})
    if _is_plain(text):
        encoding, body = "7bit", data.replace(b"\n", b"\r\n")
    elif sum(byte > 127 for byte in data) * 3 > len(data):
        encoding, body = "base64", _base64(data.replace(b"\n", b"\r\n"))
    else:
        encoding = "quoted-printable"
        body = quopri.encodestring(data).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        body = re.sub(rb"(?m)^From ", b"=46rom ", body)
        body = re.sub(rb"(?m)^\.", b"=2E", body)
    return head + f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body


def _is_plain(text: str) -> bool:
    """Whether no relay and no reader on the way would touch it."""
    if not text.isascii() or "=_" in text:
        return False
    return all(
        len(line) <= LINE and line == line.rstrip() and not line.startswith(("From ", "."))
        for line in text.split("\n")
    )


def _file(file: File, *, inline: bool = False) -> bytes:
    name = filenames.safe(file.filename) or "attachment"
    kind = file.content_type.partition(";")[0].strip().lower()
    if not _CONTENT_TYPE.fullmatch(kind):
        kind = "application/octet-stream"
    disposition = "inline" if inline else "attachment"
    head = parameterised("Content-Type", kind, {"name": name})
    head += b"Content-Transfer-Encoding: base64\r\n"
    head += parameterised("Content-Disposition", disposition, {"filename": name})
    if inline and file.content_id and is_message_id(file.content_id):
        head += message_ids("Content-ID", [file.content_id])
    return head + b"\r\n" + _base64(file.data)


def _forwarded(raw: bytes) -> bytes:
    """A mail within the mail (RFC 2046 §5.2.1), which may not be encoded.

    One that no server need take as it is (long lines, bytes beyond ASCII) goes as a file instead.
    """
    if _LONG_OR_BARE.search(raw):
        return _file(File("message.eml", "application/octet-stream", raw))
    head = parameterised("Content-Type", "message/rfc822", {"name": "message.eml"})
    head += parameterised("Content-Disposition", "attachment", {"filename": "message.eml"})
    return head + b"\r\n" + raw


def _base64(data: bytes) -> bytes:
    text = base64.b64encode(data)
    lines = [text[at : at + LINE] for at in range(0, len(text), LINE)]
    return b"\r\n".join(lines) + b"\r\n"


def encoded_size(size: int) -> int:
    """How many bytes a file of this size takes in a mail: Base64 in lines."""
    characters = -(-size // 3) * 4
    return characters + -(-characters // LINE) * 2


assert LINE < LONGEST_LINE
