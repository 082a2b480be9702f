"""The shape of a mail: a tree of parts, each told by offsets into the raw bytes.

Nothing is copied and nothing decoded here. Every byte is looked at a bounded number of times,
whatever the sender did, and nothing recurses. What breaks the rules is read as mail clients read
it, and named in `Scan.defects`; over a limit we go on with what fits.

Deviations that are tolerated: bare line feeds and bare carriage returns, an mbox "From " line in
front, header lines without a colon, no blank line after the header, a boundary that is not stated,
delimiters with blanks behind them, boundaries that begin like one another, and ends that are
missing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from app.core.errors import SharedBoxError
from app.mail.headers import Field, Headers, Parameterised, parameterised, plain

MAX_DEPTH: Final = 32
"""Multiparts and messages within one another; what lies deeper is not taken apart."""
MAX_PARTS: Final = 2_000
MAX_FIELDS: Final = 2_000
"""Of one header block; later ones are not read."""
MAX_FIELD_BYTES: Final = 256 * 1024
"""Of a longer field, the rest is left out."""
MAX_DELIMITERS: Final = 100_000
"""Places that begin like a delimiter, looked at in one mail."""

_FIELD: Final = re.compile(rb"([!-9;-~\x80-\xff]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)\n?")
_BLANK: Final = re.compile(rb"\r*\n")
_BLANK_LATER: Final = re.compile(rb"\n\r*\n")
_END_OF_FIELD: Final = re.compile(rb"\n(?![ \t])")
_MBOX_LINE: Final = re.compile(rb">?From (?!\s*+:)[^\n]*\n")
_KNOWN_FIELD: Final = re.compile(
    rb"\n(?:from|to|cc|bcc|subject|date|received|sender|message-id|mime-version|content-[a-z-]+"
    rb"|x-[!-9;-~]+|return-path|delivered-to|reply-to|references|in-reply-to|dkim-signature)"
    rb"[ \t]*:",
    re.IGNORECASE,
)
_LOOK_AHEAD: Final = 8 * 1024
MOST_HEADER: Final = 256 * 1024
"""So much of the beginning of a mail is enough to have its header."""
_END_OF_HEADER: Final = re.compile(rb"\r?\n\r?\n")
_REST_OF_DELIMITER: Final = re.compile(rb"(--)?(?:[ \t\r]|\Z)")
"""What may follow the boundary on its line. Another character makes it another boundary."""
_GUESSED_BOUNDARY: Final = re.compile(rb"\n--([^\s][^\r\n]{3,198}+)\r*\n")


class MailUnreadable(SharedBoxError):
    """There is nothing in this mail that could be read."""


@dataclass(slots=True)
class Part:
    """A mail, or a part of one: header block `[start:body]`, body `[body:end]`."""

    start: int
    body: int
    end: int
    headers: Headers
    content_type: Parameterised
    children: list["Part"] = field(default_factory=list)
    """Of a multipart: its parts. Of a message/rfc822: the one mail it carries."""

    @property
    def encoding(self) -> str:
        """Its Content-Transfer-Encoding, in lower case."""
        return self.headers.plain(b"content-transfer-encoding").partition(";")[0].strip().lower()

    @property
    def is_multipart(self) -> bool:
        return self.content_type.value.startswith("multipart/")

    @property
    def is_message(self) -> bool:
        return self.content_type.value in _MESSAGES

    def leaves(self) -> Iterator["Part"]:
        """The parts that carry content, in the order in which they were sent."""
        pending = [self]
        while pending:
            part = pending.pop()
            if part.children:
                pending.extend(reversed(part.children))
            else:
                yield part


_SOMETHING: Final = re.compile(rb"[^\0 \t\r\n]")
_MESSAGES: Final = frozenset({"message/rfc822", "message/global", "message/news"})


@dataclass(frozen=True, slots=True)
class Scan:
    root: Part
    defects: tuple[str, ...]


def scan(raw: bytes) -> Scan:
    """Find the parts of a mail. Raises `MailUnreadable` only if there is nothing but blanks."""
    return _Scanner(raw).run()


def header_of(raw: bytes) -> bytes:
    """The header of a mail as it came, up to a bound."""
    head = raw[:MOST_HEADER]
    end = _END_OF_HEADER.search(head)
    return head[: end.start()] if end else head


class _Scanner:
    def __init__(self, raw: bytes) -> None:
        # Same length, so that the offsets we find hold for the raw bytes as well.
        self._raw = raw if b"\n" in raw else raw.replace(b"\r", b"\n")
        self._defects: dict[str, None] = {}
        self._parts = 0
        self._delimiters_seen = 0

    def run(self) -> Scan:
        if _SOMETHING.search(self._raw) is None:  # and no copy of the mail, as strip would make
            raise MailUnreadable(
                "The mail is empty.", fix="Ask the sender to send it again, or delete it."
            )
        root = self._part(self._beginning(), len(self._raw), "text/plain")
        pending = [(root, 0)]
        while pending:
            part, depth = pending.pop()
            if not (part.is_multipart or part.is_message):
                continue
            if depth == MAX_DEPTH:
                self._note(f"parts nested more than {MAX_DEPTH} deep")
                continue
            part.children = list(self._children(part))
            pending.extend((child, depth + 1) for child in reversed(part.children))
        return Scan(root, tuple(self._defects))

    def _note(self, defect: str) -> None:
        self._defects[defect] = None

    def _beginning(self) -> int:
        """Where the header begins: behind an mbox line, and behind blank lines before a header."""
        start = 0
        if line := _MBOX_LINE.match(self._raw):
            start = line.end()
        blanks = start
        while line := _BLANK.match(self._raw, blanks):
            blanks = line.end()
        return blanks if blanks > start and _KNOWN_FIELD.match(self._raw, blanks - 1) else start

    def _children(self, part: Part) -> Iterator[Part]:
        if part.is_message:
            if part.encoding in _IDENTITY:
                yield self._part(part.body, part.end, "text/plain")
            return
        default = "message/rfc822" if part.content_type.value.endswith("/digest") else "text/plain"
        for start, end in self._spans(part):
            self._parts += 1
            if self._parts > MAX_PARTS:
                self._note(f"more than {MAX_PARTS} parts")
                return
            yield self._part(start, end, default)

    def _part(self, start: int, end: int, default_type: str) -> Part:
        fields, body = self._header_block(start, end)
        headers = Headers(self._raw, fields)
        return Part(start, body, end, headers, self._content_type(headers, default_type))

    def _content_type(self, headers: Headers, default: str) -> Parameterised:
        """The first Content-Type that we can use."""
        first = headers.parameterised(b"content-type")
        if _usable(first):
            return first
        for value in headers.all_raw(b"content-type"):
            if _usable(other := parameterised(plain(value))):
                self._note("several Content-Types")
                return other
        if first.value.startswith("multipart/"):
            return first
        return Parameterised(default, first.parameters)

    def _header_block(self, start: int, end: int) -> tuple[list[Field], int]:
        """The fields, and where the body begins."""
        raw, at, goes_on_at = self._raw, start, start
        fields: list[Field] = []
        is_short = end - start <= MAX_FIELD_BYTES
        for _ in range(MAX_FIELDS):
            if at >= end:
                return fields, end
            if match := _FIELD.match(raw, at, end if is_short else min(end, at + MAX_FIELD_BYTES)):
                value, value_end = match.span(2)
                if raw[value_end - 1] == 0x0D:
                    value_end -= 1
                fields.append(Field(match[1].lower(), at, value, value_end))
                at = match.end()
                if not is_short and at - fields[-1].start >= MAX_FIELD_BYTES:
                    at = self._behind_field(at, end)
            elif blank := _BLANK.match(raw, at, end):
                return fields, blank.end()
            else:
                if at >= goes_on_at:
                    goes_on_at = self._goes_on_at(at, end)
                if at == goes_on_at:
                    if fields:
                        self._note("no blank line after the header")
                    return fields, at
                self._note("a header line that is none")
                at = raw.index(b"\n", at) + 1
        self._note(f"more than {MAX_FIELDS} header lines")
        blank = _BLANK_LATER.search(raw, at - 1, end)
        return fields, blank.end() if blank else end

    def _behind_field(self, at: int, end: int) -> int:
        self._note("a header field that is too long")
        match = _END_OF_FIELD.search(self._raw, at - 1, end)
        return match.end() if match else end

    def _goes_on_at(self, at: int, end: int) -> int:
        """Where the header goes on behind a line that is no field; `at` if the body begins here."""
        end = min(end, at + _LOOK_AHEAD)
        if self._raw[at] in b" \t":
            newline = self._raw.find(b"\n", at, end)
            return at if newline < 0 else newline + 1
        blank = _BLANK_LATER.search(self._raw, at, end)
        known = _KNOWN_FIELD.search(self._raw, at, blank.start() if blank else end)
        return known.start() + 1 if known else at

    def _spans(self, part: Part) -> Iterator[tuple[int, int]]:
        """The parts between the delimiters of a multipart: each from its first byte to its last."""
        boundary = self._boundary(part)
        if not boundary:
            return
        start = None
        for delimiter in self._delimiters(part, b"--" + boundary):
            if start is not None:
                yield start, max(start, self._before_line_end(delimiter.start))
            start = None if delimiter.closes else delimiter.end
            if delimiter.closes:
                return
        if start is not None:
            self._note("a multipart without its end")
            yield start, part.end

    def _delimiters(self, part: Part, delimiter: bytes) -> Iterator["_Delimiter"]:
        raw, end, at = self._raw, part.end, part.body
        while (at := raw.find(delimiter, at, end)) >= 0:
            self._delimiters_seen += 1
            if self._delimiters_seen > MAX_DELIMITERS:
                self._note(f"more than {MAX_DELIMITERS} lines like a delimiter")
                return
            begins_line = at == part.body or raw[at - 1] == 0x0A
            behind = at + len(delimiter)
            if begins_line:
                newline = raw.find(b"\n", behind, end)
                line_end = end if newline < 0 else newline
                rest = _REST_OF_DELIMITER.match(raw, behind, line_end)
                if rest is not None:
                    yield _Delimiter(at, min(line_end + 1, end), closes=bool(rest[1]))
                    behind = line_end
            at = behind

    def _boundary(self, part: Part) -> bytes:
        stated = part.content_type.parameters.get("boundary", "")
        if stated:
            boundary = stated.encode()
            if self._raw.find(b"--" + boundary, part.body, part.end) < 0:
                boundary = boundary.rstrip()  # which is what most senders mean
            return boundary
        self._note("a multipart without a boundary")
        guess = _GUESSED_BOUNDARY.search(self._raw, max(part.body - 1, 0), part.end)
        if guess is None:
            return b""
        boundary = guess[1].rstrip()
        again = self._raw.find(b"\n--" + boundary, guess.end() - 1, part.end)
        return boundary if again >= 0 else b""

    def _before_line_end(self, at: int) -> int:
        """The line end in front of a delimiter belongs to the delimiter."""
        return at - 2 if self._raw[at - 2 : at] == b"\r\n" else at - 1


@dataclass(frozen=True, slots=True)
class _Delimiter:
    start: int
    end: int
    closes: bool


_IDENTITY: Final = frozenset({"", "7bit", "8bit", "binary"})


def _usable(content_type: Parameterised) -> bool:
    main, slash, sub = content_type.value.partition("/")
    if not (main and slash and sub):
        return False
    return main != "multipart" or bool(content_type.parameters.get("boundary"))
