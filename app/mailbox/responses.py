"""Responses as they come off the wire, read without IMAPClient. Pure.

For the one exchange that every idle connection has all the time (`glance.py`), and for what servers
tell without being asked. What is read here is short, and in a form that all servers keep to.
"""

import imaplib
import re
from collections.abc import Iterable, Sequence
from typing import Final

LONGEST: Final = 250_000
"""In bytes, of one response with all its literals, and of all that is heard in one glance: the
event loop itself reads it, and everybody waits for as long as there is more."""
_MOST_LITERALS: Final = 20
"""In one response: it is read from its beginning whenever more of it has come."""
NEWS: Final = ("EXISTS", "EXPUNGE", "FETCH", "VANISHED")
"""What a server says of the open folder when something changes in it."""

_LITERAL: Final = re.compile(rb"\{(\d+)\+?\}\r\n$")
_NAME: Final = re.compile(rb'(?P<quoted>"(?:[^"\\]|\\.)*")|\{\d+\+?\}\r\n|(?P<atom>[^ (]+)')
_ESCAPED: Final = re.compile(rb"\\(.)")
# The longest number there is has nineteen digits (RFC 7162), and Python reads no endless ones.
_NUMBER: Final = re.compile(rb"\b([A-Z]+) (\d{1,19})\b")
_CODE: Final = re.compile(rb"OK \[([A-Z]+) (\d{1,19})\]", re.IGNORECASE)
_COUNTED: Final = re.compile(rb"(\d{1,19}) ([A-Z]+)", re.IGNORECASE)


def take(heard: bytearray) -> bytes | None:
    """Take the next whole response, its literals included; None where more is to come.

    Raises `imaplib.IMAP4.abort` where it has no end.
    """
    end = literals = 0
    while (end := heard.find(b"\r\n", end) + 2) != 1:
        literal = _LITERAL.search(heard, max(0, end - 16), end)
        if literal is None:
            response = bytes(heard[:end])
            del heard[:end]
            return response
        end += int(literal[1])
        literals += 1
        if literals >= _MOST_LITERALS:
            raise imaplib.IMAP4.abort(f"the server sent a response of {literals} literals")
        if end > LONGEST:
            break
    if max(end, len(heard)) > LONGEST:
        raise imaplib.IMAP4.abort(f"the server sent a response of more than {LONGEST} bytes")
    return None


def status(said: bytes) -> tuple[bytes, dict[bytes, int]] | None:
    """Of which folder a STATUS speaks and what it says, given what follows the word itself.

    The name is as the server knows it. None where this makes no sense.
    """
    found = _NAME.match(said)
    if found is None:
        return None
    end = found.end()
    if found["quoted"] is not None:
        name = _ESCAPED.sub(rb"\1", found["quoted"][1:-1])
    elif found["atom"] is not None:
        name = found["atom"]
    else:
        end += int(found[0].strip(b"{+}\r\n"))
        name = said[found.end() : end]
    return name, {key: int(number) for key, number in _NUMBER.findall(said.upper(), end)}


def lines(pieces: Iterable[bytes | tuple[bytes, bytes]]) -> list[bytes]:
    """What imaplib has collected of one kind, which cuts each literal out of its line."""
    whole, before = [], b""
    for piece in pieces:
        if isinstance(piece, tuple):
            before += piece[0] + b"\r\n" + piece[1]
        else:
            whole.append(before + piece)
            before = b""
    return whole


def of_folder(name: bytes, told: Sequence[bytes]) -> tuple[dict[bytes, int], list[bytes]]:
    """What STATUS said of a folder that was asked about, and what it said of others meanwhile.

    Where the folder's name comes back in a way that we do not know, the last one is its answer.
    """
    read = [(line, said) for line in told if (said := status(line)) is not None]
    own = [said for _, said in read if is_same_folder(said[0], name)]
    if own:
        return own[-1][1], [line for line, said in read if not is_same_folder(said[0], name)]
    return read[-1][1][1] if read else {}, [line for line, _ in read[:-1]]


def quoted(name: bytes) -> bytes:
    """A name as an argument of a command."""
    return b'"%s"' % name.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def is_same_folder(one: bytes, other: bytes) -> bool:
    """INBOX is the same however it is written (RFC 3501 §5.1)."""
    return one == other or one.upper() == other.upper() == b"INBOX"


def selected(said: bytes) -> tuple[bytes, int] | None:
    """One number of what SELECT says, by its name, given a response without its asterisk."""
    if (code := _CODE.match(said)) is not None:
        return code[1].upper(), int(code[2])
    counted = _COUNTED.match(said)
    return (counted[2].upper(), int(counted[1])) if counted is not None else None


def news(said: bytes) -> str | None:
    """The kind of change of which a response tells, given without its asterisk."""
    word = said.partition(b" ")[2] if said[:1].isdigit() else said
    kind = word.split(None, 1)[0].decode("ascii", "replace").upper() if word.strip() else ""
    return kind if kind in NEWS else None
