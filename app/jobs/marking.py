"""The job that marks mail as read on its server, for accounts that want that unasked."""

from uuid import UUID

import procrastinate

from app.commands.enqueue import (
    TooManyWaiting,
    enqueue_for_conversation,
    enqueue_for_messages,
)
from app.commands.types import MarkRead
from app.core.access import system
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.ids import ConversationId, MessageId, WorkspaceId
from app.core.logging import get_logger
from app.store.models import ReadPolicy
from app.store.queue import FEED_QUEUE
from app.store.unit_of_work import Store

log = get_logger(__name__)


def register(queue: procrastinate.App, store: Store) -> None:
    """Tell the queue what this job means."""

    @queue.task(name="mail.mark_read", queue=FEED_QUEUE)
    async def mark_as_read(
        workspace_id: str, conversation_id: str, step: str, message_id: str | None = None
    ) -> None:
        await mark(
            store,
            WorkspaceId(UUID(workspace_id)),
            ConversationId(UUID(conversation_id)),
            ReadPolicy(step),
            MessageId(UUID(message_id)) if message_id else None,
        )


async def mark(
    store: Store,
    workspace_id: WorkspaceId,
    conversation_id: ConversationId,
    step: ReadPolicy,
    message_id: MessageId | None = None,
) -> None:
    """Wish for it, where the account wants that and there is anything unread. May run twice.

    With a `message_id` it is about that mail alone, else about what the conversation holds now.
    """
    try:
        async with store.begin(workspace_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            account = await uow.accounts.get(conversation.account_id)
            if not account.mark_read.includes(step):
                return
            us = system(workspace_id)
            if message_id is None:
                await enqueue_for_conversation(uow, us, conversation_id, MarkRead())
            else:
                await enqueue_for_messages(uow, us, [message_id], MarkRead())
    except TooManyWaiting as error:
        log.warning("mail.not_marked", conversation=str(conversation_id), why=str(error))
    except (Conflict, InvalidInput, NotFound) as nothing:
        log.debug("mail.not_marked", conversation=str(conversation_id), why=str(nothing))
