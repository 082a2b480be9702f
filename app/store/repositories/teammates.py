"""The people of the team."""

from collections.abc import Iterable, Sequence

from sqlalchemy import case
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.core.access import Role
from app.core.ids import SlackUserId, TeammateId, new_id
from app.store.bulk import is_any
from app.store.models import Teammate
from app.store.repositories.base import Repository


class Teammates(Repository):
    async def by_slack_user(self, user_id: SlackUserId, name: str) -> Teammate:
        """The teammate behind a Slack user; made where needed.

        `name` is what a delivery calls them, mostly the short name they sign in by, or their id
        where even that is unknown. It replaces no better one.
        """
        row = insert(Teammate).values(
            workspace_id=self._workspace_id, id=new_id(), slack_user_id=user_id, name=name
        )
        statement = row.on_conflict_do_update(
            index_elements=["workspace_id", "slack_user_id"],
            set_={
                "name": case(
                    (col(Teammate.name) == user_id, row.excluded.name), else_=Teammate.name
                )
            },
        ).returning(Teammate)
        teammate: Teammate = (await self._session.exec(statement)).scalar_one()
        return teammate

    async def page(self, *, after: TeammateId | None, limit: int) -> Sequence[Teammate]:
        """Teammates in the order they were first seen."""
        statement = (
            select(Teammate)
            .where(Teammate.workspace_id == self._workspace_id)
            .order_by(col(Teammate.id))
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(col(Teammate.id) > after)
        return (await self._session.exec(statement)).all()

    async def of_slack_users(self, user_ids: Iterable[str]) -> Sequence[Teammate]:
        """Those of these Slack users whom we know."""
        statement = select(Teammate).where(
            Teammate.workspace_id == self._workspace_id,
            is_any(col(Teammate.slack_user_id), list(user_ids)),
        )
        return (await self._session.exec(statement)).all()

    async def slack_admins(self, *, limit: int) -> Sequence[SlackUserId]:
        """The owners and admins by role whom Slack knows, those that were there first."""
        statement = (
            select(Teammate.slack_user_id)
            .where(
                Teammate.workspace_id == self._workspace_id,
                col(Teammate.role).in_((Role.OWNER, Role.ADMIN)),
                col(Teammate.slack_user_id).is_not(None),
                col(Teammate.barred_at).is_(None),
            )
            .order_by(col(Teammate.id))
            .limit(limit)
        )
        return [SlackUserId(one) for one in await self._session.exec(statement) if one]

    async def lock_many(self, ids: Iterable[TeammateId]) -> Sequence[Teammate]:
        """Those of these that there are, held against other changes until we commit."""
        statement = (
            select(Teammate)
            .where(Teammate.workspace_id == self._workspace_id, is_any(col(Teammate.id), list(ids)))
            .order_by(col(Teammate.id))
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.exec(statement)).all()

    async def get_many(self, ids: Sequence[TeammateId]) -> dict[TeammateId, Teammate]:
        if not ids:
            return {}
        statement = select(Teammate).where(
            Teammate.workspace_id == self._workspace_id, is_any(col(Teammate.id), ids)
        )
        return {teammate.id: teammate for teammate in (await self._session.exec(statement)).all()}
