"""Content-Transfer-Encodings, decoded without ever refusing: what is no code is left out."""

import binascii
import re
from typing import Final
from urllib.parse import unquote_to_bytes

_NOT_BASE64: Final = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)
_MAX_BASE64_PIECES: Final = 10_000
_UU_BEGIN: Final = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]*)\r?\n", re.MULTILINE)
_UU_NAMES: Final = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})


def decode(data: bytes, encoding: str) -> bytes:
    """The bytes that were meant; an encoding that nobody knows means the bytes as they are."""
    if encoding == "base64":
        return base64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding in _UU_NAMES:
        return uuencoded(data)
    return data


def decoded_size(data: bytes, start: int, end: int, encoding: str) -> int:
    """How many bytes `decode` will make of `data[start:end]`, found without decoding.

    Exact for base64 and quoted-printable as software writes them; near it for the rest.
    """
    length = end - start
    if encoding == "base64":
        return _base64_size(data, start, end)
    if encoding == "quoted-printable":
        soft = data.count(b"=\n", start, end) * 2 + data.count(b"=\r\n", start, end) * 3
        breaks = data.count(b"=\n", start, end) + data.count(b"=\r\n", start, end)
        return length - soft - 2 * (data.count(b"=", start, end) - breaks)
    if encoding in _UU_NAMES:
        return length * 45 // 62
    return length


def _base64_size(data: bytes, start: int, end: int) -> int:
    """Every line but the last is as long as the first; one look tells whether that is so."""
    while end > start and data[end - 1] in b"\r\n\t =":
        end -= 1
    newline = data.find(b"\n", start, end)
    if newline < 0:
        return (end - start) * 3 // 4
    line = newline + 1 - start
    line_end = 2 if data[newline - 1 : newline] == b"\r" else 1
    full_lines = (end - start) // line
    last = start + full_lines * line - 1
    if data[last] != 0x0A:
        breaks = data.count(b"\n", start, end) + data.count(b"\r", start, end)
        return (end - start - breaks) * 3 // 4
    return (end - start - full_lines * line_end) * 3 // 4


def base64(data: bytes) -> bytes:
    """Base64 with junk in it, without its padding, or several pieces one after the other."""
    stripped = data.rstrip(b"\r\n\t =")
    if b"=" not in stripped:
        return _base64_piece(stripped)
    clean = data.translate(None, delete=_NOT_BASE64)
    pieces = clean.split(b"=", _MAX_BASE64_PIECES)
    return b"".join(_base64_piece(piece) for piece in pieces if piece)


def _base64_piece(data: bytes) -> bytes:
    try:
        return binascii.a2b_base64(data + b"==")
    except binascii.Error:
        clean = data.translate(None, delete=_NOT_BASE64 + b"=")
        whole = clean[: len(clean) - (len(clean) % 4 == 1)]
        return binascii.a2b_base64(whole + b"==")


def uuencoded(data: bytes) -> bytes:
    """The lines between `begin` and `end`, or all lines where there is no `begin`."""
    begin = _UU_BEGIN.search(data)
    lines = data[begin.end() if begin else 0 :].split(b"\n")
    out = []
    for line in lines:
        if line.strip() in {b"end", b"`"}:
            break
        out.append(_uu_line(line.rstrip(b"\r")))
    return b"".join(out)


def _uu_line(line: bytes) -> bytes:
    """One line; what trails behind its stated length is left out, as some encoders add it."""
    if not line:
        return b""
    stated = (((line[0] - 32) & 63) * 4 + 5) // 3
    try:
        return binascii.a2b_uu(line[:stated])
    except binascii.Error:
        return b""


def encoded_word(kind: str, content: str) -> bytes:
    """The bytes of an encoded word (RFC 2047 §4)."""
    data = content.encode(errors="replace")
    if kind in "bB":
        return base64(data)
    return binascii.a2b_qp(data.replace(b" ", b"_"), header=True)


def percent_decoded(content: str) -> bytes:
    return unquote_to_bytes(content)
