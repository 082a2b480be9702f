"""The second factor: codes of an authenticator app (RFC 6238), and recovery codes for its loss."""

import secrets
from datetime import datetime
from typing import Final

import pyotp

from app.core.crypto import digest

ISSUER: Final = "SharedBox"
RECOVERY_CODES: Final = 10
_STEP_SECONDS: Final = 30
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is mistaken for something else."""
_GROUPS, _GROUP = 3, 5


def new_secret() -> str:
    """In Base32, as authenticator apps take it."""
    return pyotp.random_base32()


def address_for_apps(secret: str, email: str) -> str:
    """What the QR code says."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def step_of(secret: str, code: str, *, now: datetime, after: int) -> int | None:
    """The step that a code is of, if it is right and newer than the last one that was used.

    A step to either side is taken as well, for clocks that differ.
    """
    code = "".join(code.split())
    if not (code.isascii() and code.isdecimal() and len(code) == 6):
        return None
    totp, this = pyotp.TOTP(secret), int(now.timestamp()) // _STEP_SECONDS
    for step in (this, this - 1, this + 1):
        if secrets.compare_digest(totp.generate_otp(step), code):
            return step if step > after else None
    return None


def new_recovery_codes() -> list[str]:
    """Each with more than 70 bits, so that one digest is all it needs."""
    return ["-".join(_group() for _ in range(_GROUPS)) for _ in range(RECOVERY_CODES)]


def digest_of(code: str) -> bytes:
    """However it is typed: capitals, spaces and hyphens do not count."""
    return digest("".join(one for one in code.lower() if one in _ALPHABET))


def _group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP))
