"""What is left to do for one account, and when: asked by one statement after every look at it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, DateTime, bindparam, func
from sqlmodel import col, select

from app.core.ids import AccountId
from app.store.models import HistoryImport, ImportState, Mailbox
from app.store.repositories.base import Repository
from app.store.repositories.commands import next_try
from app.store.repositories.mailboxes import is_reconciled

_TEAM: Final[ColumnElement[Any]] = bindparam("team")
_ACCOUNT: Final[ColumnElement[Any]] = bindparam("account")


@dataclass(frozen=True, slots=True)
class Agenda:
    has_import: bool
    """History was asked for."""
    retry_at: datetime | None
    """When the first wish that waits for another attempt is due."""
    reconcile_at: datetime | None
    """When the first folder is to be reconciled; None where there is none."""


def _agenda() -> Any:  # noqa: ANN401 -- a statement
    imports = select(HistoryImport.account_id).where(
        col(HistoryImport.workspace_id) == _TEAM,
        col(HistoryImport.account_id) == _ACCOUNT,
        col(HistoryImport.state) == ImportState.RUNNING,
    )
    now = bindparam("now", type_=DateTime(timezone=True))
    due_at = func.greatest(func.coalesce(Mailbox.next_reconcile_at, now), Mailbox.parked_until)
    reconciliations = select(func.min(due_at)).where(*is_reconciled(_TEAM, _ACCOUNT))
    return select(
        imports.exists(),
        next_try(_TEAM, _ACCOUNT).scalar_subquery(),
        reconciliations.scalar_subquery(),
    )


_AGENDA: Final = _agenda()
"""Built once: to build it takes longer than Postgres takes to answer it."""


class Agendas(Repository):
    async def of(self, account_id: AccountId, now: datetime) -> Agenda:
        values = {"team": self._workspace_id, "account": account_id, "now": now}
        return Agenda(*(await self._session.exec(_AGENDA, params=values)).one())
