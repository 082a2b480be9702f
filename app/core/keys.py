"""API keys: `sbx_` + a public prefix + `_` + 256 random bits. Pure but for the randomness."""

import secrets
from dataclasses import dataclass
from typing import Final

from app.core.crypto import digest, new_secret

_MARK: Final = "sbx"
_PREFIX_BYTES: Final = 6


@dataclass(frozen=True, slots=True)
class NewKey:
    """`text` is shown once; `prefix` and `digest` are what is stored."""

    text: str
    prefix: str
    digest: bytes


def new_key() -> NewKey:
    prefix = secrets.token_hex(_PREFIX_BYTES)
    text = f"{_MARK}_{prefix}_{new_secret()}"
    return NewKey(text, prefix, digest(text))


def prefix_of(text: str) -> str | None:
    """The public prefix of a key; None where it is not one of ours."""
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != _MARK or not parts[2]:
        return None
    return parts[1]
