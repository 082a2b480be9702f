"""Deliveries from Slack that were acted on."""

from typing import Final

from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.core.ids import SlackUserId, TeammateId, new_id
from app.store.models import SlackRequest
from app.store.repositories.base import Repository

_FIRST_TIME_BY: Final = text("""
WITH delivery AS (
    INSERT INTO slack_requests (workspace_id, key) VALUES (:team, :key)
    ON CONFLICT DO NOTHING RETURNING key
)
INSERT INTO teammates AS known (workspace_id, id, slack_user_id, name)
SELECT CAST(:team AS uuid), CAST(:id AS uuid), CAST(:user AS text), CAST(:name AS text)
FROM delivery
ON CONFLICT (workspace_id, slack_user_id) DO UPDATE
SET name = CASE WHEN known.name = excluded.slack_user_id THEN excluded.name ELSE known.name END
RETURNING id
""")


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

    async def first_time_by(self, key: str, user_id: SlackUserId, name: str) -> TeammateId | None:
        """Who caused this delivery, if it is new; None where it is not.

        The same as `first_time` and `Teammates.by_slack_user`, at once: somebody waits for it.
        """
        values = {
            "team": self._workspace_id, "key": key, "id": new_id(), "user": user_id, "name": name,
        }  # fmt: skip
        found = await (await self._session.connection()).execute(_FIRST_TIME_BY, values)
        teammate_id: TeammateId | None = found.scalar()
        return teammate_id

    async def greatest(self, beginning: str) -> str | None:
        """The last of the keys that begin so, by their order as text."""
        statement = select(func.max(col(SlackRequest.key).collate("C"))).where(
            SlackRequest.workspace_id == self._workspace_id,
            col(SlackRequest.key).startswith(beginning, autoescape=True),
        )
        return (await self._session.exec(statement)).one()
