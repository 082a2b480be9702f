"""Home tabs in Slack that may be open: noted when they are opened, claimed to be drawn anew."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.ids import SlackUserId
from app.store.models import EventCounter, HomeView
from app.store.repositories.base import Repository


class Homes(Repository):
    async def opened(self, user_id: SlackUserId, *, now: datetime) -> None:
        """Somebody may look at it from now on; it is about to be drawn."""
        counter = select(EventCounter.last_seq).where(
            col(EventCounter.workspace_id) == self._workspace_id
        )
        row = insert(HomeView).values(
            workspace_id=self._workspace_id, slack_user_id=user_id, opened_at=now, drawn_at=now,
            drawn_seq=counter.scalar_subquery(), digest=b"",
        )  # fmt: skip
        fresh = {name: row.excluded[name] for name in ("opened_at", "drawn_at", "drawn_seq")}
        await self._session.exec(
            row.on_conflict_do_update(index_elements=["workspace_id", "slack_user_id"], set_=fresh)
        )

    async def shows(self, user_id: SlackUserId, digest: bytes) -> None:
        await self._session.exec(update(HomeView).where(*self._of(user_id)).values(digest=digest))

    async def put_off(self, user_id: SlackUserId) -> None:
        """It could not be drawn: have it claimed again after its rest."""
        await self._session.exec(update(HomeView).where(*self._of(user_id)).values(drawn_seq=-1))

    async def forget(self, user_id: SlackUserId) -> None:
        await self._session.exec(delete(HomeView).where(*self._of(user_id)))

    def _of(self, user_id: SlackUserId) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return (
            col(HomeView.workspace_id) == self._workspace_id,
            col(HomeView.slack_user_id) == user_id,
        )


class EveryHome:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def claim(
        self, *, opened_after: datetime, drawn_before: datetime, now: datetime, limit: int
    ) -> Sequence[HomeView]:
        """Those that something may have changed in, the longest not drawn first; ours to draw."""
        key = tuple_(col(HomeView.workspace_id), col(HomeView.slack_user_id))
        due = (
            select(col(HomeView.workspace_id), col(HomeView.slack_user_id))
            .join(EventCounter, col(EventCounter.workspace_id) == col(HomeView.workspace_id))
            .where(
                col(HomeView.opened_at) > opened_after,
                col(HomeView.drawn_at) < drawn_before,
                col(HomeView.drawn_seq) < col(EventCounter.last_seq),
            )
            .order_by(col(HomeView.drawn_at))
            .limit(limit)
            .with_for_update(of=HomeView, skip_locked=True)
        )
        statement = (
            update(HomeView)
            .where(key.in_(due), col(EventCounter.workspace_id) == col(HomeView.workspace_id))
            .values(drawn_at=now, drawn_seq=EventCounter.last_seq)
            .returning(HomeView)
            .execution_options(synchronize_session=False)
        )
        return (await self._session.exec(statement)).scalars().all()

    async def forget(self, *, opened_before: datetime) -> None:
        await self._session.exec(delete(HomeView).where(col(HomeView.opened_at) < opened_before))
