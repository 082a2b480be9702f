"""The folders of accounts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, bindparam, exists, func, or_
from sqlmodel import col, select

from app.core.errors import NotFound
from app.core.ids import AccountId, MailboxId
from app.store.bulk import is_any, update_many
from app.store.models import Mailbox, Placement, PlacementState
from app.store.new import Progress
from app.store.repositories.base import Repository

_ORDER = (
    col(Mailbox.watched).desc(),
    func.coalesce(Mailbox.role, "") == "sent",
    col(Mailbox.name),
)
"""The watched folders first, of these the one for sent mail last."""


def _with_begun() -> Any:  # noqa: ANN401 -- a statement
    begun = (
        select(Placement.uid)
        .where(
            col(Placement.workspace_id) == col(Mailbox.workspace_id),
            col(Placement.mailbox_id) == col(Mailbox.id),
            col(Placement.uidvalidity) == col(Mailbox.uidvalidity),
            col(Placement.state) == PlacementState.PENDING,
            col(Placement.uid) >= func.coalesce(col(Mailbox.first_uid), 0),
        )
        .order_by(col(Placement.uid))
    )
    return select(Mailbox, func.array(begun.scalar_subquery(), type_=ARRAY(BigInteger))).where(
        col(Mailbox.workspace_id) == bindparam("team"), col(Mailbox.id) == bindparam("folder")
    )


_WITH_BEGUN: Final = _with_begun()
"""Built once: to build it takes longer than Postgres takes to answer it."""


def is_reconciled(workspace_id: Any, account_id: Any) -> tuple[Any, ...]:  # noqa: ANN401 -- values or parameters
    """Of the folders of an account: that are watched or hold mails of ours."""
    ours = exists().where(
        col(Placement.workspace_id) == col(Mailbox.workspace_id),
        col(Placement.mailbox_id) == col(Mailbox.id),
        col(Placement.uidvalidity) == col(Mailbox.uidvalidity),
        col(Placement.state) == PlacementState.STORED,
        col(Placement.gone_at).is_(None),
    )
    return (
        col(Mailbox.workspace_id) == workspace_id,
        col(Mailbox.account_id) == account_id,
        col(Mailbox.uidvalidity).is_not(None),
        or_(col(Mailbox.watched), ours),
    )


class Mailboxes(Repository):
    def add(self, mailbox: Mailbox) -> None:
        self._session.add(mailbox)

    async def get(self, mailbox_id: MailboxId) -> Mailbox:
        """Raises `NotFound`."""
        mailbox = await self._session.get(Mailbox, (self._workspace_id, mailbox_id))
        if mailbox is None:
            raise NotFound("There is no such folder.")
        return mailbox

    async def with_begun(self, mailbox_id: MailboxId) -> tuple[Mailbox, list[int]]:
        """A folder, and the UIDs of our own time that were begun in it and not settled, in order.

        Older ones are the import's. Raises `NotFound`.
        """
        values = {"team": self._workspace_id, "folder": mailbox_id}
        found = (await self._session.exec(_WITH_BEGUN, params=values)).one_or_none()
        if found is None:
            raise NotFound("There is no such folder.")
        mailbox, begun = found
        return mailbox, begun

    async def advance(self, progress: Progress) -> None:
        """Note how far we are in a folder, together with the mails that brought us there."""
        await update_many(self._session, "mailboxes", [progress])

    async def named(self, account_id: AccountId, name: str) -> Mailbox:
        """The folder of this name; made where we did not know it."""
        statement = select(Mailbox).where(
            Mailbox.workspace_id == self._workspace_id,
            Mailbox.account_id == account_id,
            Mailbox.name == name,
        )
        mailbox = (await self._session.exec(statement)).one_or_none()
        if mailbox is None:
            mailbox = self.new(account_id, name)
            await self._session.flush()
        return mailbox

    def new(self, account_id: AccountId, name: str) -> Mailbox:
        """A folder of which it is known that we did not know it."""
        mailbox = Mailbox(workspace_id=self._workspace_id, account_id=account_id, name=name)
        self._session.add(mailbox)
        return mailbox

    async def of_account(self, account_id: AccountId) -> Sequence[Mailbox]:
        """All folders, the watched ones first, then by name."""
        statement = (
            select(Mailbox)
            .where(Mailbox.workspace_id == self._workspace_id, Mailbox.account_id == account_id)
            .order_by(*_ORDER)
        )
        return (await self._session.exec(statement)).all()

    async def due_for_reconciliation(self, account_id: AccountId, now: datetime) -> Mailbox | None:
        """The folder whose time came first, of those that are watched or hold mails of ours."""
        statement = (
            select(Mailbox)
            .where(
                *is_reconciled(self._workspace_id, account_id),
                or_(
                    col(Mailbox.next_reconcile_at).is_(None),
                    col(Mailbox.next_reconcile_at) <= now,
                ),
                or_(col(Mailbox.parked_until).is_(None), col(Mailbox.parked_until) <= now),
            )
            .order_by(col(Mailbox.next_reconcile_at).asc().nulls_first())
            .limit(1)
        )
        return (await self._session.exec(statement)).one_or_none()

    async def of_accounts(
        self, account_ids: Sequence[AccountId]
    ) -> Mapping[AccountId, list[Mailbox]]:
        statement = (
            select(Mailbox)
            .where(
                Mailbox.workspace_id == self._workspace_id,
                is_any(col(Mailbox.account_id), account_ids),
            )
            .order_by(*_ORDER)
        )
        grouped: dict[AccountId, list[Mailbox]] = {}
        for mailbox in (await self._session.exec(statement)).all():
            grouped.setdefault(mailbox.account_id, []).append(mailbox)
        return grouped
