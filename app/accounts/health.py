"""How accounts are, in values: what REST, the status page and metrics show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.accounts.history import ImportProgress, progress_of
from app.core.ids import AccountId, MailboxId
from app.store.models import Account, AccountState, Mailbox
from app.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class FolderHealth:
    """`accounted` UIDs are settled; `missing` ones were seen on the server and are not."""

    id: MailboxId
    name: str
    role: str | None
    watched: bool
    selectable: bool
    listed: bool
    uidvalidity: int | None
    watermark: int | None
    accounted: int
    missing: int
    last_checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountHealth:
    id: AccountId
    address: str
    state: AccountState
    detail: str
    channel: str
    history_days: int
    history_imported_at: datetime | None
    history: ImportProgress | None
    retry_at: datetime | None
    created_at: datetime
    mailboxes: tuple[FolderHealth, ...]


async def health_of(uow: UnitOfWork, accounts: Sequence[Account]) -> list[AccountHealth]:
    """How each of these accounts is, its watched folders first."""
    folders = await uow.mailboxes.of_accounts([account.id for account in accounts])
    ids = [one.id for ones in folders.values() for one in ones if one.uidvalidity is not None]
    accounted = await uow.ledger.accounted(ids)
    imports = await uow.imports.of_accounts([account.id for account in accounts])
    now = datetime.now(UTC)
    return [
        AccountHealth(
            id=account.id,
            address=account.address,
            state=account.state,
            detail=account.detail,
            channel=account.channel_id,
            history_days=account.history_days,
            history_imported_at=account.history_imported_at,
            history=progress_of(imports[account.id], now) if account.id in imports else None,
            retry_at=account.retry_at,
            created_at=account.created_at,
            mailboxes=tuple(
                _folder(one, accounted.get(one.id, 0)) for one in folders.get(account.id, ())
            ),
        )
        for account in accounts
    ]


def _folder(mailbox: Mailbox, accounted: int) -> FolderHealth:
    return FolderHealth(
        id=mailbox.id,
        name=mailbox.name,
        role=mailbox.role,
        watched=mailbox.watched,
        selectable=mailbox.selectable,
        listed=mailbox.listed,
        uidvalidity=mailbox.uidvalidity,
        watermark=mailbox.watermark,
        accounted=accounted,
        missing=mailbox.missing,
        last_checked_at=mailbox.last_checked_at,
    )
