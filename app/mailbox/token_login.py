"""Logging in with an access token instead of a password: OAUTHBEARER (RFC 7628) and XOAUTH2.

Both say the same in one line. A server that refuses it does so by a challenge that holds JSON,
which wants an answer before the refusal itself comes. Pure: IMAP and SMTP both carry it.
"""

import json
import re
from collections.abc import Collection
from typing import Any, Final

from app.mailbox.errors import UnsafeArgument

_MECHANISMS: Final = ("OAUTHBEARER", "XOAUTH2")
"""The standard first. Exchange offers the second one only, Gmail both."""
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]+")
_STATUS: Final = {
    "400": "it does not understand this token",
    "401": "it does not accept this token (any more)",
    "403": "the token does not allow this",
    "invalid_token": "it does not accept this token (any more)",
    "invalid_request": "it does not understand this token",
    "insufficient_scope": "the token does not allow mail",
}


def choose(offered: Collection[str]) -> str | None:
    """The mechanism to use with a server that offers these; None where it knows no tokens."""
    names = {one.upper().removeprefix("AUTH=") for one in offered}
    return next((one for one in _MECHANISMS if one in names), None)


class TokenLogin:
    """One login. Call it with each challenge; `said` is why the server refused, in words."""

    def __init__(self, mechanism: str, *, user: str, token: str, host: str, port: int) -> None:
        """Raises `UnsafeArgument` for what would break out of its field."""
        if _UNSAFE.search(user) or _UNSAFE.search(token) or not token.isascii():
            raise UnsafeArgument("A user name or a token with control characters cannot be sent.")
        self.mechanism = mechanism
        self.said = ""
        self._is_standard = mechanism == "OAUTHBEARER"
        if self._is_standard:
            who = user.replace("=", "=3D").replace(",", "=2C")
            text = f"n,a={who},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01"
        else:
            text = f"user={user}\x01auth=Bearer {token}\x01\x01"
        self.first: Final = text.encode()

    def __call__(self, challenge: bytes) -> bytes:
        if not challenge.strip():
            return self.first
        self.said = in_words(challenge)
        return b"\x01" if self._is_standard else b""


def in_words(challenge: bytes) -> str:
    """What the JSON of a refusal means (RFC 7628 §3.2.2)."""
    try:
        told = json.loads(challenge.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return ""
    if not isinstance(told, dict):
        return ""
    status = _text(told.get("status"))
    words = _STATUS.get(status) or (f"it answered {status}" if status else "")
    if scope := _text(told.get("scope")):
        words = f"{words}; it wants the scope {scope}".removeprefix("; ")
    return words


def _text(value: Any) -> str:  # noqa: ANN401 -- whatever JSON can say
    return _CONTROLS.sub(" ", value).strip()[:200] if isinstance(value, str) else ""
