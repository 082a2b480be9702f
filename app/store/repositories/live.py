"""Mails as they lie in folders now: the part of the ledger that others keep changing."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, text, update
from sqlmodel import col, select

from app.core.ids import MailboxId, MessageId
from app.store.bulk import is_any
from app.store.models import Placement, PlacementState
from app.store.repositories.base import Repository

_SET_FLAGS: Final = text("""
UPDATE placements AS known SET flags = ARRAY(SELECT json_array_elements_text(said.flags))
FROM json_to_recordset(CAST(:said AS json)) AS said(uid bigint, flags json)
WHERE known.workspace_id = :team AND known.mailbox_id = :mailbox
    AND known.uidvalidity = :uidvalidity AND known.uid = said.uid
""")


_COMPARE: Final = text("""
WITH server AS (SELECT unnest(CAST(:uids AS bigint[])) AS uid), ledger AS (
    SELECT uid, state, gone_at IS NOT NULL AS is_gone, message_id FROM placements
    WHERE workspace_id = :team AND mailbox_id = :mailbox AND uidvalidity = :uidvalidity
        AND uid BETWEEN :first AND :last
)
SELECT uid, server.uid IS NOT NULL AS is_there, ledger.state, ledger.is_gone, ledger.message_id
FROM server FULL JOIN ledger USING (uid)
WHERE CASE
    WHEN server.uid IS NULL THEN ledger.state = 'stored' AND NOT ledger.is_gone
    WHEN ledger.state IS NULL OR ledger.state IN ('pending', 'vanished') THEN uid >= :ours_from
    ELSE ledger.is_gone
END
ORDER BY uid
""")
_RETURN: Final = text("""
UPDATE placements
SET gone_at = NULL,
    attempts = CASE WHEN state = 'vanished' THEN 0 ELSE attempts END,
    state = CASE WHEN state = 'vanished' THEN 'pending' ELSE state END
WHERE workspace_id = :team AND mailbox_id = :mailbox AND uidvalidity = :uidvalidity
    AND uid = ANY(CAST(:uids AS bigint[]))
