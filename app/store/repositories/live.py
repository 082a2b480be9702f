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


@dataclass(frozen=True, slots=True)
class LiveMail:
    uid: int
    message_id: MessageId
    flags: list[str]


@dataclass(frozen=True, slots=True)
class Entered:
    """What the ledger has under a UID."""

    state: PlacementState
    is_gone: bool


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
