"""How accounts are, in values: what REST, the status page and metrics show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.accounts.history import ImportProgress, progress_of
from app.core.ids import AccountId, MailboxId
from app.store.models import (
    Account,
    AccountState,
    Grant,
    GrantKind,
    GrantState,
    Mailbox,
    ReadPolicy,
)
from app.store.repositories.waiting import Backlog
from app.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class FolderHealth:
    """`accounted` UIDs are settled; `missing` ones were seen on the server and are not.

    `uids_on_server` and `older` are of the last reconciliation: how many mails the folder held, and
    how many of these were there before us and are none of ours.
    """

    id: MailboxId
    name: str
    role: str | None
    watched: bool
    selectable: bool
    listed: bool
    detail: str
    """Why it is not watched although it should be, in words."""
    parked_until: datetime | None
    uidvalidity: int | None
    watermark: int | None
    accounted: int
    missing: int
    uids_on_server: int | None
    older: int | None
    last_checked_at: datetime | None
    last_reconciled_at: datetime | None
    started_at: datetime | None = None
    untold_at: datetime | None = None
    """When mail was found that its server should have announced; None while it is believed."""

    @property
    def is_counted(self) -> bool:
        """Whether it was reconciled since we began; until then its counts are of the start."""
        is_of_the_start = self.last_reconciled_at == self.started_at
        return self.uids_on_server is not None and not is_of_the_start


@dataclass(frozen=True, slots=True)
class GrantHealth:
    """How an account is signed in. `identity` is who did so; `detail` says what is wrong."""

    provider: str
    kind: GrantKind
    shared: bool
    state: GrantState
    detail: str
    identity: str | None
    scopes: tuple[str, ...]
    expires_at: datetime | None
    """The end of the present access token; the next one is fetched before."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Since when and by whom an account is let be, and what waits until it is resumed."""

    since: datetime
    by: str
    commands: int
    mails: int


@dataclass(frozen=True, slots=True)
class AccountHealth:
    id: AccountId
    address: str
    state: AccountState
    detail: str
    """What is wrong with it, or with some of its folders, in words."""
    provider: str | None
    channel: str
    watch_sent: bool
    mark_read: ReadPolicy
    history_days: int
    history_imported_at: datetime | None
    history: ImportProgress | None
    failures: int
    outage_since: datetime | None
    retry_at: datetime | None
    created_at: datetime
    oauth: GrantHealth | None
    """None where the account is opened with a password."""
    paused: Pause | None
    resumed_at: datetime | None
    mailboxes: tuple[FolderHealth, ...]


async def health_of(uow: UnitOfWork, accounts: Sequence[Account]) -> list[AccountHealth]:
    """How each of these accounts is, its watched folders first."""
    folders = await uow.mailboxes.of_accounts([account.id for account in accounts])
    ids = [one.id for ones in folders.values() for one in ones if one.uidvalidity is not None]
    accounted = await uow.ledger.accounted(ids)
    imports = await uow.imports.of_accounts([account.id for account in accounts])
    grants = await uow.grants.of_accounts(accounts)
    waiting = await uow.waiting.of_accounts([one.id for one in accounts if one.paused_at])
    now = datetime.now(UTC)
    return [
        AccountHealth(
            id=account.id,
            address=account.address,
            state=account.state,
            detail=account.detail or _of_folders(folders.get(account.id, ())),
            provider=account.provider,
            watch_sent=account.watch_sent,
            mark_read=account.mark_read,
            channel=account.channel_id,
            history_days=account.history_days,
            history_imported_at=account.history_imported_at,
            history=progress_of(imports[account.id], now) if account.id in imports else None,
            failures=account.failures,
            outage_since=account.outage_since,
            retry_at=account.retry_at,
            created_at=account.created_at,
            oauth=_grant(grants[account.id]) if account.id in grants else None,
            paused=_pause(account, waiting.get(account.id, Backlog())),
            resumed_at=account.resumed_at,
            mailboxes=tuple(
                _folder(one, accounted.get(one.id, 0)) for one in folders.get(account.id, ())
            ),
        )
        for account in accounts
    ]


def _of_folders(folders: Sequence[Mailbox]) -> str:
    """What is wrong with folders of an account that is well otherwise."""
    return " ".join(one.detail for one in folders if one.watched and one.detail)


def _pause(account: Account, waiting: Backlog) -> Pause | None:
    if account.paused_at is None:
        return None
    return Pause(account.paused_at, account.paused_by, waiting.commands, waiting.mails)


def _grant(grant: Grant) -> GrantHealth:
    return GrantHealth(
        provider=grant.provider,
        kind=grant.kind,
        shared=grant.shared,
        state=grant.state,
        detail=grant.detail,
        identity=grant.identity,
        scopes=tuple(grant.scopes),
        expires_at=grant.expires_at,
    )


def _folder(mailbox: Mailbox, accounted: int) -> FolderHealth:
    return FolderHealth(
        id=mailbox.id,
        name=mailbox.name,
        role=mailbox.role,
        watched=mailbox.watched,
        selectable=mailbox.selectable,
        listed=mailbox.listed,
        detail=mailbox.detail,
        parked_until=mailbox.parked_until,
        uidvalidity=mailbox.uidvalidity,
        watermark=mailbox.watermark,
        accounted=accounted,
        missing=mailbox.missing,
        uids_on_server=mailbox.uids_on_server,
        older=mailbox.older,
        last_checked_at=mailbox.last_checked_at,
        last_reconciled_at=mailbox.last_reconciled_at,
        started_at=mailbox.started_at,
        untold_at=mailbox.untold_at,
    )