""")
_NO_UID: Final = 2**33
"""Above every UID, which has 32 bits."""


@dataclass(frozen=True, slots=True)
class LiveMail:
    uid: int
    message_id: MessageId
    flags: list[str]


@dataclass(frozen=True, slots=True)
class Compared:
    """How the UIDs of a server and the ledger differ."""

    missing: list[int]
    """On the server, and not settled here."""
    left: list[LiveMail]
    """Here, and no longer on the server."""
    back: list[int]
    """On the server, though they were noted as gone."""


class Live(Repository):
    async def lowest(self, mailbox_id: MailboxId, uidvalidity: int) -> int | None:
        """The lowest UID of ours in a folder; None where there is none."""
        statement = select(func.min(Placement.uid)).where(*self._live(mailbox_id, uidvalidity))
        return (await self._session.exec(statement)).one()

    async def newest(
        self, mailbox_id: MailboxId, uidvalidity: int, limit: int
    ) -> Sequence[LiveMail]:
        """The mails of the highest UIDs."""
        return await self._mails(
            mailbox_id, uidvalidity, order=col(Placement.uid).desc(), limit=limit
        )

    async def page(
        self, mailbox_id: MailboxId, uidvalidity: int, *, above: int, limit: int
    ) -> Sequence[LiveMail]:
        """The next mails above a UID, in order."""
        return await self._mails(
            mailbox_id, uidvalidity, col(Placement.uid) > above,
            order=col(Placement.uid), limit=limit,
        )  # fmt: skip

    async def at(
        self, mailbox_id: MailboxId, uidvalidity: int, uids: Collection[int]
    ) -> Sequence[LiveMail]:
        """Those of these UIDs that are ours."""
        return await self._mails(
            mailbox_id, uidvalidity, is_any(col(Placement.uid), list(uids)),
            order=col(Placement.uid), limit=None,
        )  # fmt: skip

    async def _mails(
        self,
        mailbox_id: MailboxId,
        uidvalidity: int,
        *conditions: Any,  # noqa: ANN401 -- clauses
        order: Any,  # noqa: ANN401 -- a column
        limit: int | None,
    ) -> Sequence[LiveMail]:
        statement = (
            select(Placement.uid, Placement.message_id, Placement.flags)
            .where(*self._live(mailbox_id, uidvalidity), *conditions)
            .order_by(order)
            .limit(limit)
        )
        rows = await self._session.exec(statement)
        return [
            LiveMail(uid, MessageId(message_id), list(flags))
            for uid, message_id, flags in rows
            if message_id is not None
        ]

    async def set_flags(
        self, mailbox_id: MailboxId, uidvalidity: int, flags: Mapping[int, Sequence[str]]
    ) -> None:
        said = [{"uid": uid, "flags": list(names)} for uid, names in flags.items()]
        connection = await self._session.connection()
        await connection.execute(
            _SET_FLAGS,
            {
                "said": json.dumps(said),
                "team": self._workspace_id,
                "mailbox": mailbox_id,
                "uidvalidity": uidvalidity,
            },
        )

    async def leave(self, mailbox_id: MailboxId, uidvalidity: int, uids: Collection[int]) -> None:
        """Note that these mails are no longer there."""
        await self._session.exec(
            update(Placement)
            .where(*self._live(mailbox_id, uidvalidity), is_any(col(Placement.uid), list(uids)))
            .values(gone_at=func.now())
        )

    async def extent(
        self, mailbox_id: MailboxId, uidvalidity: int
    ) -> tuple[int | None, int | None]:
        """The lowest and the highest UID of ours in a folder."""
        statement = select(func.min(Placement.uid), func.max(Placement.uid)).where(
            *self._live(mailbox_id, uidvalidity)
        )
        lowest, highest = (await self._session.exec(statement)).one()
        return lowest, highest

    async def count_below(self, mailbox_id: MailboxId, uidvalidity: int, uid: int) -> int:
        statement = select(func.count()).where(
            *self._live(mailbox_id, uidvalidity), col(Placement.uid) < uid
        )
        return (await self._session.exec(statement)).one()

    async def compare(
        self,
        mailbox_id: MailboxId,
        uidvalidity: int,
        uids: Sequence[int],
        *,
        first: int,
        last: int,
        ours_from: int | None,
    ) -> Compared:
        """Compare all UIDs that a server has from `first` to `last` with the ledger.

        UIDs below `ours_from`, or all without it, are not missed: they were there before us.
        """
        connection = await self._session.connection()
        values = {
            "team": self._workspace_id,
            "mailbox": mailbox_id,
            "uidvalidity": uidvalidity,
            "uids": list(uids),
            "first": first,
            "last": last,
            "ours_from": _NO_UID if ours_from is None else ours_from,
        }
        compared = Compared([], [], [])
        for row in await connection.execute(_COMPARE, values):
            if not row.is_there:
                compared.left.append(LiveMail(row.uid, MessageId(row.message_id), []))
            elif row.state in {None, PlacementState.PENDING, PlacementState.VANISHED}:
                compared.missing.append(row.uid)
                compared.back.extend([row.uid] if row.state == PlacementState.VANISHED else ())
            else:
                compared.back.append(row.uid)
        return compared

    async def return_(self, mailbox_id: MailboxId, uidvalidity: int, uids: Collection[int]) -> None:
        """Note that these are there after all; those that were never fetched are to be."""
        if not uids:
            return
        connection = await self._session.connection()
        await connection.execute(
            _RETURN,
            {
                "team": self._workspace_id,
                "mailbox": mailbox_id,
                "uidvalidity": uidvalidity,
                "uids": list(uids),
            },
        )

    def _live(self, mailbox_id: MailboxId, uidvalidity: int) -> tuple[Any, ...]:
        return (
            *self._in(mailbox_id, uidvalidity),
            col(Placement.state) == PlacementState.STORED,
            col(Placement.gone_at).is_(None),
        )

    def _in(self, mailbox_id: MailboxId, uidvalidity: int) -> tuple[Any, ...]:
        return (
            col(Placement.workspace_id) == self._workspace_id,
            col(Placement.mailbox_id) == mailbox_id,
            col(Placement.uidvalidity) == uidvalidity,
        )
