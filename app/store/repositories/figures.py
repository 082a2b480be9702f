"""Numbers of how everything is doing: of the whole installation, or of what one team may see."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from app.core.ids import AccountId, WorkspaceId
from app.store.base import Tenanted
from app.store.bulk import is_any
from app.store.models import (
    Account,
    AccountState,
    Channel,
    ChannelState,
    Command,
    CommandState,
    Conversation,
    Mailbox,
    Placement,
    PlacementState,
    Post,
    PostState,
)
from app.store.repositories.silence import silent_accounts

UNSENT: Final = (PostState.WAITING, PostState.CLAIMED)


@dataclass(frozen=True, slots=True)
class Figures:
    """Ages are in seconds; 0 where nothing waits. Nobody waits for an account that is paused."""

    accounts: dict[AccountState, int]
    missing: int
    quarantined: int
    silent: int
    unstable: int
    commands_open: int
    commands_failed: int
    posts_unsent: int
    posts_parked: int
    channels_paused: int
    feed_lag_seconds: float
    check_lag_seconds: float
    uids_on_server: int
    reconcile_lag_seconds: float


async def figures(
    session: AsyncSession,
    workspace_id: WorkspaceId | None = None,
    only: Collection[AccountId] | None = None,
) -> Figures:
    """Of one workspace where it is named, and `only` of certain accounts there.

    What belongs to no account (channels, posts without a conversation) is counted for whoever sees
    all of them.
    """
    return await _Counting(session, workspace_id, only).all()


class _Counting:
    def __init__(
        self,
        session: AsyncSession,
        workspace_id: WorkspaceId | None,
        only: Collection[AccountId] | None,
    ) -> None:
        self._session = session
        self._workspace_id = workspace_id
        self._only = None if only is None else list(only)

    async def all(self) -> Figures:
        states = (
            select(Account.state, func.count())
            .where(*self._within(Account), *self._seen(col(Account.id)))
            .group_by(col(Account.state))
        )
        watched = self._watched()
        tended = [*watched, self._is_tended()]
        unsent = [*self._posts(), col(Post.state).in_(UNSENT)]
        return Figures(
            accounts={AccountState(state): n for state, n in await self._session.exec(states)},
            missing=await self._number(select(func.sum(Mailbox.missing)).where(*watched)),
            quarantined=await self._quarantined(),
            silent=await self._silent(),
            unstable=await self._count(Mailbox, *tended, col(Mailbox.unstable_since).is_not(None)),
            commands_open=await self._commands(CommandState.QUEUED, CommandState.RUNNING),
            commands_failed=await self._commands(CommandState.FAILED),
            posts_unsent=await self._count(Post, *unsent),
            posts_parked=await self._count(
                Post, *self._posts(), col(Post.state) == PostState.PARKED
            ),
            channels_paused=await self._channels_paused(),
            feed_lag_seconds=await self._age(select(func.min(Post.created_at)).where(*unsent)),
            check_lag_seconds=await self._age(
                select(func.min(Mailbox.last_checked_at)).where(*tended)
            ),
            uids_on_server=await self._number(
                select(func.sum(Mailbox.uids_on_server)).where(*watched)
            ),
            reconcile_lag_seconds=await self._age(
                select(func.min(Mailbox.last_reconciled_at)).where(*tended)
            ),
        )

    def _within(self, model: type[Tenanted]) -> list[ColumnElement[bool]]:
        if self._workspace_id is None:
            return []
        return [col(model.workspace_id) == self._workspace_id]

    def _seen(self, account_id: Any) -> list[ColumnElement[bool]]:  # noqa: ANN401 -- a column of any model
        return [] if self._only is None else [is_any(account_id, self._only)]

    def _watched(self) -> list[ColumnElement[bool]]:
        return [
            col(Mailbox.watched).is_(True),
            *self._within(Mailbox),
            *self._seen(col(Mailbox.account_id)),
        ]

    def _is_tended(self) -> ColumnElement[bool]:
        return (
            select(Account.id)
            .where(
                col(Account.workspace_id) == col(Mailbox.workspace_id),
                col(Account.id) == col(Mailbox.account_id),
                col(Account.paused_at).is_(None),
            )
            .exists()
        )

    def _posts(self) -> list[ColumnElement[bool]]:
        within = self._within(Post)
        if self._only is None:
            return within
        theirs = select(Conversation.id).where(
            *self._within(Conversation), *self._seen(col(Conversation.account_id))
        )
        return [*within, col(Post.conversation_id).in_(theirs)]

    async def _quarantined(self) -> int:
        conditions = [
            *self._within(Placement), col(Placement.state) == PlacementState.QUARANTINED
        ]  # fmt: skip
        if self._only is not None:
            folders = select(Mailbox.id).where(
                *self._within(Mailbox), *self._seen(col(Mailbox.account_id))
            )
            conditions.append(col(Placement.mailbox_id).in_(folders))
        return await self._count(Placement, *conditions)

    async def _silent(self) -> int:
        return sum(
            self._workspace_id in {None, one.workspace_id}
            and (self._only is None or one.account_id in self._only)
            for one in await silent_accounts(self._session)
        )

    async def _commands(self, *states: CommandState) -> int:
        within = [*self._within(Command), *self._seen(col(Command.account_id))]
        return await self._count(Command, *within, col(Command.state).in_(states))

    async def _channels_paused(self) -> int:
        if self._only is not None:
            return 0
        is_paused = col(Channel.state) == ChannelState.PAUSED
        return await self._count(Channel, *self._within(Channel), is_paused)

    async def _count(self, model: type[Tenanted], *conditions: ColumnElement[bool]) -> int:
        return await self._number(select(func.count()).select_from(model).where(*conditions))

    async def _number(self, statement: SelectOfScalar[Any]) -> int:
        return int((await self._session.exec(statement)).one() or 0)

    async def _age(self, statement: SelectOfScalar[Any]) -> float:
        oldest = statement.scalar_subquery()
        seconds = select(func.extract("epoch", func.now() - oldest))
        return max(float((await self._session.exec(seconds)).one() or 0), 0.0)
