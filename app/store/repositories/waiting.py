"""What waits for an account's servers: open wishes and mails of ours, and what is shown of them.

And how long its own mail has waited for Slack.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, update
from sqlmodel import col, select

from app.core.ids import AccountId, ChannelId
from app.store.bulk import is_any
from app.store.models import (
    WAITING,
    Account,
    Command,
    CommandState,
    Conversation,
    Outgoing,
    Post,
    PostKind,
)
from app.store.repositories.base import Repository
from app.store.repositories.drawing import UNSENT

_OPEN = (CommandState.QUEUED, CommandState.RUNNING)
_TELLING = (PostKind.CARD, PostKind.OUTGOING, PostKind.DIRECT)


@dataclass(frozen=True, slots=True)
class Backlog:
    commands: int = 0
    mails: int = 0


class Waiting(Repository):
    async def of_accounts(self, account_ids: Collection[AccountId]) -> dict[AccountId, Backlog]:
        """How much waits for each of these accounts; those without any are left out."""
        if not account_ids:
            return {}
        wishes = (
            select(Command.account_id, func.count())
            .where(
                Command.workspace_id == self._workspace_id,
                is_any(col(Command.account_id), list(account_ids)),
                col(Command.state).in_(_OPEN),
            )
            .group_by(col(Command.account_id))
        )
        mails = (
            select(Outgoing.account_id, func.count())
            .where(
                Outgoing.workspace_id == self._workspace_id,
                is_any(col(Outgoing.account_id), list(account_ids)),
                col(Outgoing.state).in_(WAITING),
            )
            .group_by(col(Outgoing.account_id))
        )
        commands = {AccountId(one): n for one, n in await self._session.exec(wishes)}
        unsent = {AccountId(one): n for one, n in await self._session.exec(mails)}
        return {
            one: Backlog(commands.get(one, 0), unsent.get(one, 0))
            for one in commands.keys() | unsent.keys()
        }

    async def unshown_since(self, account_ids: Collection[AccountId]) -> dict[AccountId, datetime]:
        """Since when the oldest mail of each waits that Slack does not show; none waits: left out.

        What a burst holds back waits on purpose, and is shown by its digest.
        """
        if not account_ids:
            return {}
        statement = (
            select(Conversation.account_id, func.min(Post.created_at))
            .join(
                Conversation,
                (col(Conversation.workspace_id) == col(Post.workspace_id))
                & (col(Conversation.id) == col(Post.conversation_id)),
            )
            .where(
                Post.workspace_id == self._workspace_id,
                col(Post.state).in_(UNSENT),
                col(Post.kind).in_((PostKind.CARD, PostKind.MAIL)),
                is_any(col(Conversation.account_id), list(account_ids)),
            )
            .group_by(col(Conversation.account_id))
        )
        return {AccountId(one): at for one, at in await self._session.exec(statement)}

    async def paused(self, among: Collection[AccountId] | None) -> Sequence[Account]:
        """Those of these accounts (None: of all) on whose servers nothing is done, by address."""
        statement = (
            select(Account)
            .where(Account.workspace_id == self._workspace_id, col(Account.paused_at).is_not(None))
            .order_by(col(Account.address))
        )
        if among is not None:
            statement = statement.where(is_any(col(Account.id), list(among)))
        return (await self._session.exec(statement)).all()

    async def paused_since(self, among: Collection[AccountId]) -> dict[AccountId, datetime]:
        """Since when these accounts are paused; those that are not are left out."""
        found = await self.paused(among) if among else ()
        return {AccountId(one.id): one.paused_at for one in found if one.paused_at}

    async def mark_stale(self, account_id: AccountId) -> frozenset[ChannelId]:
        """What Slack shows of all that waits for it has changed. Answers the channels."""
        wished = select(Command.conversation_id).where(
            Command.workspace_id == self._workspace_id,
            Command.account_id == account_id,
            col(Command.state).in_(_OPEN),
        )
        written = select(Outgoing.conversation_id).where(
            Outgoing.workspace_id == self._workspace_id,
            Outgoing.account_id == account_id,
            col(Outgoing.state).in_(WAITING),
        )
        statement = (
            update(Post)
            .where(
                col(Post.workspace_id) == self._workspace_id,
                col(Post.conversation_id).in_(wished.union(written)),
                col(Post.kind).in_(_TELLING),
            )
            .values(wanted=Post.wanted + 1)
            .returning(col(Post.channel_id))
        )
        return frozenset((await self._session.exec(statement)).scalars())

    async def begin_anew(self, account_id: AccountId) -> None:
        """Mails whose time came while nobody could send them are due now, and not overdue."""
        await self._session.exec(
            update(Outgoing)
            .where(
                col(Outgoing.workspace_id) == self._workspace_id,
                col(Outgoing.account_id) == account_id,
                col(Outgoing.state).in_(WAITING),
                col(Outgoing.due_at) < func.now(),
            )
            .values(due_at=func.now())
        )
