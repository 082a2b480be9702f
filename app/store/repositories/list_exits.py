"""Lists that somebody wanted to leave."""

from sqlmodel import col, select

from app.core.errors import NotFound
from app.core.ids import ConversationId, ListExitId
from app.store.models import ListExit
from app.store.repositories.base import Repository


class ListExits(Repository):
    async def add(self, exit_: ListExit) -> None:
        self._session.add(exit_)
        await self._session.flush()
        await self._session.refresh(exit_)

    async def lock(self, exit_id: ListExitId) -> ListExit:
        """The row, held against other changes until we commit. Raises `NotFound`."""
        statement = (
            select(ListExit)
            .where(ListExit.workspace_id == self._workspace_id, ListExit.id == exit_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found = (await self._session.exec(statement)).one_or_none()
        if found is None:
            raise NotFound("There is no such request to leave a list.")
        return found

    async def latest(self, conversation_id: ConversationId) -> ListExit | None:
        """The last wish to leave the list that a conversation came by."""
        statement = (
            select(ListExit)
            .where(
                ListExit.workspace_id == self._workspace_id,
                ListExit.conversation_id == conversation_id,
            )
            .order_by(col(ListExit.id).desc())
            .limit(1)
        )
        return (await self._session.exec(statement)).one_or_none()
