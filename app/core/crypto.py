"""Secrets at rest: encrypted with Fernet, and keys that can be rotated.

The first key encrypts; every key decrypts. Where the operator gives none, one is made and kept
beside the data, readable by its owner alone, so that a first start is as safe as a tenth.
"""

import fcntl
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.core.errors import InvalidInput, SharedBoxError


class SecretUnreadable(SharedBoxError):
    """A stored secret was encrypted with a key we were not given."""


class Vault:
    """Encrypts and decrypts credentials. `keys` are Fernet keys (32 bytes, URL-safe base64).

    Raises `InvalidInput` for anything else.
    """

    def __init__(self, keys: list[str]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise InvalidInput(
                "SHAREDBOX_SECRET_KEYS holds something that is not a key.",
                field="SHAREDBOX_SECRET_KEYS",
                fix="Make keys with “sharedbox secrets new”, and part them by commas.",
            ) from None

    def seal(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def reseal(self, sealed: bytes, *, of: str) -> bytes:
        """The same secret, encrypted with the first key. `of` says whose it is."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken:
            raise SecretUnreadable(
                f"{of}: the stored credential was encrypted with a key that is not in "
                "SHAREDBOX_SECRET_KEYS."
            ) from None

    def open(self, sealed: bytes) -> str:
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise SecretUnreadable(
                "A stored credential cannot be decrypted.",
                fix="Start SharedBox with the SHAREDBOX_SECRET_KEYS it was stored with.",
            ) from None


def keys_beside(data_dir: Path) -> list[str]:
    """The keys kept in the data folder; made at the first call."""
    path = data_dir / "secret.key"
    data_dir.mkdir(parents=True, exist_ok=True)
    keys = path.read_text().split() if path.exists() else []
    return keys or _make_key(path)


def _make_key(path: Path) -> list[str]:
    """Make the key unless somebody was faster: web and worker may start at the same moment."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        keys = file.read().split()
        if not keys:
            keys = [Fernet.generate_key().decode()]
            file.write(keys[0] + "\n")
            file.flush()
            os.fsync(file.fileno())
        return keys


def new_secret() -> str:
    """A random secret of 256 bits, safe in URLs and headers."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What we store of a random secret. It has 256 bits, so one SHA-256 is all it needs."""
    return hashlib.sha256(secret.encode()).digest()


def same(left: bytes, right: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left, right)
