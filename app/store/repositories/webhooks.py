"""Webhooks, and the log of their deliveries."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import NotFound
from app.core.ids import DeliveryId, WebhookId, WorkspaceId
from app.store.models import EventCounter, Webhook, WebhookDelivery, WebhookState
from app.store.repositories.base import Repository


class Webhooks(Repository):
    def add(self, webhook: Webhook) -> None:
        self._session.add(webhook)

    async def get(self, webhook_id: WebhookId, *, lock: bool = False) -> Webhook:
        """Raises `NotFound`."""
        found = await self._session.get(
            Webhook, (self._workspace_id, webhook_id), with_for_update=lock
        )
        if found is None:
            raise NotFound("There is no such webhook.", fix="List the webhooks to find its id.")
        return found

    async def page(self, *, after: WebhookId | None, limit: int) -> Sequence[Webhook]:
        """In the order they were made."""
        statement = (
            select(Webhook)
            .where(Webhook.workspace_id == self._workspace_id)
            .order_by(col(Webhook.id))
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(col(Webhook.id) > after)
        return (await self._session.exec(statement)).all()

    async def delete(self, webhook_id: WebhookId) -> None:
        """Raises `NotFound`."""
        await self._session.delete(await self.get(webhook_id))

    async def move_on(
        self,
        webhook_id: WebhookId,
        seen: int,
        **values: Any,  # noqa: ANN401 -- columns
    ) -> bool:
        """Write what an attempt came to, unless somebody moved the cursor meanwhile."""
        statement = (
            update(Webhook)
            .where(
                col(Webhook.workspace_id) == self._workspace_id,
                col(Webhook.id) == webhook_id,
                col(Webhook.cursor) == seen,
            )
            .values(**values)
            .returning(col(Webhook.id))
        )
        return (await self._session.exec(statement)).first() is not None

    def log(self, delivery: WebhookDelivery) -> None:
        self._session.add(delivery)

    async def deliveries(
        self, webhook_id: WebhookId, *, before: DeliveryId | None, limit: int
    ) -> Sequence[WebhookDelivery]:
        """The newest first."""
        statement = (
            select(WebhookDelivery)
            .where(
                WebhookDelivery.workspace_id == self._workspace_id,
                WebhookDelivery.webhook_id == webhook_id,
            )
            .order_by(col(WebhookDelivery.id).desc())
            .limit(limit)
        )
        if before is not None:
            statement = statement.where(col(WebhookDelivery.id) < before)
        return (await self._session.exec(statement)).all()


class EveryWebhook:
    """Those of all workspaces."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def all(self) -> Sequence[tuple[WorkspaceId, WebhookId]]:
        statement = select(Webhook.workspace_id, Webhook.id).order_by(col(Webhook.id))
        rows = await self._session.exec(statement)
        return [(WorkspaceId(team), WebhookId(webhook)) for team, webhook in rows]

    async def due(
        self, now: datetime, longest_wait: timedelta
    ) -> Sequence[tuple[WorkspaceId, WebhookId]]:
        """Those with events that they have not had, unless they are to be left alone for now.

        Nothing is left alone for longer than `longest_wait`; a later moment was written by a clock
        that was wrong.
        """
        at = col(Webhook.next_try_at)
        statement = (
            select(Webhook.workspace_id, Webhook.id)
            .join(EventCounter, col(EventCounter.workspace_id) == col(Webhook.workspace_id))
            .where(
                col(Webhook.state) == WebhookState.ACTIVE,
                col(Webhook.cursor) < col(EventCounter.last_seq),
                at.is_(None) | (at <= now) | (at > now + longest_wait),
            )
        )
        rows = await self._session.exec(statement)
        return [(WorkspaceId(team), WebhookId(webhook)) for team, webhook in rows]

    async def forget_deliveries(self, before: datetime) -> None:
        await self._session.exec(delete(WebhookDelivery).where(col(WebhookDelivery.at) < before))
