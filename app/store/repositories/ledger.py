"""The ledger of UIDs: what became of each one, and how often we tried."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.core.errors import NotFound
from app.core.ids import ConversationId, MailboxId, MessageId, PlacementId, new_id
from app.store.models import Mailbox, Message, Placement, PlacementState
from app.store.repositories.base import Repository

_ROWS_A_STATEMENT = 500
_WHAT_BECAME_OF_IT = (
    "state", "message_id", "reason", "attempts",
    "raw_sha256", "size", "internaldate", "flags", "gone_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A UID in its folder: the only thing that names a mail on a server."""

    mailbox_id: MailboxId
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one UID."""

    place: Place
    state: PlacementState
    message_id: MessageId | None = None
    reason: str = ""
    raw_sha256: bytes | None = None
    size: int | None = None
    internaldate: datetime | None = None
    flags: tuple[str, ...] = ()


class Ledger(Repository):
    async def get(self, placement_id: PlacementId) -> Placement:
        """Raises `NotFound`."""
        statement = select(Placement).where(
            Placement.workspace_id == self._workspace_id, Placement.id == placement_id
        )
        placement = (await self._session.exec(statement)).one_or_none()
        if placement is None:
            raise NotFound("There is no such entry in the ledger.")
        return placement

    async def states(
        self, mailbox_id: MailboxId, uidvalidity: int, uids: Iterable[int]
    ) -> dict[int, PlacementState]:
        """The state of each of these UIDs that the ledger knows."""
        statement = select(Placement.uid, Placement.state).where(
            *self._in(mailbox_id, uidvalidity), col(Placement.uid).in_(list(uids))
        )
        rows = await self._session.exec(statement)
        return {uid: PlacementState(state) for uid, state in rows}

    async def pending(self, mailbox_id: MailboxId, uidvalidity: int) -> Sequence[int]:
        """The UIDs that were begun and never settled, in order."""
        statement = (
            select(Placement.uid)
            .where(
                *self._in(mailbox_id, uidvalidity),
                col(Placement.state) == PlacementState.PENDING,
            )
            .order_by(col(Placement.uid))
        )
        return (await self._session.exec(statement)).all()

    async def at(self, places: Iterable[Place]) -> dict[Place, Placement]:
        """What the ledger says of these places."""
        found: dict[Place, Placement] = {}
        for place in places:
            key = (self._workspace_id, place.mailbox_id, place.uidvalidity, place.uid)
            if (placement := await self._session.get(Placement, key)) is not None:
                found[place] = placement
        return found

    async def attempts(
        self, mailbox_id: MailboxId, uidvalidity: int, uids: Iterable[int]
    ) -> dict[int, int]:
        """How often each of these UIDs was tried; those that never were are not in the answer."""
        statement = select(Placement.uid, Placement.attempts).where(
            *self._in(mailbox_id, uidvalidity),
            col(Placement.uid).in_(list(uids)),
            col(Placement.attempts) > 0,
        )
        return dict((await self._session.exec(statement)).all())

    async def begin_attempt(
        self, mailbox_id: MailboxId, uidvalidity: int, uids: Sequence[int]
    ) -> dict[int, int]:
        """Count an attempt on each UID, before it is made.

        Answers the attempts so far, this one included. UIDs that are settled already are left
        alone and not in the answer.
        """
        row = insert(Placement).values(
            [
                {
                    "workspace_id": self._workspace_id,
                    "mailbox_id": mailbox_id,
                    "uidvalidity": uidvalidity,
                    "uid": uid,
                    "id": new_id(),
                    "state": PlacementState.PENDING,
                    "attempts": 1,
                    "reason": "",
                    "flags": [],
                }
                for uid in uids
            ]
        )
        statement = row.on_conflict_do_update(
            index_elements=["workspace_id", "mailbox_id", "uidvalidity", "uid"],
            set_={"attempts": Placement.attempts + 1},
            where=col(Placement.state) == PlacementState.PENDING,
        ).returning(col(Placement.uid), col(Placement.attempts))
        return dict((await self._session.exec(statement)).all())

    async def record(self, entries: Sequence[Entry]) -> list[PlacementId]:
        """Write what became of each UID, over whatever the ledger said before."""
        ids: list[PlacementId] = []
        for start in range(0, len(entries), _ROWS_A_STATEMENT):
            rows = [self._row(entry) for entry in entries[start : start + _ROWS_A_STATEMENT]]
            statement = insert(Placement).values(rows)
            settled = statement.on_conflict_do_update(
                index_elements=["workspace_id", "mailbox_id", "uidvalidity", "uid"],
                set_={name: statement.excluded[name] for name in _WHAT_BECAME_OF_IT},
            ).returning(col(Placement.id))
            ids += [PlacementId(id_) for id_ in (await self._session.exec(settled)).scalars()]
        return ids

    def _row(self, entry: Entry) -> dict[str, Any]:
        return {
            "workspace_id": self._workspace_id,
            "mailbox_id": entry.place.mailbox_id,
            "uidvalidity": entry.place.uidvalidity,
            "uid": entry.place.uid,
            "id": new_id(),
            "state": entry.state,
            "message_id": entry.message_id,
            "reason": entry.reason,
            "attempts": 0,
            "raw_sha256": entry.raw_sha256,
            "size": entry.size,
            "internaldate": entry.internaldate,
            "flags": list(entry.flags),
            "gone_at": None,
        }

    async def try_again(self, placement: Placement) -> None:
        """Take a UID out of quarantine, as if it had never been tried."""
        placement.state = PlacementState.PENDING
        placement.attempts = 0
        placement.reason = ""

    async def leave(self, places: Iterable[Place]) -> None:
        """Note that these UIDs are no longer in their folders."""
        for place in places:
            await self._session.exec(
                update(Placement)
                .where(
                    *self._in(place.mailbox_id, place.uidvalidity), col(Placement.uid) == place.uid
                )
                .values(gone_at=func.now())
            )

    async def leave_behind(self, mailbox_id: MailboxId, *, except_uidvalidity: int) -> None:
        """Note that a reset of the UIDs made every older placement of the folder meaningless."""
        await self._session.exec(
            update(Placement)
            .where(
                col(Placement.workspace_id) == self._workspace_id,
                col(Placement.mailbox_id) == mailbox_id,
                col(Placement.uidvalidity) != except_uidvalidity,
                col(Placement.gone_at).is_(None),
            )
            .values(gone_at=func.now())
        )

    async def set_flags(self, flags: Mapping[Place, tuple[str, ...]]) -> None:
        for place, names in flags.items():
            await self._session.exec(
                update(Placement)
                .where(
                    *self._in(place.mailbox_id, place.uidvalidity), col(Placement.uid) == place.uid
                )
                .values(flags=list(names))
            )

    async def live_of_messages(
        self, message_ids: Iterable[MessageId]
    ) -> Sequence[tuple[Placement, Mailbox]]:
        """Where these mails lie now."""
        statement = (
            select(Placement, Mailbox)
            .join(
                Mailbox,
                (col(Mailbox.workspace_id) == col(Placement.workspace_id))
                & (col(Mailbox.id) == col(Placement.mailbox_id)),
            )
            .where(
                Placement.workspace_id == self._workspace_id,
                col(Placement.message_id).in_(set(message_ids)),
                col(Placement.state) == PlacementState.STORED,
                col(Placement.gone_at).is_(None),
                col(Placement.uidvalidity) == col(Mailbox.uidvalidity),
            )
            .order_by(col(Placement.uid))
        )
        return (await self._session.exec(statement)).all()

    async def live_of_conversation(
        self, conversation_id: ConversationId
    ) -> Sequence[tuple[Placement, Mailbox]]:
        statement = select(Message.id).where(
            Message.workspace_id == self._workspace_id,
            Message.conversation_id == conversation_id,
        )
        ids = (await self._session.exec(statement)).all()
        return await self.live_of_messages(MessageId(id_) for id_ in ids)

    async def accounted(self, mailbox_ids: Sequence[MailboxId]) -> dict[MailboxId, int]:
        """How many UIDs of each folder are settled, under its present UIDVALIDITY."""
        statement = (
            select(Placement.mailbox_id, func.count())
            .join(
                Mailbox,
                (col(Mailbox.workspace_id) == col(Placement.workspace_id))
                & (col(Mailbox.id) == col(Placement.mailbox_id))
                & (col(Mailbox.uidvalidity) == col(Placement.uidvalidity)),
            )
            .where(
                Placement.workspace_id == self._workspace_id,
                col(Placement.mailbox_id).in_(mailbox_ids),
                col(Placement.state) != PlacementState.PENDING,
            )
            .group_by(col(Placement.mailbox_id))
        )
        rows = await self._session.exec(statement)
        return {MailboxId(mailbox_id): count for mailbox_id, count in rows}

    async def live_in(self, mailbox_id: MailboxId) -> Sequence[tuple[Placement, Message]]:
        """Every mail that lies in a folder, as far as we know."""
        statement = (
            select(Placement, Message)
            .join(
                Message,
                (col(Message.workspace_id) == col(Placement.workspace_id))
                & (col(Message.id) == col(Placement.message_id)),
            )
            .where(
                Placement.workspace_id == self._workspace_id,
                Placement.mailbox_id == mailbox_id,
                col(Placement.gone_at).is_(None),
            )
        )
        return (await self._session.exec(statement)).all()

    def _in(self, mailbox_id: MailboxId, uidvalidity: int) -> tuple[Any, ...]:
        return (
            col(Placement.workspace_id) == self._workspace_id,
            col(Placement.mailbox_id) == mailbox_id,
            col(Placement.uidvalidity) == uidvalidity,
        )
