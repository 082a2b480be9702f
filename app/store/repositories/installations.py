"""Our app in the workspace."""

from sqlalchemy import func
from sqlmodel import select

from app.store.models import Installation
from app.store.repositories.base import Repository


class Installations(Repository):
    def add(self, installation: Installation) -> None:
        self._session.add(installation)

    async def lock(self) -> Installation | None:
        """The installation, if any; nobody else makes or changes it until we commit."""
        lock = func.pg_advisory_xact_lock(func.hashtextextended(f"slack:{self._workspace_id}", 0))
        await self._session.exec(select(lock))
        return await self.current()

    async def current(self) -> Installation | None:
        statement = select(Installation).where(Installation.workspace_id == self._workspace_id)
        return (await self._session.exec(statement)).first()
