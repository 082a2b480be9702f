"""Mail that is to be sent. All times here are the database's: `now()` is the same for everybody."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, func, or_
from sqlmodel import col, select

from app.core.errors import NotFound, SharedBoxError
from app.core.ids import AccountId, ConversationId, OutgoingId
from app.store.bulk import is_any
from app.store.models import (
    WAITING,
    Message,
    Outgoing,
    OutgoingFile,
    OutgoingRecipient,
    OutgoingState,
)
from app.store.repositories.base import Repository

CLAIM_SECONDS: Final = 60
"""How long a mail that is being sent is left alone by those who look for forgotten ones."""
_ON_THE_WAY: Final = (*WAITING, OutgoingState.SENDING, OutgoingState.UNKNOWN)
_LOOKED_AT: Final = 50
IS_JUDGED: Final = and_(
    col(Outgoing.state) == OutgoingState.UNKNOWN,
    col(Outgoing.settled_at).is_(None),
    or_(
        col(Outgoing.seen_in_sent).is_not(None),
        and_(col(Outgoing.past_the_dot), col(Outgoing.due_at) <= func.now()),
    ),
)
"""A mail in doubt was looked for in Sent, or nobody could look there in time."""


class ClaimLost(SharedBoxError):
    """Another worker has taken the mail: it is not ours to send or to settle any more."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A mail whose turn it is, as it was found."""

    outgoing: Outgoing
    before: OutgoingState
    late: timedelta
    """For how long it had been due."""


@dataclass(frozen=True, slots=True)
class AutomaticOnes:
    """How many mails of rules were asked for."""

    to_them_today: int
    in_all_this_hour: int


@dataclass(frozen=True, slots=True)
class OutgoingFilter:
    account_ids: frozenset[AccountId] | None = None
    conversation_id: ConversationId | None = None
    state: OutgoingState | None = None


