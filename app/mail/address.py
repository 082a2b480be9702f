"""The people of a mail: From, To, Cc, Reply-To.

One pass over the header, left to right, that never goes back: quotes, comments and angle brackets
that are never closed are read as ordinary characters from the first such one on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.mail import headers

MAX_ADDRESSES: Final = 1_000
"""Of one header field."""
MAX_NAME: Final = 256
MAX_ADDRESS: Final = 320
"""64 for the local part, one, 255 for the domain."""

_SIMPLE: Final = re.compile(r"(?:([^\"<>(),:;@\\]*)<)?([^\"<>(),:;@\\\s]+@[^\"<>(),:;@\\\s]+)>?")
_TOKEN: Final = re.compile(r'["(<,:;]|[^"(<,:;]+')
_QUOTED: Final = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)
_MAX_GROUP_WORDS: Final = 8

_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_PARENTHESIS: Final = re.compile(r"[()]")
_COMMENT_IN_ADDRESS: Final = re.compile(r"\([^()]*\)")


_WORD: Final = r"[^\s@<>,;:\"()\[\]\\\x00-\x1f\x7f]"
_PLAIN: Final = re.compile(rf"{_WORD}{{1,64}}@{_WORD}{{1,255}}")


@dataclass(frozen=True, slots=True)
class Address:
    """Either may be empty: a name without an address cannot be answered, but can be shown."""

    name: str
    address: str

    def __str__(self) -> str:
        if not (self.name and self.address):
            return self.name or self.address
        return f"{self.name} <{self.address}>"


def addresses(text: str) -> tuple[Address, ...]:
    """Everybody in a header field, given as one line with its encoded words still in it."""
    if len(text) <= MAX_NAME and (simple := _SIMPLE.fullmatch(text)):
        return tuple(_checked(simple[1] or "", simple[2]))
    found = []
    for address in _Reader(text).read():
        found.append(address)
        if len(found) == MAX_ADDRESSES:
            break
    return tuple(found)


class _Reader:
    """Collects the pieces of one address until a comma or semicolon ends it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._unclosed: set[str] = set()
        self._last_semicolon = text.rfind(";")
        self._forget()

    def _forget(self) -> None:
        self._words: list[str] = []
        self._comments: list[str] = []
        self._angle: str | None = None
        self._quoted = False

    def read(self) -> Iterator[Address]:
        at = 0
        while token := _TOKEN.match(self._text, at):
            character, at = token[0], token.end()
            if character in {",", ";"}:
                yield from self._finished()
            elif character == ":":
                self._colon(token.start())
            elif character in _OPENERS:
                at = self._opened(character, token.start())
            else:
                self._words.append(character)
        yield from self._finished()

    def _colon(self, at: int) -> None:
        """What stands before the colon of `Team: a@x, b@y;` names a group, not a person."""
        so_far = "".join(self._words).strip() if len(self._words) < _MAX_GROUP_WORDS else "@"
        if so_far.lower() == "mailto" or (at < self._last_semicolon and "@" not in so_far):
            self._forget()
        else:
            self._words.append(":")

    def _opened(self, character: str, at: int) -> int:
        """Read to the closing character; answers where to go on."""
        if character in self._unclosed:
            return at + 1
        end = _OPENERS[character](self, at)
        if end is None:
            self._unclosed.add(character)
            return at + 1
        return end

    def quote(self, at: int) -> int | None:
        match = _QUOTED.match(self._text, at)
        if match is None:
            return None
        content = _QUOTED_PAIR.sub(r"\1", match[1])
        if self._text[match.end() : match.end() + 1] == "@":
            self._quoted = True
            content = match[0]
        self._words.append(content)
        return match.end()

    def comment(self, at: int) -> int | None:
        depth = 0
        for match in _PARENTHESIS.finditer(self._text, at):
            depth += 1 if match[0] == "(" else -1
            if depth == 0:
                self._comments.append(self._text[at + 1 : match.start()])
                return match.end()
        return None

    def brackets(self, at: int) -> int | None:
        end = self._text.find(">", at)
        if end < 0:
            return None
        another = self._text.find("<", at + 1, end)
        comma = self._text.find(",", at + 1, another) if another >= 0 else -1
        content = self._text[at + 1 : end if comma < 0 else comma]
        if self._angle is None or "@" in content:
            self._angle = content
        return end + 1 if comma < 0 else comma

    def _finished(self) -> Iterator[Address]:
        words = "".join(self._words).strip()
        comments = " ".join(self._comments).strip()
        angle, quoted = self._angle, self._quoted
        self._forget()
        if angle is not None:
            yield from _checked(words or comments, _route_removed(angle))
        elif quoted:
            yield from _checked(comments, words)
        elif "@" in words:
            yield from _checked(*_bare(words, comments))
        elif words:
            yield from _checked(words, "")


_OPENERS: Final = {'"': _Reader.quote, "(": _Reader.comment, "<": _Reader.brackets}


def _bare(words: str, comments: str) -> tuple[str, str]:
    """`joe@example.com (Joe)`, or an address among words without brackets around it."""
    pieces = " ".join(words.split()).replace(" @ ", "@").replace(" . ", ".").split(" ")
    at = next(n for n, piece in enumerate(pieces) if "@" in piece)
    around = " ".join(pieces[:at] + pieces[at + 1 :])
    return around or comments, pieces[at].strip("<>")


def _route_removed(angle: str) -> str:
    """`<@relay.example:joe@example.com>` (RFC 5322 §4.4), blanks and comments."""
    address = _COMMENT_IN_ADDRESS.sub("", angle)
    if address.lstrip().startswith("@") and ":" in address:
        address = address.rpartition(":")[2]
    if address[:7].lower() == "mailto:":
        address = address[7:]
    return "".join(address.split()).lstrip("<")


def _checked(name: str, address: str) -> Iterator[Address]:
    name = " ".join(headers.decoded(name).split()).strip("\"'>")
    if "=?" in address:
        address = "".join(headers.decoded(address).split())
    if len(address) > MAX_ADDRESS:
        name, address = name or address, ""
    if name == address:
        name = ""
    if name or address:
        yield Address(name[:MAX_NAME].strip(), address)


def is_plain(text: str) -> bool:
    """Whether it is one address as people type it, `name@example.com`, and nothing else."""
    return _PLAIN.fullmatch(text) is not None
