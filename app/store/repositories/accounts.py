"""Connected mail accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, text
from sqlmodel import col, select

from app.core.errors import NotFound, SharedBoxError
from app.core.ids import AccountId, ChannelId
from app.store.bulk import is_any
from app.store.models import WAITING, Account, Conversation, Message, Note, Outgoing, Route
from app.store.repositories.base import Repository


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much of what an account has here; `unsent` mails wait to be sent."""

    mails: int
    conversations: int
    notes: int
    unsent: int


_LEAVE_BLOBS: Final = text("""
INSERT INTO unneeded_blobs (workspace_id, sha256)
SELECT :team, raw_sha256 FROM messages WHERE workspace_id = :team AND account_id = :account
UNION
SELECT :team, raw_sha256 FROM outgoing WHERE workspace_id = :team AND account_id = :account
UNION
SELECT :team, file.sha256 FROM outgoing_files AS file
JOIN outgoing ON outgoing.workspace_id = file.workspace_id AND outgoing.id = file.outgoing_id
WHERE outgoing.workspace_id = :team AND outgoing.account_id = :account
UNION
SELECT :team, placement.raw_sha256 FROM placements AS placement
JOIN mailboxes AS mailbox
    ON mailbox.workspace_id = placement.workspace_id AND mailbox.id = placement.mailbox_id
WHERE placement.workspace_id = :team AND mailbox.account_id = :account
    AND placement.state = 'quarantined' AND placement.raw_sha256 IS NOT NULL
ORDER BY 2
ON CONFLICT (workspace_id, sha256) DO UPDATE SET set_aside_at = NULL
""")


class OwnershipLost(SharedBoxError):
    """Another worker has taken the account: what we were about to write is not ours to write."""


class AccountPaused(OwnershipLost):
    """Somebody wants the account let be: what was begun is ended, and nothing new is begun."""


class Accounts(Repository):
    def add(self, account: Account) -> None:
        self._session.add(account)

    async def get(self, account_id: AccountId) -> Account:
        """Raises `NotFound`."""
        account = await self._session.get(Account, (self._workspace_id, account_id))
        if account is None:
            raise NotFound("There is no such account.", fix="List the accounts to find its id.")
        return account

    async def lock(self, account_id: AccountId) -> Account:
        """The account, held against other changes until we commit. Raises `NotFound`."""
        statement = (
            select(Account)
            .where(Account.workspace_id == self._workspace_id, Account.id == account_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        account = (await self._session.exec(statement)).one_or_none()
        if account is None:
            raise NotFound("There is no such account.", fix="List the accounts to find its id.")
        return account

    async def owned(self, account_id: AccountId, fence: int) -> Account:
        """The account, held so that no other worker can take it before we commit.

        Raises `OwnershipLost` where one has taken it already, or where the account was removed.
        """
        statement = (
            select(Account)
            .where(Account.workspace_id == self._workspace_id, Account.id == account_id)
            .with_for_update(read=True)
            .execution_options(populate_existing=True)
        )
        return _owned((await self._session.exec(statement)).one_or_none(), fence)

    async def still_owned(self, account_id: AccountId, fence: int) -> Account:
        """The account, where nothing is to be written: it may be taken the next moment.

        Raises as `owned`.
        """
        account = await self._session.get(Account, (self._workspace_id, account_id))
        return _owned(account, fence)

    async def tended(self, account_id: AccountId, fence: int) -> Account:
        """As `owned`, for whoever begins something new. Raises `AccountPaused` as well."""
        return _tended(await self.owned(account_id, fence))

    async def still_tended(self, account_id: AccountId, fence: int) -> Account:
        """As `still_owned`. Raises `AccountPaused` as well."""
        return _tended(await self.still_owned(account_id, fence))

    async def find_by_address(self, address: str) -> Account | None:
        """However it is written: servers that tell `Ana@` from `ana@` are not known to exist."""
        statement = (
            select(Account)
            .where(
                Account.workspace_id == self._workspace_id,
                func.lower(Account.address) == address.lower(),
            )
            .limit(1)
        )
        return (await self._session.exec(statement)).one_or_none()

    async def page(
        self,
        *,
        after: AccountId | None,
        limit: int,
        only: frozenset[AccountId] | None = None,
        channels: frozenset[ChannelId] | None = None,
    ) -> Sequence[Account]:
        """Accounts in the order they were connected.

        `only` certain ones, or those whose mail goes to certain `channels`, where that is given.
        """
        statement = (
            select(Account)
            .where(Account.workspace_id == self._workspace_id)
            .order_by(col(Account.id))
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(col(Account.id) > after)
        if only is not None:
            statement = statement.where(is_any(col(Account.id), list(only)))
        if channels is not None:
            routed = select(Route.account_id).where(
                Route.workspace_id == self._workspace_id,
                is_any(col(Route.channel_id), list(channels)),
            )
            statement = statement.where(
                col(Account.channel_id).in_(channels) | col(Account.id).in_(routed)
            )
        return (await self._session.exec(statement)).all()

    async def holdings(self, account_id: AccountId) -> Holdings:
        """What would go with an account."""
        ours = col(Conversation.workspace_id) == self._workspace_id
        talks = select(Conversation.id).where(ours, Conversation.account_id == account_id)
        counted = (
            select(func.count()).select_from(Message).where(
                Message.workspace_id == self._workspace_id, Message.account_id == account_id
            ),
            select(func.count()).select_from(talks.subquery()),
            select(func.count()).select_from(Note).where(
                Note.workspace_id == self._workspace_id, col(Note.conversation_id).in_(talks)
            ),
            select(func.count()).select_from(Outgoing).where(
                Outgoing.workspace_id == self._workspace_id,
                Outgoing.account_id == account_id,
                col(Outgoing.state).in_(WAITING),
            ),
        )  # fmt: skip
        return Holdings(*[(await self._session.exec(one)).one() for one in counted])

    async def delete(self, account: Account) -> None:
        """Remove it and all that hangs on it: folders, mail, conversations, commands, posts."""
        await self._session.delete(account)

    async def leave_blobs(self, account_id: AccountId) -> None:
        """Have the bytes of its mail swept, once it is gone and where nobody else has them."""
        connection = await self._session.connection()
        values = {"team": self._workspace_id, "account": account_id}
        await connection.execute(_LEAVE_BLOBS, values)


def _owned(account: Account | None, fence: int) -> Account:
    if account is None or account.fence != fence:
        raise OwnershipLost("This worker no longer owns the account.")
    return account


def _tended(account: Account) -> Account:
    if account.paused_at is not None:
        raise AccountPaused("The account is paused.")
    return account
