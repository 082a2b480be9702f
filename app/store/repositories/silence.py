"""Which mailboxes give no sign of life, asked of all workspaces at once.

A folder's interval is what its last look said: from then to when the next one was due. It is silent
after twice that, and 90 seconds at least, since looks are written down every 15 seconds. While
other folders of its account are looked at, a folder gets ten intervals: they share one connection,
and a look that brings in thousands of mails takes its time. After as long, a folder is shut that
the server has no more or does not open any more (one that never opened is none of these); one whose
UIDs do not last is so from the start. An account that was never looked at is silent by its age,
unless it waits for somebody to sign in for the first time. One that is paused is never silent, and
one that was resumed is looked at from then on.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.ids import AccountId, WorkspaceId

_LEAST_SECONDS: Final = 90
_SILENT: Final = text("""
WITH proof AS (
    SELECT account.workspace_id, account.id, account.address, folder.name,
        folder.parked_until IS NOT NULL OR NOT (folder.listed AND folder.selectable) AS is_shut,
        folder.unstable_since IS NOT NULL AND folder.parked_until IS NOT NULL AS is_unstable,
        greatest(
            coalesce(folder.last_checked_at, account.created_at), account.resumed_at
        ) AS seen_at,
        greatest(
            2 * coalesce(folder.next_poll_at - folder.last_checked_at, interval '0'),
            make_interval(secs => :least)
        ) AS patience
    FROM accounts AS account LEFT JOIN mailboxes AS folder
        ON folder.workspace_id = account.workspace_id AND folder.account_id = account.id
        AND folder.watched AND folder.last_checked_at IS NOT NULL
    WHERE account.paused_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM oauth_grants AS permit WHERE permit.workspace_id = account.workspace_id
        AND permit.id = account.grant_id AND permit.state = 'pending'
    )
), latest AS (
    SELECT *, max(seen_at) OVER (PARTITION BY workspace_id, id) AS account_seen_at FROM proof
), judged AS (
    SELECT *, now() > account_seen_at + patience AS is_account,
        (is_unstable OR now() > seen_at + 5 * patience) AND account_seen_at > seen_at AS is_alone
    FROM latest
)
SELECT workspace_id, id, address,
    coalesce(array_agg(name ORDER BY name)
        FILTER (WHERE name IS NOT NULL AND (is_account OR NOT is_shut)), '{}') AS folders,
    min(seen_at) FILTER (WHERE is_account OR is_shut IS NOT TRUE) AS since,
    coalesce(array_agg(name ORDER BY name) FILTER (WHERE is_alone AND is_shut), '{}') AS shut,
    coalesce(array_agg(seen_at ORDER BY name) FILTER (WHERE is_alone AND is_shut), '{}')
        AS shut_since
FROM judged
WHERE is_account OR is_alone
GROUP BY workspace_id, id, address
ORDER BY min(seen_at)
""")


_PAUSED: Final = text("""
SELECT workspace_id, id, address, paused_by AS by, paused_at AS since
FROM accounts WHERE paused_at IS NOT NULL ORDER BY paused_at
""")


@dataclass(frozen=True, slots=True)
class ShutFolder:
    name: str
    since: datetime
    """The last look at it."""


@dataclass(frozen=True, slots=True)
class SilentAccount:
    """An account that is silent, with its silent folders, or that has a folder which is shut."""

    workspace_id: WorkspaceId
    account_id: AccountId
    address: str
    folders: list[str]
    silent_since: datetime | None
    """The last sign of life; None where only folders are shut."""
    shut: tuple[ShutFolder, ...] = ()
    """While others of the account are looked at."""

    @property
    def since(self) -> datetime:
        known = [one.since for one in self.shut]
        return min([*known, self.silent_since] if self.silent_since else known)


@dataclass(frozen=True, slots=True)
class PausedAccount:
    workspace_id: WorkspaceId
    account_id: AccountId
    address: str
    by: str
    since: datetime


async def silent_accounts(session: AsyncSession) -> list[SilentAccount]:
    """The accounts with a silent or shut folder, the longest silent first."""
    connection = await session.connection()
    return [
        SilentAccount(
            WorkspaceId(row.workspace_id),
            AccountId(row.id),
            row.address,
            row.folders,
            row.since,
            tuple(map(ShutFolder, row.shut, row.shut_since)),
        )
        for row in await connection.execute(_SILENT, {"least": _LEAST_SECONDS})
    ]


async def paused_accounts(session: AsyncSession) -> list[PausedAccount]:
    """The accounts that nobody is to look at, the longest paused first."""
    connection = await session.connection()
    return [
        PausedAccount(
            WorkspaceId(row.workspace_id), AccountId(row.id), row.address, row.by, row.since
        )
        for row in await connection.execute(_PAUSED)
    ]
