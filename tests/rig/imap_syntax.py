"""The syntax of IMAP commands, as far as a test server must read it (RFC 9051 §9)."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, TypeAlias

Words: TypeAlias = "list[str | Words]"

_WORD: Final = re.compile(
    r'\s*(?:(?P<open>\()|(?P<close>\))|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<atom>[^\s()"\[]*(?:\[[^\]]*\])?[^\s()"]*))'
)
LITERAL: Final = re.compile(rb"\{(\d+)(\+?)\}$")


def words_of(parts: Iterable[bytes | str]) -> Words:
    """Read a command's line, given as text between literals (`bytes`) and literals (`str`)."""
    top: Words = []
    stack = [top]
    for part in parts:
        if isinstance(part, str):
            stack[-1].append(part)
            continue
        for word in _WORD.finditer(part.decode("latin-1")):
            if word["open"]:
                inner: Words = []
                stack[-1].append(inner)
                stack.append(inner)
            elif word["close"]:
                stack.pop()
            elif word["quoted"] is not None:
                stack[-1].append(re.sub(r"\\(.)", r"\1", word["quoted"]))
            elif word["atom"]:
                stack[-1].append(word["atom"])
    return top


def text(word: "str | Words") -> str:
    """A word that must be no list."""
    assert isinstance(word, str)
    return word


def numbers_in(uid_set: str, highest: int) -> Iterator[range]:
    """The ranges of a set. `*` is the highest number there is, on either side (RFC 9051 §9)."""
    for part in uid_set.split(","):
        first, _, last = part.partition(":")
        ends = [highest if end == "*" else int(end) for end in (first, last or first)]
        yield range(min(ends), max(ends) + 1)


def is_in(number: int, uid_set: str, highest: int) -> bool:
    return any(number in some for some in numbers_in(uid_set, highest))


def quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def internaldate(moment: datetime) -> str:
    return f'"{moment.strftime("%d-%b-%Y %H:%M:%S %z")}"'


def literal(data: bytes) -> bytes:
    return b"{%d}\r\n%s" % (len(data), data)
