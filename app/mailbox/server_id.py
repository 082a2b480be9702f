"""Telling a server who we are, and hearing who it is (RFC 2971)."""

import imaplib
from importlib.metadata import version
from typing import Any, Final, Protocol

_OURS: Final = {"name": "SharedBox", "version": version("sharedbox")}


class Speaks(Protocol):
    """IMAPClient, as far as it is needed here."""

    def has_capability(self, capability: str) -> bool: ...
    def id_(self, parameters: dict[str, str]) -> Any: ...  # noqa: ANN401 -- parsed by IMAPClient


def introduce(client: Speaks) -> dict[str, str]:
    """What the server answers to our name; nothing where it will not say.

    Some open no folder for who has not given a name, so it is given wherever it can be.
    """
    if not client.has_capability("ID"):
        return {}
    try:
        answer = client.id_(_OURS)
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, ValueError):
        return {}
    return _fields(answer)


def _fields(answer: Any) -> dict[str, str]:  # noqa: ANN401 -- whatever the server says
    """`((b"name", b"Dovecot", …),)` as a mapping."""
    if not answer or not isinstance(answer[0], tuple):
        return {}
    words = [one.decode("utf-8", "replace") if isinstance(one, bytes) else "" for one in answer[0]]
    return dict(zip(map(str.lower, words[::2]), words[1::2], strict=False))
