"""The job that tells webhooks of events."""

from uuid import UUID

import procrastinate

from app.core.ids import WebhookId, WorkspaceId
from app.store.queue import WEBHOOK_QUEUE
from app.webhooks.deliver import Delivering, deliver


def register(queue: procrastinate.App, delivering: Delivering) -> None:
    @queue.task(name="webhooks.deliver", queue=WEBHOOK_QUEUE)
    async def deliver_one_webhook(workspace_id: str, webhook_id: str) -> None:
        await deliver(delivering, WorkspaceId(UUID(workspace_id)), WebhookId(UUID(webhook_id)))
