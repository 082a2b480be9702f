"""The mail that proves an address to be ours: sent from it, to it, with a secret in it. Pure.

The secret stands in the subject: headers of our own, and even a Message-ID, are replaced by some
servers on the way.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

_MARK: Final = re.compile(r"\[sharedbox-proof ([0-9a-f]{32})\.([0-9a-f]{64})\]")


@dataclass(frozen=True, slots=True)
class Secret:
    identity_id: UUID
    secret: str

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.secret.encode()).digest()


def new_secret(identity_id: UUID) -> Secret:
    return Secret(identity_id, secrets.token_hex(32))


def subject(secret: Secret) -> str:
    return f"[sharedbox-proof {secret.identity_id.hex}.{secret.secret}]"


def text(address: str, account: str) -> str:
    return (
        f"An administrator wants to send mail from {address} by way of {account}.\n"
        "\n"
        "This mail was sent from that address to itself. Once it has come back, the address is\n"
        "offered wherever mail is written. There is nothing to do; the mail can be deleted.\n"
    )


def read(subject_: str) -> Secret | None:
    """The secret in a subject that is read, however servers have folded it."""
    found = _MARK.search(" ".join(subject_.split()))
    return Secret(UUID(hex=found[1]), found[2]) if found else None
