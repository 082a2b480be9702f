"""Whose turn it is in a Slack user group."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import select

from app.core.ids import SlackUserId
from app.store.models import RotationTurn
from app.store.repositories.base import Repository


class Rotations(Repository):
    async def turns(self, group_id: str) -> dict[SlackUserId, datetime]:
        """When each member last had their turn; who never had is left out."""
        statement = select(RotationTurn).where(
            RotationTurn.workspace_id == self._workspace_id, RotationTurn.group_id == group_id
        )
        found = (await self._session.exec(statement)).all()
        return {one.slack_user_id: one.last_at for one in found}

    async def took(self, group_id: str, user: SlackUserId, at: datetime) -> None:
        row = insert(RotationTurn).values(
            workspace_id=self._workspace_id, group_id=group_id, slack_user_id=user, last_at=at
        )
        await self._session.exec(
            row.on_conflict_do_update(
                index_elements=["workspace_id", "group_id", "slack_user_id"],
                set_={"last_at": row.excluded.last_at},
            )
        )
