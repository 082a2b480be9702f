"""The windows that entries of “More actions…” lead to."""

from typing import Any

from slack_bolt.context.async_context import AsyncBoltContext

from app.core.ids import ConversationId
from app.slack.middleware import Door, workspace_of
from app.slack.views import assign, tags
from app.slack.views.more import MoreAction


class Windows:
    def __init__(self, door: Door) -> None:
        self._door = door

    async def of(
        self, context: AsyncBoltContext, action: MoreAction, conversation_id: ConversationId
    ) -> dict[str, Any] | None:
        """None where the entry is done at once. Raises `NotFound`."""
        if action not in {MoreAction.ASSIGN, MoreAction.TAGS}:
            return None
        async with self._door.store.begin(workspace_of(context)) as uow:
            conversation = await uow.conversations.get(conversation_id)
            known = await uow.conversations.known_tags()
        match action:
            case MoreAction.ASSIGN:
                return assign.view(conversation_id)
            case _:
                return tags.view(conversation_id, conversation.tags, known)
