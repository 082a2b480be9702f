"""The Slack channels we post to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, union, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.core.ids import AccountId, ChannelId
from app.store.bulk import is_any
from app.store.models import (
    Account,
    Channel,
    Note,
    Post,
    PostKind,
    PostState,
    Route,
    Workspace,
)
from app.store.repositories.base import Repository

_OF_MAIL: Final = (PostKind.CARD, PostKind.MAIL, PostKind.QUARANTINE, PostKind.OUTGOING)


@dataclass(frozen=True, slots=True)
class Parked:
    """Posts that Slack will not take; `mails` of them are mails that nobody sees."""

    count: int
    mails: int
    detail: str
    """Why: what Slack said of one of them."""


class Channels(Repository):
    async def get(self, channel_id: ChannelId) -> Channel:
        """The channel's row; made at the first call."""
        channel = await self._session.get(Channel, (self._workspace_id, channel_id))
        if channel is not None:
            return channel
        statement = (
            insert(Channel)
            .values(workspace_id=self._workspace_id, id=channel_id, state="open", detail="")
            .on_conflict_do_nothing()
        )
        await self._session.exec(statement)
        return await self._session.get_one(Channel, (self._workspace_id, channel_id))

    async def lock(self, channel_id: ChannelId) -> Channel:
        """The channel's row, held against other changes until we commit; made at the first call."""
        await self.get(channel_id)
        statement = (
            select(Channel)
            .where(Channel.workspace_id == self._workspace_id, Channel.id == channel_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.exec(statement)).one()

    async def rename(self, old: ChannelId, new: ChannelId) -> None:
        """Have everything that names a channel name it by its new id."""
        if await self.find(new) is None:
            statement = (
                update(Channel)
                .where(col(Channel.workspace_id) == self._workspace_id, col(Channel.id) == old)
                .values(id=new)
            )
            await self._session.exec(statement)
        for table in (Account, Route, Post, Note):
            await self._session.exec(
                update(table)
                .where(col(table.workspace_id) == self._workspace_id, col(table.channel_id) == old)
                .values(channel_id=new)
            )
        await self._session.exec(
            update(Workspace)
            .where(col(Workspace.id) == self._workspace_id, col(Workspace.ops_channel_id) == old)
            .values(ops_channel_id=new)
        )

    async def find(
        self, channel_id: ChannelId, *, of_accounts: frozenset[AccountId] | None = None
    ) -> Channel | None:
        """The channel, if we post to it; as `page`."""
        statement = select(Channel).where(
            Channel.workspace_id == self._workspace_id, Channel.id == channel_id
        )
        if of_accounts is not None:
            statement = statement.where(col(Channel.id).in_(self._channels_of(of_accounts)))
        return (await self._session.exec(statement)).one_or_none()

    async def page(
        self,
        *,
        after: ChannelId | None,
        limit: int,
        of_accounts: frozenset[AccountId] | None = None,
    ) -> Sequence[Channel]:
        """Channels by their ids; only those that certain accounts post to, where that is given."""
        statement = (
            select(Channel)
            .where(Channel.workspace_id == self._workspace_id)
            .order_by(col(Channel.id))
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(col(Channel.id) > after)
        if of_accounts is not None:
            statement = statement.where(col(Channel.id).in_(self._channels_of(of_accounts)))
        return (await self._session.exec(statement)).all()

    def _channels_of(self, accounts: frozenset[AccountId]) -> Any:  # noqa: ANN401 -- a subquery
        """Where these accounts post to, by whichever route."""
        own = select(Account.channel_id).where(
            Account.workspace_id == self._workspace_id, is_any(col(Account.id), list(accounts))
        )
        routed = select(Route.channel_id).where(
            Route.workspace_id == self._workspace_id, is_any(col(Route.account_id), list(accounts))
        )
        return union(own, routed)

    async def parked(self, channel_ids: Sequence[ChannelId]) -> dict[ChannelId, Parked]:
        """What Slack refused for good in each of these channels."""
        statement = (
            select(
                Post.channel_id,
                func.count(),
                func.count().filter(col(Post.kind).in_(_OF_MAIL)),
                func.max(Post.detail),
            )
            .where(
                Post.workspace_id == self._workspace_id,
                is_any(col(Post.channel_id), channel_ids),
                col(Post.state) == PostState.PARKED,
            )
            .group_by(col(Post.channel_id))
        )
        rows = await self._session.exec(statement)
        return {ChannelId(id_): Parked(count, mails, detail) for id_, count, mails, detail in rows}

    async def unsent(self, channel_ids: Sequence[ChannelId]) -> dict[ChannelId, int]:
        """How many posts each of these channels waits for."""
        statement = (
            select(Post.channel_id, func.count())
            .where(
                Post.workspace_id == self._workspace_id,
                is_any(col(Post.channel_id), channel_ids),
                col(Post.state).in_((PostState.WAITING, PostState.CLAIMED)),
            )
            .group_by(col(Post.channel_id))
        )
        return {ChannelId(id_): count for id_, count in await self._session.exec(statement)}
