"""Live tests of mailboxes' servers."""

from datetime import timedelta

from sqlalchemy import delete, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import NotFound
from app.core.ids import TrialId
from app.store.models import Trial
from app.store.repositories.base import Repository


class Trials(Repository):
    def add(self, trial: Trial) -> None:
        self._session.add(trial)

    async def get(self, trial_id: TrialId) -> Trial:
        """Raises `NotFound`."""
        trial = await self._session.get(Trial, (self._workspace_id, trial_id))
        if trial is None:
            raise NotFound("There is no such test.", fix="Begin it anew.")
        return trial

    async def lock(self, trial_id: TrialId) -> Trial:
        """The trial, held against other changes until we commit. Raises `NotFound`."""
        statement = (
            select(Trial)
            .where(Trial.workspace_id == self._workspace_id, Trial.id == trial_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        trial = (await self._session.exec(statement)).one_or_none()
        if trial is None:
            raise NotFound("There is no such test.", fix="Begin it anew.")
        return trial


async def forget_trials(session: AsyncSession, *, older: timedelta) -> None:
    await session.exec(delete(Trial).where(col(Trial.created_at) < func.now() - older))
