"""Where a link really leads, told wherever its words do not. Pure.

A name in other letters looks like one that people trust (`аpple.com` with a Cyrillic а), a name
before an @ is no host at all (`https://bank.example@evil.example`), and the words of a link may be
any address but its own.
"""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

LONGEST: Final = 300
"""Of a host, in characters, that is told."""
_MAX_WORDS: Final = 2_000
_HOST_IN_WORDS: Final = re.compile(
    r"(?<![\w.@-])(?:https?://)?((?:[\w-]{1,63}+\.){1,8}+[^\W\d_]{2,24}+)(?![\w@-])", re.IGNORECASE
)
_ADDRESS_IN_WORDS: Final = re.compile(r"[\w.+-]{1,64}+@([\w-]{1,63}+(?:\.[\w-]{1,63}+){1,8}+)")
_NUMBERS: Final = re.compile(r"[\d.]+|0x[\da-f.x]+|\[.*\]", re.IGNORECASE)
_FILES: Final = frozenset({"pdf", "doc", "docx", "xls", "xlsx", "zip", "txt", "html", "htm", "png",
                           "jpg", "jpeg", "csv", "js", "md", "py", "eml"})  # fmt: skip
"""Endings of files, which are no hosts."""
IN_TEXT: Final = re.compile(r"https?://[^\s<>\"'()\[\]{}|\\^`]{1,2000}+", re.IGNORECASE)


def to_be_told(words: str, address: str) -> str:
    """The host that somebody who follows the link has to know; empty where its words say it."""
    kind, _, rest = address.strip().partition(":")
    if kind.lower() == "mailto":
        return _other_recipient(words[:_MAX_WORDS], unquote(rest.partition("?")[0]))
    if kind.lower() not in {"http", "https"}:
        return ""
    host, is_disguised = _host(address.strip())
    if not host:
        return address.strip()[:LONGEST]
    plain = readable(host)
    if is_disguised or plain != host or _NUMBERS.fullmatch(host):
        return plain if plain == host else f"{plain}, that is {host}"
    named = [_bare(one) for one in _HOST_IN_WORDS.findall(words[:_MAX_WORDS])]
    named = [one for one in named if one.rpartition(".")[2] not in _FILES]
    return "" if all(_same(one, _bare(host)) for one in named) else host


def readable(host: str) -> str:
    """A host in the letters that it looks like to people; the same where it is plain."""
    try:
        return host.encode("ascii").decode("idna")
    except UnicodeError:
        return host


def _host(address: str) -> tuple[str, bool]:
    """In ASCII, as the browser would call it, and whether something before it hides it."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return "", True
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return "", True
    return host[:LONGEST], "@" in parts.netloc or "\\" in address


def _bare(host: str) -> str:
    return host.lower().removeprefix("www.")


def _same(named: str, host: str) -> bool:
    """Whether one is the other, or lies within it."""
    return named == host or host.endswith(f".{named}") or named.endswith(f".{host}")


def _other_recipient(words: str, address: str) -> str:
    found = _ADDRESS_IN_WORDS.search(words)
    is_other = found is not None and found[0].lower() != address.strip().lower()
    return address.strip()[:LONGEST] if is_other else ""
