"""Our app in the workspace."""

from sqlmodel import select

from app.store.models import Installation
from app.store.repositories.base import Repository


class Installations(Repository):
    def add(self, installation: Installation) -> None:
        self._session.add(installation)

    async def current(self) -> Installation | None:
        statement = select(Installation).where(Installation.workspace_id == self._workspace_id)
        return (await self._session.exec(statement)).first()
