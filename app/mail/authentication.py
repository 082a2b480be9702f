"""What the receiving server found out about who sent a mail (RFC 8601). Pure.

Only the topmost `Authentication-Results` counts: the server that took the mail in puts its own on
top. Anybody may write one further down.
"""

import re
from dataclasses import dataclass
from typing import Final

from app.mail.headers import Headers

METHODS: Final = ("spf", "dkim", "dmarc")
_MOST_PIECES: Final = 50
_RESULT: Final = re.compile(r"\s*([a-z0-9-]{1,40})\s*(?:/\s*\d{1,3}\s*)?=\s*([a-z]{1,20})")

_SIGNER: Final = re.compile(r"\bheader\.(?:d|i)\s*=\s*(?:[^\s@;]{0,100}@)?([a-z0-9.-]{1,253})")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`results`: what each of `METHODS` came to, such as `pass`, `fail` or `none`."""

    server: str
    """Who says so, by its own name."""
    results: dict[str, str]


def verdict(top: Headers) -> Verdict | None:
    """None where no server on the way says anything."""
    if b"authentication-results" not in top:
        return None
    server, *pieces = without_comments(top.plain(b"authentication-results")).split(";")
    results: dict[str, str] = {}
    for piece in pieces[:_MOST_PIECES]:
        found = _RESULT.match(piece.lower())
        if found is None or found[1] not in METHODS:
            continue
        # A mail may bear several signatures; one that holds is enough.
        if results.get(found[1]) != "pass":
            results[found[1]] = found[2]
    return Verdict(server.split()[0] if server.split() else "", results)


def passed_domains(top: Headers) -> frozenset[str]:
    """The domains whose signature (DKIM) held, as the same server says."""
    if b"authentication-results" not in top:
        return frozenset()
    _, *pieces = without_comments(top.plain(b"authentication-results")).split(";")
    found: set[str] = set()
    for piece in pieces[:_MOST_PIECES]:
        result = _RESULT.match(piece.lower())
        if result is not None and (result[1], result[2]) == ("dkim", "pass"):
            found |= {one[1] for one in _SIGNER.finditer(piece.lower())}
    return frozenset(found)


def without_comments(text: str) -> str:
    """Without what stands in parentheses, however deep (RFC 5322 §3.2.2). Linear."""
    kept: list[str] = []
    depth, quoted, skip = 0, False, False
    for character in text:
        if skip:
            skip = False
        elif character == "\\":
            skip = True
            continue
        elif character == '"' and not depth:
            quoted = not quoted
        elif character == "(" and not quoted:
            depth += 1
            continue
        elif character == ")" and depth and not quoted:
            depth -= 1
            continue
        if not depth:
            kept.append(character)
    return "".join(kept)
