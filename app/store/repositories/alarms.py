"""Alarms: each raised once, resolved once, and told once."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, or_, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.core.errors import NotFound
from app.core.ids import AccountId, AlarmId, new_id
from app.store.models import Alarm, AlarmKind
from app.store.repositories.base import Repository


class Alarms(Repository):
    async def get(self, alarm_id: AlarmId) -> Alarm:
        """Raises `NotFound`."""
        alarm = await self._session.get(Alarm, (self._workspace_id, alarm_id))
        if alarm is None:
            raise NotFound("There is no such alarm.")
        return alarm

    async def lock(self, alarm_id: AlarmId) -> Alarm | None:
        """The alarm, held against other changes until we commit; None where it is gone."""
        statement = (
            select(Alarm)
            .where(Alarm.workspace_id == self._workspace_id, Alarm.id == alarm_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.exec(statement)).one_or_none()

    async def raise_(
        self,
        account_id: AccountId,
        folders: Sequence[str],
        since: datetime,
        kind: AlarmKind = AlarmKind.SILENT,
        *,
        folder: str = "",
    ) -> AlarmId | None:
        """Raise an alarm about an account, or one `folder`; None where one is raised already."""
        statement = (
            insert(Alarm)
            .values(
                workspace_id=self._workspace_id,
                id=new_id(),
                account_id=account_id,
                kind=kind,
                folder=folder,
                folders=list(folders),
                silent_since=since,
            )
            .on_conflict_do_nothing()
            .returning(col(Alarm.id))
        )
        found = (await self._session.exec(statement)).scalar_one_or_none()
        return AlarmId(found) if found else None

    async def resolve(self, alarm_id: AlarmId) -> bool:
        """Answers whether it was open until now."""
        statement = (
            update(Alarm)
            .where(
                col(Alarm.workspace_id) == self._workspace_id,
                col(Alarm.id) == alarm_id,
                col(Alarm.resolved_at).is_(None),
            )
            .values(resolved_at=func.now())
            .returning(col(Alarm.id))
        )
        return (await self._session.exec(statement)).scalar_one_or_none() is not None

    async def open(self, *, but_for: Collection[tuple[AccountId, str]]) -> Sequence[Alarm]:
        """Those that are raised, of all but these accounts and folders."""
        statement = select(Alarm).where(
            Alarm.workspace_id == self._workspace_id,
            col(Alarm.resolved_at).is_(None),
            tuple_(col(Alarm.account_id), col(Alarm.folder)).not_in(list(but_for)),
        )
        return (await self._session.exec(statement)).all()

    async def untold(self) -> Sequence[Alarm]:
        """Those that somebody has still to be told of, the oldest first."""
        statement = (
            select(Alarm)
            .where(
                Alarm.workspace_id == self._workspace_id,
                col(Alarm.resolution_told_at).is_(None),
                or_(col(Alarm.told_at).is_(None), col(Alarm.resolved_at).is_not(None)),
            )
            .order_by(col(Alarm.raised_at))
        )
        return (await self._session.exec(statement)).all()
