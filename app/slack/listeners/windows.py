"""The windows that entries of “More actions…” lead to."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from app.core.errors import Conflict
from app.core.ids import ChannelId, ConversationId
from app.slack.members import Members
from app.slack.middleware import Door, user_of, workspace_of
from app.slack.submitted import memory_of
from app.slack.views import assign, follow_up, merge, tags
from app.slack.views.more import MoreAction
from app.store.repositories.conversations import ConversationFilter
from app.store.unit_of_work import UnitOfWork


class Windows:
    def __init__(self, door: Door, members: Members) -> None:
        self._door = door
        self._members = members

    async def of(
        self,
        context: AsyncBoltContext,
        body: Mapping[str, Any],
        client: AsyncWebClient,
        action: MoreAction,
    ) -> dict[str, Any] | None:
        """None where the entry is done at once. Raises `NotAllowed`, `NotFound` and `Conflict`."""
        conversation_id, seen = memory_of(body).conversation_id, frozenset[ChannelId]()
        if action is MoreAction.TAGS:
            who = (workspace_of(context), user_of(body)[0])
            seen = await self._members.channels(client, who)
        async with self._door.store.begin(workspace_of(context)) as uow:
            conversation = await uow.conversations.get(conversation_id)
            match action:
                case MoreAction.ASSIGN:
                    return assign.view(conversation_id)
                case MoreAction.TAGS:
                    sight = ConversationFilter(seen_in=seen)
                    known = await uow.conversations.known_tags(sight)
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
