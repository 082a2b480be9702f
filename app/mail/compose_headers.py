"""Writing header fields: the one place where text of ours becomes the header of a mail.

Every field is made here, byte by byte, from text that was checked to be one line. The standard
library's folding is not used: releases of Python 3.11 and 3.12 that are still about let an encoded
word smuggle a line break into the header (CVE-2024-6923), and all of them break a Message-ID that
is longer than a line.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from app.core.errors import InvalidInput
from app.mail.address import Address
from app.mail.headers import one_line

LINE: Final = 76
"""Where lines are folded, where they can be (RFC 5322 §2.1.1 wants 78)."""
LONGEST_LINE: Final = 998
LONGEST_ADDRESS: Final = 254
LONGEST_LOCAL_PART: Final = 64
_LONGEST_WORD: Final = 400
"""A longer run of ASCII without a blank is sent as encoded words, which can be folded."""
_WORD_BYTES: Final = 45
"""Of UTF-8 in one encoded word: 60 characters of Base64 and 12 around them."""

_BREAKING: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ATOM: Final = r"[^\s\x00-\x20\x7f-\x9f()<>\[\]:;@\\,.\"\u2028\u2029\ud800-\udfff]+"
_DOT_ATOM: Final = rf"{_ATOM}(?:\.{_ATOM})*"
_LOCAL: Final = re.compile(
    _DOT_ATOM + r'|"(?:[^"\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|\\[ -~])+"'
)
_DOMAIN: Final = re.compile(
    r"(?=.{1,253}\Z)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_DOMAIN_LITERAL: Final = re.compile(r"\[[0-9A-Fa-f.:]{2,45}\]|\[IPv6:[0-9A-Fa-f.:]{2,45}\]")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_QUOTABLE: Final = re.compile(r"[ -~]+")
_ID: Final = re.compile(r"[!-;=?-~]{1,500}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$&+^_`{}|~.-]+")
_Q_SAFE: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")


def check_line(field: str, text: str) -> str:
    """Text that somebody typed and that is to stand in a header. Raises `InvalidInput`."""
    if _BREAKING.search(text):
        raise InvalidInput(
            f"The {field} holds a line break or a control character.",
            field=field,
            fix="Write it on one line.",
        )
    return " ".join(text.split())


def check_address(field: str, address: Address) -> Address:
    """An address that mail can be sent to or from, its domain in ASCII. Raises `InvalidInput`."""
    name = check_line(field, address.name)
    if _BREAKING.search(address.address):
        raise InvalidInput("An address holds a line break or a control character.", field=field)
    local, at, domain = address.address.strip().rpartition("@")
    ascii_domain = _ascii_domain(domain)
    whole = f"{local}@{ascii_domain}"
    is_too_long = len(local.encode()) > LONGEST_LOCAL_PART or len(whole.encode()) > LONGEST_ADDRESS
    if not (at and _LOCAL.fullmatch(local) and ascii_domain) or is_too_long:
        raise InvalidInput(
            f"“{one_line(address.address)[:100]}” is no mail address.",
            field=field,
            fix="Write it like name@example.com.",
        )
    return Address(name, whole)


def _ascii_domain(domain: str) -> str:
    """The domain as DNS knows it; empty where it is none."""
    if _DOMAIN_LITERAL.fullmatch(domain):
        return domain
    try:
        name = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        return ""
    return name if _DOMAIN.fullmatch(name) else ""


def unstructured(name: str, text: str) -> bytes:
    """A field of free text, such as Subject."""
    return _field(name, _folded(name, _words_of_text(check_line(name, text))))


def people(name: str, addresses: Sequence[Address]) -> bytes:
    """A field of addresses. One beyond ASCII is written in UTF-8, which takes SMTPUTF8."""
    pieces: list[str] = []
    for n, address in enumerate(addresses):
        checked = check_address(name, address)
        comma = "," if n + 1 < len(addresses) else ""
        if checked.name:
            pieces += [*_name_words(checked.name), f"<{checked.address}>{comma}"]
        else:
            pieces.append(f"{checked.address}{comma}")
    return _field(name, _folded(name, pieces))


def message_ids(name: str, ids: Iterable[str]) -> bytes:
    """A field of Message-IDs, each whole on its line: one that is broken is one that is lost."""
    kept = [f"<{id_}>" for id_ in ids if is_message_id(id_)]
    return _field(name, _folded(name, kept)) if kept else b""


def is_message_id(text: str) -> bool:
    """Whether this can stand in a header as a Message-ID, without its angle brackets."""
    return _ID.fullmatch(text) is not None


def parameterised(name: str, value: str, parameters: Mapping[str, str]) -> bytes:
    """A field such as Content-Type. What is no plain ASCII goes by RFC 2231, cut where needed."""
    pieces = [f"{value};" if parameters else value]
    written = [piece for key, text in parameters.items() for piece in _parameter(key, text)]
    pieces += [f"{piece};" for piece in written[:-1]] + written[-1:]
    return _field(name, _folded(name, pieces))


def _field(name: str, value: str) -> bytes:
    return f"{name}: {value}\r\n".encode()


def _folded(name: str, pieces: Iterable[str]) -> str:
    """The pieces with blanks between them, a line break before the blank where a line is full."""
    lines = [""]
    room = LINE - len(name) - 2
    for piece in pieces:
        if lines[-1] and len(lines[-1]) + 1 + len(piece.encode()) > room:
            lines.append("")
            room = LINE - 1
        lines[-1] += f" {piece}" if lines[-1] else piece
    return "\r\n ".join(lines)


def _words_of_text(text: str) -> Iterator[str]:
    """The words as they are, or as encoded words from the first to the last that needs it."""
    words = text.split(" ")
    strange = [n for n, word in enumerate(words) if _needs_encoding(word)]
    if not strange:
        yield from words
        return
    first, last = strange[0], strange[-1] + 1
    yield from words[:first]
    yield from _encoded_words(" ".join(words[first:last]))
    yield from words[last:]


def _needs_encoding(word: str) -> bool:
    """Whatever could be taken for an encoded word is encoded, so that it is read as it stands."""
    return not word.isascii() or "=?" in word or "?=" in word or len(word) > _LONGEST_WORD


def _name_words(name: str) -> Iterator[str]:
    if any(_needs_encoding(word) for word in name.split(" ")):
        yield from _encoded_words(name)
    elif _PLAIN_NAME.fullmatch(name) or not _QUOTABLE.fullmatch(name):
        yield from name.split(" ")
    else:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        yield from f'"{quoted}"'.split(" ")


def _encoded_words(text: str) -> Iterator[str]:
    """RFC 2047, in UTF-8, cut between characters; Q where it is the shorter one."""
    chunk = b""
    for character in text:
        encoded = character.encode()
        if len(chunk) + len(encoded) > _WORD_BYTES:
            yield _encoded_word(chunk)
            chunk = b""
        chunk += encoded
    yield _encoded_word(chunk)


def _encoded_word(chunk: bytes) -> str:
    q = "".join(
        chr(byte) if byte in _Q_SAFE else "_" if byte == 0x20 else f"={byte:02X}" for byte in chunk
    )
    b = base64.b64encode(chunk).decode()
    return f"=?utf-8?q?{q}?=" if len(q) <= len(b) else f"=?utf-8?b?{b}?="


def _parameter(key: str, text: str) -> Iterator[str]:
    text = check_line(key, text)
    if text.isascii() and len(text) <= LINE - len(key) - 8:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        yield f"{key}={text}" if _TOKEN.fullmatch(text) else f'{key}="{quoted}"'
        return
    encoded = quote(text, safe="!#$&+^_`{}|~.-")
    room = LINE - len(key) - 12
    if len(encoded) + len("utf-8''") <= room:
        yield f"{key}*=utf-8''{encoded}"
        return
    for n, piece in enumerate(_cut_percent(f"utf-8''{encoded}", room)):
        yield f"{key}*{n}*={piece}"


def _cut_percent(text: str, size: int) -> Iterator[str]:
    """Pieces of at most `size` characters; no `%41` is cut in two."""
    at = 0
    while at < len(text):
        end = min(at + size, len(text))
        if end < len(text):
            while "%" in text[end - 2 : end]:
                end -= 1
        yield text[at:end]
        at = end
