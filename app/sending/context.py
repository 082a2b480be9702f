"""What it takes to write and to send mail."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.core.config import Settings
from app.core.crypto import Vault
from app.mailbox.port import AccessTokens, Sasl, Security, ServerSpec
from app.outside.http import OutsideHTTP
from app.sending.port import Reader, Refused, Transport
from app.store.blobs import Blobs
from app.store.models import Account
from app.store.unit_of_work import Store

MOST_UNDO_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class Writing:
    """For those who ask for mail to be sent. No network but the blob store's."""

    store: Store
    blobs: Blobs
    undo_seconds: int
    largest_mail: int
    """In bytes, as it travels."""


def writing_of(store: Store, blobs: Blobs, settings: Settings) -> Writing:
    return Writing(
        store=store,
        blobs=blobs,
        undo_seconds=settings.undo_seconds,
        largest_mail=settings.max_sent_bytes,
    )


@dataclass(frozen=True, slots=True)
class Sending:
    """For the worker that sends it."""

    store: Store
    blobs: Blobs
    transport: Transport
    reader: Reader
    outside: OutsideHTTP
    vault: Vault
    sends_per_hour: int
    """Of an account that says nothing else."""
    tokens: AccessTokens | None = None
    """For accounts that are opened without a password."""

    def server(self, account: Account) -> ServerSpec:
        """Without the token, where it takes one. Raises `Refused` without a server to send by."""
        if not (account.smtp_host and account.smtp_port and account.smtp_security):
            raise Refused(
                f"{account.address} has no server to send by.",
                fix="Give the account an SMTP server, then try again.",
            )
        return ServerSpec(
            host=account.smtp_host,
            port=account.smtp_port,
            security=Security(account.smtp_security),
            username=account.smtp_username or "",
            password=self.vault.open(account.smtp_secret) if account.smtp_secret else "",
            sasl=Sasl.PASSWORD if account.grant_id is None else Sasl.TOKEN,
        )


HOUR: Final = timedelta(hours=1)
