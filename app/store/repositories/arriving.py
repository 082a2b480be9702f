"""What is to be known wherever mail is stored, by one statement: somebody waits for a new mail.

Of most of it there is nothing: no rule, no route, no copy of the same mail. So it is only asked
whether there is any, and whoever gets a yes asks for the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    LargeBinary,
    Select,
    String,
    any_,
    bindparam,
    func,
    or_,
    select,
)
from sqlmodel import col

from app.core.ids import AccountId, MailboxId
from app.store.models import Account, Mailbox, Message, Outgoing, Proof, Route, Rule, SenderIdentity
from app.store.repositories.accounts import OwnershipLost
from app.store.repositories.base import Repository
from app.store.repositories.merging import turn_of

_TEAM: Final[ColumnElement[Any]] = bindparam("team")
_ACCOUNT: Final[ColumnElement[Any]] = bindparam("account")


@dataclass(frozen=True, slots=True)
class Around:
    """Of one account, and of the mails that are about to be stored in one of its folders."""

    account: Account
    mailbox: Mailbox
    proven: frozenset[str]
    """Addresses that were proven to be the account's own, in lower case."""
    has_rules: bool
    has_routes: bool
    has_copies: bool
    """Some of these mails are there already, byte by byte."""
    has_sent: bool
    """Some of these mails were sent from here."""


def _owned() -> Select[*tuple[Any, ...]]:
    proven = select(func.lower(SenderIdentity.address)).where(
        col(SenderIdentity.workspace_id) == _TEAM,
        col(SenderIdentity.account_id) == _ACCOUNT,
        col(SenderIdentity.proof) == Proof.VERIFIED,
    )
    rules = select(col(Rule.id)).where(
        col(Rule.workspace_id) == _TEAM,
        col(Rule.enabled),
        or_(col(Rule.account_id).is_(None), col(Rule.account_id) == _ACCOUNT),
    )
    routes = select(col(Route.id)).where(
        col(Route.workspace_id) == _TEAM, col(Route.account_id) == _ACCOUNT
    )
    copies = select(col(Message.id)).where(
        col(Message.workspace_id) == _TEAM,
        col(Message.account_id) == _ACCOUNT,
        col(Message.raw_sha256) == any_(bindparam("digests", type_=ARRAY(LargeBinary))),
    )
    sent = select(col(Outgoing.id)).where(
        col(Outgoing.workspace_id) == _TEAM,
        col(Outgoing.account_id) == _ACCOUNT,
        col(Outgoing.internet_message_id) == any_(bindparam("names", type_=ARRAY(String))),
    )
    return (
        select(
            Account,
            Mailbox,
            func.array(proven.scalar_subquery(), type_=ARRAY(String)),
            *(some.exists() for some in (rules, routes, copies, sent)),
            func.pg_advisory_xact_lock_shared(func.hashtextextended(bindparam("turn"), 0)),
        )
        .join(Mailbox, col(Mailbox.workspace_id) == col(Account.workspace_id))
        .where(
            col(Account.workspace_id) == _TEAM,
            col(Account.id) == _ACCOUNT,
            col(Account.fence) == bindparam("fence"),
            col(Mailbox.id) == bindparam("mailbox"),
        )
        .with_for_update(read=True, of=Account)
        .execution_options(populate_existing=True)
    )


_OWNED: Final = _owned()
"""Built once: to build it takes longer than Postgres takes to answer it."""


class Arriving(Repository):
    async def owned(
        self,
        mailbox_id: MailboxId,
        account_id: AccountId,
        fence: int,
        *,
        digests: Sequence[bytes],
        internet_message_ids: Sequence[str],
    ) -> Around:
        """A folder, its account, held as `Accounts.owned` holds it, and what is around the mails.

        Which conversation is merged into which stays as it is until we commit; any number of us may
        see to that at once. To be called before a conversation is locked. Raises `OwnershipLost`.
        """
        values = {
            "team": self._workspace_id,
            "account": account_id,
            "fence": fence,
            "mailbox": mailbox_id,
            "digests": list(digests),
            "names": list(internet_message_ids),
            "turn": turn_of(self._workspace_id),
        }
        found = await self._session.exec(_OWNED, params=values)  # type: ignore[call-overload]
        row = found.one_or_none()
        if row is None:
            raise OwnershipLost("This worker no longer owns the account, or its folder is gone.")
        account, mailbox, proven, *has, _ = row
        return Around(account, mailbox, frozenset(proven), *has)
