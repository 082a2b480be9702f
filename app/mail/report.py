"""What a bounce or a complaint is about: which mail, which recipients, and why.

RFC 3464 says how a report on delivery looks, RFC 5965 how a complaint does. Many servers send
neither, but a text and the returned mail; of these we read what can be told without guessing: the
Message-ID of the returned mail, the addresses of X-Failed-Recipients and the first status code.
"""

import re
from collections.abc import Iterator
from typing import Final

from app.mail import headers, transfer
from app.mail.parsed import Failure, Report
from app.mail.scan import Part
from app.mail.threading import message_ids

MOST_RECIPIENTS: Final = 100
MAX_DETAIL: Final = 500
_READ: Final = 64 * 1024
_TEXT_READ: Final = 20_000
_RETURNED_READ: Final = 256 * 1024
"""Where the returned mail is no part of its own, but stands somewhere in a text."""
_DELIVERY: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_COMPLAINT: Final = "message/feedback-report"
_HEADERS_ONLY: Final = frozenset({"text/rfc822-headers", "message/global-headers"})

_FIELD: Final = re.compile(rb"(?m)^([!-9;-~]++)[ \t]*+:([^\r\n]*+(?:\r?\n[ \t][^\r\n]*+)*+)")
_BLANK_LINE: Final = re.compile(rb"\r?\n[ \t]*+\r?\n")
_ID_LINE: Final = re.compile(r"(?im)^[> \t]{0,8}message-id:\s{0,80}<([^<>\s]{3,500})>")
_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY_LINE: Final = re.compile(r"(?m)^[^\n]{0,200}?(?<![\d.])([45]\d\d)[ -][^\n]{3,}$")


def report(raw: bytes, root: Part, text: str) -> Report:
    """Read what can be read; the fields are empty where nothing can."""
    parts = list(_parts(root))
    failures = tuple(_failures(raw, parts)) or tuple(_failed_by_header(root, text))
    return Report(original_message_id=_original(raw, parts, text), failures=failures)


def _parts(root: Part) -> Iterator[Part]:
    """The parts of the report itself; the returned mail is one of them."""
    pending = [root]
    while pending:
        part = pending.pop(0)
        yield part
        if part.is_multipart:
            pending.extend(part.children)


def _original(raw: bytes, parts: list[Part], text: str) -> str | None:
    for part in parts:
        said = ""
        if part.is_message and part.children:
            said = part.children[0].headers.plain(b"message-id")
        elif part.content_type.value in _HEADERS_ONLY:
            said = _fields(_body(raw, part)).get("message-id", "")
        if ids := message_ids(said):
            return ids[0]
    root = parts[0]
    everything = raw[root.body : root.body + _RETURNED_READ].decode("ascii", "replace")
    found = _ID_LINE.search(text[:_TEXT_READ]) or _ID_LINE.search(everything)
    return found[1] if found else None


def _failures(raw: bytes, parts: list[Part]) -> Iterator[Failure]:
    for part in parts:
        if part.content_type.value in _DELIVERY:
            blocks = _BLANK_LINE.split(_body(raw, part))[: MOST_RECIPIENTS + 1]
            for block in blocks:
                yield from _failure(_fields(block))
        elif part.content_type.value == _COMPLAINT:
            fields = _fields(_body(raw, part))
            address = _address(fields.get("original-rcpt-to", ""))
            kind = fields.get("feedback-type", "abuse")[:40]
            if address:
                yield Failure(address, "complained", "", f"The recipient complained ({kind}).")


def _failure(fields: dict[str, str]) -> Iterator[Failure]:
    said = fields.get("original-recipient") or fields.get("final-recipient", "")
    address = _address(said.partition(";")[2] or said)
    if not address:
        return
    status = _STATUS.search(fields.get("status", ""))
    diagnostic = fields.get("diagnostic-code", "")
    yield Failure(
        address=address,
        action=fields.get("action", "failed").split(" ")[0].lower()[:20],
        status=status[1] if status else "",
        detail=(diagnostic.partition(";")[2] or diagnostic).strip()[:MAX_DETAIL],
    )


def _failed_by_header(root: Part, text: str) -> Iterator[Failure]:
    """X-Failed-Recipients (Exim), with the first thing in the text that looks like a reason."""
    named = root.headers.plain(b"x-failed-recipients")
    status, detail = reason(text)
    for each in named.split(",")[:MOST_RECIPIENTS]:
        if address := _address(each):
            yield Failure(address, "failed", status, detail)


def reason(text: str) -> tuple[str, str]:
    """The status code and the line that gives the reason, as far as there are any."""
    text = text[:_TEXT_READ]
    status = _STATUS.search(text)
    line = _REPLY_LINE.search(text)
    detail = " ".join(line[0].split()) if line else ""
    return (status[1] if status else ""), detail[:MAX_DETAIL]


def _body(raw: bytes, part: Part) -> bytes:
    return transfer.decode(raw[part.body : min(part.end, part.body + _READ)], part.encoding)


def _fields(block: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _FIELD.finditer(block):
        name = match[1].decode("ascii", "replace").lower()
        found.setdefault(name, headers.decoded(headers.plain(match[2])))
    return found


def _address(text: str) -> str:
    address = text.strip().strip("<>").strip()
    return address if "@" in address and len(address) <= 320 and " " not in address else ""
