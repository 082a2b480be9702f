"""The ledger of UIDs: what became of each one, and how often we tried."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Uuid, and_, any_, func, text, update
from sqlmodel import col, select

from app.core.errors import NotFound
from app.core.ids import (
    AccountId,
    ConversationId,
    MailboxId,
    MessageId,
    PlacementId,
    WorkspaceId,
    new_id,
)
from app.store.bulk import insert_many, is_any
from app.store.models import (
    Command,
    CommandState,
    Mailbox,
    Message,
    Placement,
    PlacementState,
)
from app.store.repositories.accounts import OwnershipLost
from app.store.repositories.base import Repository

MOST_OF_A_CONVERSATION: Final = 500
"""So many of its mails, the newest, are looked at for its card and acted on by a click. Alerts may
fill one conversation for years, and its card is drawn for each of them."""
_OPEN = (CommandState.QUEUED, CommandState.RUNNING)
_IS_ITS_FOLDER: Final = and_(
    col(Mailbox.workspace_id) == col(Placement.workspace_id),
    col(Mailbox.id) == col(Placement.mailbox_id),
)
_BEGIN_ATTEMPT: Final = text("""
WITH owner AS (
    SELECT set_config('synchronous_commit', 'off', true) FROM accounts
    WHERE workspace_id = :team AND id = :account AND fence = :fence
        AND paused_at IS NULL FOR SHARE
), counted AS (
    INSERT INTO placements AS known
        (workspace_id, mailbox_id, uidvalidity, uid, id, state, attempts, reason, flags)
    SELECT :team, :mailbox, :uidvalidity, uid, gen_random_uuid(), 'pending', 1, '', '{}'
    FROM owner, unnest(CAST(:uids AS bigint[])) AS uid
    ON CONFLICT (workspace_id, mailbox_id, uidvalidity, uid)
        DO UPDATE SET attempts = known.attempts + 1 WHERE known.state = 'pending'
    RETURNING uid, attempts
)
SELECT uid, attempts FROM owner LEFT JOIN counted ON true
""")
"""The disk is not waited for: a count is to survive us, and need not survive Postgres."""
_OVERWRITE: Final = """
ON CONFLICT (workspace_id, mailbox_id, uidvalidity, uid) DO UPDATE SET
    state = excluded.state, message_id = excluded.message_id, reason = excluded.reason,
    attempts = excluded.attempts, raw_sha256 = excluded.raw_sha256, size = excluded.size,
    internaldate = excluded.internaldate, flags = excluded.flags, gone_at = NULL
