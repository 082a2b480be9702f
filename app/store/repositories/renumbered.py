"""A folder that was given new UIDs: which mails of the old ones are still to be found."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import RowMapping, text

from app.core.ids import AccountId, MailboxId, MessageId
from app.store.repositories.base import Repository

_LOST: Final = """
placement.workspace_id = :team AND placement.mailbox_id = :mailbox
    AND placement.uidvalidity = :old AND placement.state = 'stored' AND placement.gone_at IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM placements AS found
        WHERE found.workspace_id = :team AND found.message_id = placement.message_id
            AND found.mailbox_id = :mailbox AND found.uidvalidity = :new
            AND found.state = 'stored' AND found.gone_at IS NULL
    )
"""
_CANDIDATES: Final = f"""
SELECT placement.message_id, placement.uid, message.internet_message_id,
    COALESCE(placement.size, message.size) AS size,
    COALESCE(placement.internaldate, message.received_at) AS internaldate
FROM messages AS message
JOIN placements AS placement
    ON placement.workspace_id = message.workspace_id AND placement.message_id = message.id
WHERE message.workspace_id = :team AND message.account_id = :account AND {_LOST}
"""  # noqa: S608 -- our own words
_NAMED: Final = text(_CANDIDATES + " AND message.internet_message_id = ANY(:ids)")
_NAMELESS: Final = text(
    _CANDIDATES
    + " AND message.internet_message_id IS NULL"
    + " AND COALESCE(placement.size, message.size) = ANY(:sizes)"
)
_PAGE: Final = text(
    f"""
    SELECT placement.uid, placement.message_id FROM placements AS placement
    WHERE {_LOST} AND placement.uid > :above
    ORDER BY placement.uid LIMIT :most
    """  # noqa: S608 -- our own words
)
_COUNT: Final = text(f"SELECT count(*) FROM placements AS placement WHERE {_LOST}")  # noqa: S608
_FOUND: Final = text(
    """
    SELECT uid, size, internaldate FROM placements
    WHERE workspace_id = :team AND mailbox_id = :mailbox AND uidvalidity = :new
        AND uid = ANY(CAST(:uids AS bigint[])) AND state = 'stored' AND gone_at IS NULL
    """
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mail of the old UIDs, and what tells it from others."""

    message_id: MessageId
    internet_message_id: str | None
    size: int
    internaldate: datetime


class Renumbered(Repository):
    """`old` and `new` are the UIDVALIDITYs of a folder; its row still has the old one."""

    async def candidates(
        self,
        account_id: AccountId,
        mailbox_id: MailboxId,
        *,
        old: int,
        new: int,
        ids: Collection[str],
        sizes: Collection[int],
    ) -> list[Candidate]:
        """Mails that are not found yet, of these Message-IDs; of these sizes, if they have none."""
        keys = {**self._keys(mailbox_id, old, new), "account": account_id}
        connection = await self._session.connection()
        rows: list[RowMapping] = []
        if ids:
            named = await connection.execute(_NAMED, {**keys, "ids": list(ids)})
            rows += named.mappings().all()
        if sizes:
            nameless = await connection.execute(_NAMELESS, {**keys, "sizes": list(sizes)})
            rows += nameless.mappings().all()
        return [
            Candidate(
                MessageId(row["message_id"]), row["internet_message_id"], row["size"],
                row["internaldate"],
            )
            for row in rows
        ]  # fmt: skip

    async def count_lost(self, mailbox_id: MailboxId, *, old: int, new: int) -> int:
        connection = await self._session.connection()
        rows = await connection.execute(_COUNT, self._keys(mailbox_id, old, new))
        return int(rows.scalar_one())

    async def lost(
        self, mailbox_id: MailboxId, *, old: int, new: int, above: int, limit: int
    ) -> Sequence[tuple[int, MessageId]]:
        """The next mails above an old UID that are not found, with that UID, in order."""
        connection = await self._session.connection()
        values = {**self._keys(mailbox_id, old, new), "above": above, "most": limit}
        rows = await connection.execute(_PAGE, values)
        return [(row.uid, MessageId(row.message_id)) for row in rows]

    async def found(
        self, mailbox_id: MailboxId, *, new: int, uids: Sequence[int]
    ) -> dict[int, tuple[int | None, datetime | None]]:
        """Size and moment of the mails that are found already, by the new UID."""
        connection = await self._session.connection()
        rows = await connection.execute(
            _FOUND,
            {"team": self._workspace_id, "mailbox": mailbox_id, "new": new, "uids": list(uids)},
        )
        return {row.uid: (row.size, row.internaldate) for row in rows}

    def _keys(self, mailbox_id: MailboxId, old: int, new: int) -> dict[str, object]:
        return {"team": self._workspace_id, "mailbox": mailbox_id, "old": old, "new": new}
