"""Header fields: found once as offsets, decoded one by one when somebody asks.

Whatever a field holds, its text comes out as one line: encoded words are decoded first and line
breaks and controls taken out afterwards, so that nothing a sender hides in an encoded word can
become a header of a mail that we write.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from app.mail import charset, transfer

MAX_VALUE_BYTES: Final = 64 * 1024
"""Of one field; the rest of a longer value is not read."""
MAX_PARAMETERS: Final = 200
_SHORT: Final = 100

_BREAKS: Final = re.compile(r"(?<![ \t])[ \t]*+[\r\n\x0b\x0c\x85\u2028\u2029][\s\x85]*+")
_INVISIBLE: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_ONE_LINE: Final = re.compile("[\t -~\xa0-\u2027\u202a-\ud7ff\ue000-\U0010ffff]*+")
_PARAMETER: Final = re.compile(
    r';\s*+([^\s=;"]++)\s*+(?:=\s*+(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"?|([^;]*+)))?', re.DOTALL
)
_QUOTED_PAIR: Final = re.compile(r'\\(["\\])')
_CONTINUED: Final = re.compile(r"(.+?)\*(\d{1,3})?(\*?)")


class Field(NamedTuple):
    """Where a field lies: its name in lower case, its first byte, and its value's bytes."""

    name: bytes
    start: int
    value: int
    end: int


class Headers:
    """The header block of a mail or of a part of one."""

    __slots__ = ("_raw", "_where", "fields")

    def __init__(self, raw: bytes, fields: list[Field]) -> None:
        self.fields = fields
        self._raw = raw
        self._where = {field.name: field for field in reversed(fields)}

    def __contains__(self, name: bytes) -> bool:
        return name in self._where

    def raw(self, name: bytes) -> bytes | None:
        """The first field of that name as it was sent, without its last line end."""
        field = self._where.get(name)
        return None if field is None else self._value(field)

    def all_raw(self, name: bytes) -> Iterator[bytes]:
        if name in self._where:
            yield from (self._value(field) for field in self.fields if field.name == name)

    def plain(self, name: bytes) -> str:
        """One line of text in which encoded words still stand as they were sent."""
        value = self.raw(name)
        return "" if value is None else plain(value)

    def text(self, name: bytes) -> str:
        """One line of text, decoded; empty where there is no such field."""
        value = self.raw(name)
        return "" if value is None else decoded(plain(value))

    def parameterised(self, name: bytes) -> "Parameterised":
        """A field such as Content-Type: a value, then parameters."""
        return parameterised(self.plain(name))

    def _value(self, field: Field) -> bytes:
        return self._raw[field.value : min(field.end, field.value + MAX_VALUE_BYTES)]


@dataclass(frozen=True, slots=True)
class Parameterised:
    """`value` is in lower case; the names of the parameters, too."""

    value: str
    parameters: Mapping[str, str]


def plain(value: bytes) -> str:
    """Raw bytes of a field as one line of text; encoded words are left as they are."""
    return one_line(value.decode("ascii") if value.isascii() else charset.decode(value))


def one_line(text: str) -> str:
    """Text that may stand in a header: no line break, no NUL, no control, no lone surrogate."""
    text = text.strip()
    if _ONE_LINE.fullmatch(text):
        return text.replace("\t", " ")
    return _INVISIBLE.sub("", _BREAKS.sub(" ", text)).replace("\t", " ").strip()


def decoded(text: str) -> str:
    """Decode the encoded words of RFC 2047, wherever they stand and however they are broken."""
    if "=?" not in text:
        return text
    return one_line("".join(_decoded_pieces(text)))


def _decoded_pieces(text: str) -> Iterator[str]:
    """Neighbouring words of one charset are joined first: senders split characters between them."""
    end = 0
    waiting, label = b"", ""
    for word in _encoded_words(text):
        between = text[end : word.start]
        if waiting and (between.strip() or word.label != label):
            yield charset.decode(waiting, label)
            waiting = b""
        if not waiting and (between.strip() or not end):
            yield between
        waiting, label, end = waiting + word.data, word.label, word.end
    yield charset.decode(waiting, label)
    yield text[end:]


class _Word(NamedTuple):
    start: int
    end: int
    label: str
    data: bytes


def _encoded_words(text: str) -> Iterator[_Word]:
    """`=?charset?B?…?=` and `=?charset?Q?…?=`. Linear: the search never goes back."""
    at = text.find("=?")
    while at >= 0:
        label, _, rest = text[at + 2 : at + 80].partition("?")
        body = at + 2 + len(label) + 3
        if rest[1:2] != "?" or rest[0] not in "bBqQ":
            at = text.find("=?", at + 2)
            continue
        end = text.find("?=", body)
        if end < 0:
            return
        data = transfer.encoded_word(rest[0], text[body:end])
        yield _Word(at, end + 2, label.partition("*")[0].lower(), data)
        at = text.find("=?", end + 2)


def parameterised(text: str) -> Parameterised:
    """Read `value; name=value; …`, with the continuations and charsets of RFC 2231."""
    return _often_read(text) if len(text) <= _SHORT else _read(text)


def _read(text: str) -> Parameterised:
    value, semicolon, _ = text.partition(";")
    value = value.strip().lower()
    if not semicolon:
        return Parameterised(value, {})
    found: dict[str, str] = {}
    split: dict[str, list[tuple[int, bool, str]]] = {}
    for n, match in enumerate(_PARAMETER.finditer(text, text.index(";"))):
        if n == MAX_PARAMETERS:
            break
        name, quoted, bare = match[1].lower(), match[2], match[3]
        content = (bare or "").strip() if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
        if "*" in name and (part := _CONTINUED.fullmatch(name)):
            place = (int(part[2] or 0), bool(part[3]) or part[2] is None, content)
            split.setdefault(part[1], []).append(place)
        else:
            found.setdefault(name, content)
    for name, pieces in split.items():
        found[name] = _joined(pieces)
    return Parameterised(value, found)


_often_read = lru_cache(maxsize=512)(_read)
"""Most mails say `text/plain; charset=utf-8`."""


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    """The pieces of one parameter in order; those marked so are percent-encoded."""
    pieces.sort(key=lambda piece: piece[0])
    label, data = "", b""
    for n, (_, encoded, content) in enumerate(pieces):
        if encoded and n == 0 and content.count("'") >= 2:
            label, _, content = content.split("'", 2)  # noqa: PLW2901 -- the rest of the piece
        data += transfer.percent_decoded(content) if encoded else content.encode()
    return one_line(charset.decode(data, label))