class OutgoingMails(Repository):
    async def add(
        self,
        outgoing: Outgoing,
        recipients: Iterable[OutgoingRecipient],
        files: Iterable[OutgoingFile] = (),
    ) -> None:
        self._session.add(outgoing)
        await self._session.flush()
        self._session.add_all([*recipients, *files])
        await self._session.flush()
        await self._session.refresh(outgoing)

    async def get(self, outgoing_id: OutgoingId) -> Outgoing:
        """Raises `NotFound`."""
        outgoing = await self._session.get(Outgoing, (self._workspace_id, outgoing_id))
        if outgoing is None:
            raise NotFound("There is no such outgoing mail.")
        return outgoing

    async def lock(self, outgoing_id: OutgoingId) -> Outgoing:
        """The mail, held against other changes until we commit. Raises `NotFound`."""
        statement = (
            select(Outgoing)
            .where(Outgoing.workspace_id == self._workspace_id, Outgoing.id == outgoing_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        outgoing = (await self._session.exec(statement)).one_or_none()
        if outgoing is None:
            raise NotFound("There is no such outgoing mail.")
        return outgoing

    async def held(self, outgoing_id: OutgoingId, fence: int) -> Outgoing:
        """The mail that we claimed under this fence, locked. Raises `ClaimLost`."""
        try:
            outgoing = await self.lock(outgoing_id)
        except NotFound:
            raise ClaimLost("The mail was removed while it was being sent.") from None
        if outgoing.fence != fence or outgoing.state is not OutgoingState.SENDING:
            raise ClaimLost("Another worker has taken the mail.")
        return outgoing

    async def claim_next(self, account_id: AccountId) -> Turn | None:
        """Take the mail of an account whose turn it is.

        One that is found being sent is one whose sender died: the jobs of an account run one at a
        time, so nobody else can be at it.
        """
        statement = (
            select(Outgoing)
            .where(
                Outgoing.workspace_id == self._workspace_id,
                Outgoing.account_id == account_id,
                or_(
                    and_(col(Outgoing.state).in_(WAITING), col(Outgoing.due_at) <= func.now()),
                    col(Outgoing.state) == OutgoingState.SENDING,
                ),
            )
            .order_by(col(Outgoing.due_at), col(Outgoing.id))
            .limit(1)
            .with_for_update(key_share=True, skip_locked=True)
            .execution_options(populate_existing=True)
        )
        outgoing = (await self._session.exec(statement)).one_or_none()
        if outgoing is None:
            return None
        turn = Turn(outgoing, outgoing.state, await self.time() - outgoing.due_at)
        outgoing.state = OutgoingState.SENDING
        outgoing.fence += 1
        await self.due_in(outgoing, timedelta(seconds=CLAIM_SECONDS))
        return turn

    async def due_in(self, outgoing: Outgoing, wait: timedelta) -> None:
        """Have it looked at so long from now, by the database's clock."""
        outgoing.due_at = await self.time() + wait

    async def recipients(self, outgoing_id: OutgoingId) -> Sequence[OutgoingRecipient]:
        return (await self.recipients_of([outgoing_id])).get(outgoing_id, [])

    async def recipients_of(
        self, ids: Iterable[OutgoingId]
    ) -> dict[OutgoingId, list[OutgoingRecipient]]:
        """In the order in which they were named."""
        statement = (
            select(OutgoingRecipient)
            .where(
                OutgoingRecipient.workspace_id == self._workspace_id,
                is_any(col(OutgoingRecipient.outgoing_id), list(ids)),
            )
            .order_by(col(OutgoingRecipient.outgoing_id), col(OutgoingRecipient.n))
        )
        grouped: dict[OutgoingId, list[OutgoingRecipient]] = {}
        for one in (await self._session.exec(statement)).all():
            grouped.setdefault(one.outgoing_id, []).append(one)
        return grouped

    async def files(self, outgoing_id: OutgoingId) -> Sequence[OutgoingFile]:
        return (await self.files_of([outgoing_id])).get(outgoing_id, [])

    async def files_of(self, ids: Iterable[OutgoingId]) -> dict[OutgoingId, list[OutgoingFile]]:
        statement = (
            select(OutgoingFile)
            .where(
                OutgoingFile.workspace_id == self._workspace_id,
                is_any(col(OutgoingFile.outgoing_id), list(ids)),
            )
            .order_by(col(OutgoingFile.outgoing_id), col(OutgoingFile.n))
        )
        grouped: dict[OutgoingId, list[OutgoingFile]] = {}
        for one in (await self._session.exec(statement)).all():
            grouped.setdefault(one.outgoing_id, []).append(one)
        return grouped

    async def page(
        self, wanted: OutgoingFilter, *, before: OutgoingId | None, limit: int
    ) -> Sequence[Outgoing]:
        """The latest first. `before` is the last row of the page before."""
        statement = (
            select(Outgoing)
            .where(Outgoing.workspace_id == self._workspace_id, *_conditions(wanted))
            .order_by(col(Outgoing.id).desc())
            .limit(limit)
        )
        if before is not None:
            statement = statement.where(col(Outgoing.id) < before)
        return (await self._session.exec(statement)).all()

    async def get_many(self, ids: Iterable[OutgoingId]) -> Sequence[Outgoing]:
        statement = select(Outgoing).where(
            Outgoing.workspace_id == self._workspace_id, is_any(col(Outgoing.id), list(ids))
        )
        return (await self._session.exec(statement)).all()

    async def on_the_way(self, conversation_id: ConversationId) -> Sequence[Outgoing]:
        """Those that are no messages of their conversation yet and may become some, latest first.

        As many as anybody could look at.
        """
        statement = (
            select(Outgoing)
            .where(
                Outgoing.workspace_id == self._workspace_id,
                Outgoing.conversation_id == conversation_id,
                col(Outgoing.message_id).is_(None),
                col(Outgoing.state).in_(_ON_THE_WAY),
            )
            .order_by(col(Outgoing.id).desc())
            .limit(_LOOKED_AT)
        )
        return (await self._session.exec(statement)).all()

    async def were_on_the_way(
        self, conversation_id: ConversationId, moment: datetime
    ) -> Sequence[OutgoingId]:
        """Those that had been asked for by then and had not become messages."""
        became = and_(
            col(Message.workspace_id) == col(Outgoing.workspace_id),
            col(Message.id) == col(Outgoing.message_id),
        )
        statement = (
            select(Outgoing.id)
            .outerjoin(Message, became)
            .where(
                col(Outgoing.workspace_id) == self._workspace_id,
                col(Outgoing.conversation_id) == conversation_id,
                col(Outgoing.created_at) <= moment,
                or_(
                    and_(
                        col(Outgoing.message_id).is_(None),
                        col(Outgoing.state).in_(_ON_THE_WAY),
                    ),
                    and_(col(Message.created_at) > moment, col(Message.imported).is_(False)),
                ),
            )
        )
        return [OutgoingId(one) for one in await self._session.exec(statement)]

    async def sent_within(self, account_id: AccountId, span: timedelta) -> tuple[int, float]:
        """How many mails left the account in this time, and for how long that still counts.

        The second number is the seconds until the oldest of them is out of the span.
        """
        oldest = func.min(Outgoing.sent_at)
        statement = select(
            func.count(),
            func.coalesce(func.extract("epoch", oldest + span - func.now()), 0),
        ).where(
            col(Outgoing.workspace_id) == self._workspace_id,
            col(Outgoing.account_id) == account_id,
            col(Outgoing.sent_at) > func.now() - span,
        )
        count, seconds = (await self._session.exec(statement)).one()
        return int(count), max(float(seconds), 0.0)

    async def automatic_ones(
        self, account_id: AccountId, addresses: Sequence[str]
    ) -> AutomaticOnes:
        """What rules have sent lately: to any of these addresses, and in all."""
        recent = (
            col(Outgoing.workspace_id) == self._workspace_id,
            col(Outgoing.account_id) == account_id,
            col(Outgoing.is_automatic),
            or_(col(Outgoing.state) != OutgoingState.CANCELLED, col(Outgoing.past_the_dot)),
        )
        to_them = (
            select(func.count(func.distinct(Outgoing.id)))
            .join(
                OutgoingRecipient,
                (col(OutgoingRecipient.workspace_id) == col(Outgoing.workspace_id))
                & (col(OutgoingRecipient.outgoing_id) == col(Outgoing.id)),
            )
            .where(
                *recent,
                col(Outgoing.created_at) > func.now() - timedelta(days=1),
                func.lower(OutgoingRecipient.address).in_([one.lower() for one in addresses]),
            )
        )
        in_all = select(func.count()).where(
            *recent, col(Outgoing.created_at) > func.now() - timedelta(hours=1)
        )
        return AutomaticOnes(
            (await self._session.exec(to_them)).one(), (await self._session.exec(in_all)).one()
        )

    async def looked_for(self, account_id: AccountId) -> Sequence[Outgoing]:
        """Mails of which nobody knows whether they left, and that were looked for since.

        Also those that nobody could look for in time.
        """
        statement = (
            select(Outgoing)
            .where(
                Outgoing.workspace_id == self._workspace_id,
                Outgoing.account_id == account_id,
                IS_JUDGED,
            )
            .order_by(col(Outgoing.id))
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.exec(statement)).all()

    async def by_internet_message_id(
        self, account_id: AccountId, ids: Iterable[str]
    ) -> Sequence[Outgoing]:
        statement = select(Outgoing).where(
            Outgoing.workspace_id == self._workspace_id,
            Outgoing.account_id == account_id,
            is_any(col(Outgoing.internet_message_id), list(ids)),
        )
        return (await self._session.exec(statement)).all()

    async def in_doubt_among(self, account_id: AccountId, ids: Iterable[str]) -> Sequence[Outgoing]:
        """Of these Message-IDs, the mails that may have left and count as sent for nobody; locked.

        Those that were dropped are among them.
        """
        statement = (
            select(Outgoing)
            .where(
                Outgoing.workspace_id == self._workspace_id,
                Outgoing.account_id == account_id,
                is_any(col(Outgoing.internet_message_id), list(ids)),
                col(Outgoing.sent_at).is_(None),
                or_(
                    col(Outgoing.state) == OutgoingState.UNKNOWN,
                    and_(
                        col(Outgoing.state) == OutgoingState.CANCELLED, col(Outgoing.past_the_dot)
                    ),
                ),
            )
            .order_by(col(Outgoing.id))
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.exec(statement)).all()

    async def time(self) -> datetime:
        """The database's own clock."""
        now: datetime = (await self._session.exec(select(func.now()))).one()
        return now


def _conditions(wanted: OutgoingFilter) -> Iterable[Any]:
    if wanted.account_ids is not None:
        yield col(Outgoing.account_id).in_(wanted.account_ids)
    if wanted.conversation_id is not None:
        yield col(Outgoing.conversation_id) == wanted.conversation_id
    if wanted.state is not None:
        yield col(Outgoing.state) == wanted.state
