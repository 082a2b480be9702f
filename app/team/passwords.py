"""Passwords: hashed by Argon2id, in threads and a few at a time, since each takes 64 MiB."""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.errors import InvalidInput

SHORTEST: Final = 12
LONGEST: Final = 200
_AT_ONCE: Final = 2
_FEWEST_CHARACTERS: Final = 5
"""Different ones, so that it is not one key held down."""


class Passwords:
    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._nobody = ""

    async def hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether it is the one that was kept. The same work is done where none was."""
        if not self._nobody:
            self._nobody = await self.hash("nobody's password")
        async with self._turns:
            matches = await asyncio.to_thread(self._matches, kept or self._nobody, password)
        return matches and kept is not None

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False


def check_password(password: str, *, email: str = "", field: str = "password") -> None:
    """Raise `InvalidInput` for one that is easily guessed: length is what counts (NIST 800-63B)."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput(
            f"A password has {SHORTEST} to {LONGEST} characters.",
            field=field,
            fix="A few words in a row are easy to remember.",
        )
    if len(set(password)) < _FEWEST_CHARACTERS:
        raise InvalidInput("This password repeats itself too much.", field=field)
    name = email.partition("@")[0].lower()
    if email and password.lower() in {email.lower(), name * 2, name * 3}:
        raise InvalidInput("The password is made of the address.", field=field)
