"""The windows that entries of “More actions…” lead to."""

from typing import Any

from slack_bolt.context.async_context import AsyncBoltContext

from app.core.errors import Conflict
from app.core.ids import ConversationId
from app.slack.middleware import Door, workspace_of
from app.slack.views import assign, follow_up, merge, tags
from app.slack.views.more import MoreAction
from app.store.unit_of_work import UnitOfWork


class Windows:
    def __init__(self, door: Door) -> None:
        self._door = door

    async def of(
        self, context: AsyncBoltContext, action: MoreAction, conversation_id: ConversationId
    ) -> dict[str, Any] | None:
        """None where the entry is done at once. Raises `NotFound` and `Conflict`."""
        async with self._door.store.begin(workspace_of(context)) as uow:
            conversation = await uow.conversations.get(conversation_id)
            match action:
                case MoreAction.ASSIGN:
                    return assign.view(conversation_id)
                case MoreAction.TAGS:
                    known = await uow.conversations.known_tags()
                    return tags.view(conversation_id, conversation.tags, known)
                case MoreAction.FOLLOW_UP:
                    return follow_up.view(conversation_id, conversation.follow_up_at)
                case MoreAction.MERGE:
                    return merge.view(conversation_id, conversation.subject)
                case MoreAction.SPLIT:
                    return merge.split(conversation_id, await _mails(uow, conversation_id))
                case _:
                    return None


async def _mails(uow: UnitOfWork, conversation_id: ConversationId) -> list[merge.MailChoice]:
    """The newest first. Raises `Conflict` where there are none to choose from."""
    found = await uow.messages.newest(conversation_id, limit=merge.MOST_CHOICES)
    if len(found) < 2:
        raise Conflict("This is the only mail of its conversation, so there is nothing to split.")
    return [
        merge.MailChoice(
            one.id, one.from_name or one.from_address, one.received_at, one.excerpt or one.subject
        )
        for one in found
    ]
