"""Numbers of each watched folder, for whoever watches over them one by one."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.ids import AccountId, MailboxId

MOST: Final = 10_000
_FOLDERS: Final = text("""
SELECT folder.account_id, folder.id, folder.missing, settled.count AS accounted,
    extract(epoch FROM folder.last_checked_at)::float8 AS checked_at,
    extract(epoch FROM folder.last_reconciled_at)::float8 AS reconciled_at
FROM mailboxes AS folder CROSS JOIN LATERAL (
    SELECT count(*) FROM placements AS known
    WHERE known.workspace_id = folder.workspace_id AND known.mailbox_id = folder.id
        AND known.uidvalidity = folder.uidvalidity AND known.state <> 'pending'
) AS settled
WHERE folder.watched
ORDER BY folder.account_id, folder.id
LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class FolderFigures:
    """Moments are in seconds since 1970; None where there was none yet."""

    account_id: AccountId
    mailbox_id: MailboxId
    accounted: int
    missing: int
    checked_at: float | None
    reconciled_at: float | None


async def folder_figures(session: AsyncSession) -> list[FolderFigures]:
    """Of the watched folders of all workspaces, the first `MOST` of them."""
    connection = await session.connection()
    return [
        FolderFigures(
            AccountId(row.account_id),
            MailboxId(row.id),
            row.accounted,
            row.missing,
            row.checked_at,
            row.reconciled_at,
        )
        for row in await connection.execute(_FOLDERS, {"most": MOST})
    ]
