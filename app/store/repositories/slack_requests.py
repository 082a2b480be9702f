"""Deliveries from Slack that were acted on."""

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.store.models import SlackRequest
from app.store.repositories.base import Repository


class SlackRequests(Repository):
    async def first_time(self, key: str) -> bool:
        """Whether this delivery is new. Call it in the transaction of what the delivery causes."""
        statement = (
            insert(SlackRequest)
            .values(workspace_id=self._workspace_id, key=key)
            .on_conflict_do_nothing()
            .returning(col(SlackRequest.key))
        )
        return (await self._session.exec(statement)).scalar() is not None

    async def greatest(self, beginning: str) -> str | None:
        """The last of the keys that begin so, by their order as text."""
        statement = select(func.max(col(SlackRequest.key).collate("C"))).where(
            SlackRequest.workspace_id == self._workspace_id,
            col(SlackRequest.key).startswith(beginning, autoescape=True),
        )
        return (await self._session.exec(statement)).one()
