"""API keys: `sbx_` + a public prefix + `_` + 256 random bits. Pure but for the randomness."""

import re
import secrets
from dataclasses import dataclass
from typing import Final

from app.core.crypto import digest, new_secret

_MARK: Final = "sbx"
_PREFIX_BYTES: Final = 6
_KEY: Final = re.compile(rf"{_MARK}_([0-9a-f]{{{2 * _PREFIX_BYTES}}})_[A-Za-z0-9_-]{{1,100}}")


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
    ours = _KEY.fullmatch(text)
    return ours[1] if ours else None