"""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    workspace_id: WorkspaceId
    mailbox_id: MailboxId
    uidvalidity: int
    uid: int
    id: PlacementId
    state: PlacementState
    message_id: MessageId | None
    reason: str
    attempts: int = 0
    raw_sha256: bytes | None
    size: int | None
    internaldate: datetime | None
    flags: list[str]


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
            *self._in(mailbox_id, uidvalidity), is_any(col(Placement.uid), list(uids))
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
        for (mailbox_id, uidvalidity), uids in _by_folder(places).items():
            statement = select(Placement).where(
                *self._in(mailbox_id, uidvalidity), is_any(col(Placement.uid), uids)
            )
            for one in (await self._session.exec(statement)).all():
                found[Place(mailbox_id, uidvalidity, one.uid)] = one
        return found

    async def attempts(
        self, mailbox_id: MailboxId, uidvalidity: int, uids: Iterable[int]
    ) -> dict[int, int]:
        """How often each of these UIDs was tried; those that never were are not in the answer."""
        statement = select(Placement.uid, Placement.attempts).where(
            *self._in(mailbox_id, uidvalidity),
            is_any(col(Placement.uid), list(uids)),
            col(Placement.attempts) > 0,
        )
        return dict((await self._session.exec(statement)).all())

    async def begin_attempt(
        self,
        account_id: AccountId,
        fence: int,
        mailbox_id: MailboxId,
        uidvalidity: int,
        uids: Sequence[int],
    ) -> dict[int, int]:
        """Count an attempt on each UID, before it is made: one statement, committed by itself.

        Answers the attempts so far, this one included. UIDs that are settled already are left
        alone and not in the answer. Raises `OwnershipLost`, also where the account is paused.
        """
        values = {
            "team": self._workspace_id,
            "account": account_id,
            "fence": fence,
            "mailbox": mailbox_id,
            "uidvalidity": uidvalidity,
            "uids": list(uids),
        }
        connection = await self._session.connection()
        rows = (await connection.execute(_BEGIN_ATTEMPT, values)).all()
        if not rows:
            raise OwnershipLost("This worker no longer owns the account, or it is paused.")
        return {uid: attempts for uid, attempts in rows if uid is not None}

    async def record(self, entries: Sequence[Entry]) -> None:
        """Write what became of each UID, over whatever the ledger said before."""
        rows = [self._row(entry) for entry in entries]
        await insert_many(self._session, "placements", rows, on_conflict=_OVERWRITE)

    def _row(self, entry: Entry) -> "_Row":
        return _Row(
            workspace_id=self._workspace_id,
            mailbox_id=entry.place.mailbox_id,
            uidvalidity=entry.place.uidvalidity,
            uid=entry.place.uid,
            id=PlacementId(new_id()),
            state=entry.state,
            message_id=entry.message_id,
            reason=entry.reason,
            raw_sha256=entry.raw_sha256,
            size=entry.size,
            internaldate=entry.internaldate,
            flags=list(entry.flags),
        )

    async def try_again(self, placement: Placement) -> None:
        """Take a UID out of quarantine. One attempt stays counted, so that it is tried alone."""
        placement.state = PlacementState.PENDING
        placement.attempts = 1
        placement.reason = ""

    async def leave(self, places: Iterable[Place]) -> None:
        """Note that these UIDs are no longer in their folders."""
        for (mailbox_id, uidvalidity), uids in _by_folder(places).items():
            await self._session.exec(
                update(Placement)
                .where(*self._in(mailbox_id, uidvalidity), is_any(col(Placement.uid), uids))
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

    async def live_of_messages(
        self, message_ids: Iterable[MessageId]
    ) -> Sequence[tuple[Placement, Mailbox]]:
        """Where these mails lie now."""
        return await self._live(is_any(col(Placement.message_id), list(message_ids)))

    async def live_beside_waiting(
        self, account_id: AccountId, message_ids: Iterable[MessageId], *, most: int
    ) -> tuple[Sequence[tuple[Placement, Mailbox]], int]:
        """Where these mails lie now, and how many commands wait for the account, up to `most`.

        By one statement: whoever clicked waits for it.
        """
        waiting = (
            select(Command.id)
            .where(
                Command.workspace_id == self._workspace_id,
                Command.account_id == account_id,
                col(Command.state).in_(_OPEN),
            )
            .limit(most)
            .subquery()
        )
        statement = (
            select(Placement, Mailbox, select(func.count()).select_from(waiting).scalar_subquery())
            .join(Mailbox, _IS_ITS_FOLDER)
            .where(*self._is_live(is_any(col(Placement.message_id), list(message_ids))))
            .order_by(col(Placement.uid))
        )
        rows = (await self._session.exec(statement)).all()
        return [(placement, mailbox) for placement, mailbox, _ in rows], rows[0][2] if rows else 0

    async def live_of_conversation(
        self, conversation_id: ConversationId, *, newest: int = MOST_OF_A_CONVERSATION
    ) -> Sequence[tuple[Placement, Mailbox]]:
        """Where the newest mails of a conversation lie now."""
        ids = (
            select(Message.id)
            .where(
                Message.workspace_id == self._workspace_id,
                Message.conversation_id == conversation_id,
            )
            .order_by(col(Message.received_at).desc(), col(Message.id).desc())
            .limit(newest)
        )
        # As an array it is found once, whatever Postgres expects of a table that has just grown.
        array = func.array(ids.scalar_subquery(), type_=ARRAY(Uuid))
        return await self._live(col(Placement.message_id) == any_(array))

    async def _live(self, of_messages: ColumnElement[bool]) -> Sequence[tuple[Placement, Mailbox]]:
        statement = (
            select(Placement, Mailbox)
            .join(Mailbox, _IS_ITS_FOLDER)
            .where(*self._is_live(of_messages))
            .order_by(col(Placement.uid))
        )
        return (await self._session.exec(statement)).all()

    def _is_live(self, of_messages: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
        return (
            col(Placement.workspace_id) == self._workspace_id,
            of_messages,
            col(Placement.state) == PlacementState.STORED,
            col(Placement.gone_at).is_(None),
            col(Placement.uidvalidity) == col(Mailbox.uidvalidity),
        )

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
                is_any(col(Placement.mailbox_id), mailbox_ids),
                col(Placement.state) != PlacementState.PENDING,
            )
            .group_by(col(Placement.mailbox_id))
        )
        rows = await self._session.exec(statement)
        return {MailboxId(mailbox_id): count for mailbox_id, count in rows}

    async def newest_in(
        self, mailbox_id: MailboxId, *, limit: int
    ) -> dict[int, tuple[str | None, int]]:
        """Message-ID and size, by UID, of the newest mails in a folder under its UIDVALIDITY."""
        statement = (
            select(
                Placement.uid,
                Message.internet_message_id,
                func.coalesce(Placement.size, Message.size),
            )
            .join(
                Message,
                (col(Message.workspace_id) == col(Placement.workspace_id))
                & (col(Message.id) == col(Placement.message_id)),
            )
            .join(
                Mailbox,
                (col(Mailbox.workspace_id) == col(Placement.workspace_id))
                & (col(Mailbox.id) == col(Placement.mailbox_id))
                & (col(Mailbox.uidvalidity) == col(Placement.uidvalidity)),
            )
            .where(
                Placement.workspace_id == self._workspace_id,
                Placement.mailbox_id == mailbox_id,
                col(Placement.gone_at).is_(None),
            )
            .order_by(col(Placement.uid).desc())
            .limit(limit)
        )
        rows = await self._session.exec(statement)
        return {uid: (message_id, size) for uid, message_id, size in rows}

    def _in(self, mailbox_id: MailboxId, uidvalidity: int) -> tuple[Any, ...]:
        return (
            col(Placement.workspace_id) == self._workspace_id,
            col(Placement.mailbox_id) == mailbox_id,
            col(Placement.uidvalidity) == uidvalidity,
        )


def _by_folder(places: Iterable[Place]) -> dict[tuple[MailboxId, int], list[int]]:
    """UIDs by their folder and its UIDVALIDITY: a statement for each, however many there are."""
    folders: defaultdict[tuple[MailboxId, int], list[int]] = defaultdict(list)
    for place in places:
        folders[place.mailbox_id, place.uidvalidity].append(place.uid)
    return folders
