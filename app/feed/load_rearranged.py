"""From a conversation that was merged or split to what its card, and the line in a thread, show."""

from uuid import UUID

from app.core.ids import ChannelId, CommandId, ConversationId
from app.feed.links import link_to
from app.feed.view import ElsewhereView, Person, RearrangedView
from app.store.models import (
    Command,
    CommandState,
    CommandType,
    Conversation,
    Post,
    PostState,
)
from app.store.unit_of_work import UnitOfWork


async def load_elsewhere(
    uow: UnitOfWork, conversation: Conversation, near: ChannelId, site: str
) -> ElsewhereView | None:
    """Where the mails of a merged conversation are now; None for one that was not merged."""
    if conversation.merged_into_id is None:
        return None
    return await load_other(uow, conversation.merged_into_id, near, site)


async def load_rearranged(uow: UnitOfWork, post: Post, site: str) -> RearrangedView:
    """What a line in a thread tells of. Raises `NotFound`."""
    command = await uow.commands.get(CommandId(UUID(post.payload["rearranged_by"])))
    into_id = ConversationId(UUID(command.params["into_id"]))
    is_merge = command.type is CommandType.MERGE
    other = command.conversation_id if is_merge else into_id
    assert other is not None
    return RearrangedView(
        is_merge=is_merge,
        by=await _by(uow, command),
        other=await load_other(uow, other, post.channel_id, site),
        is_undone=command.state is CommandState.UNDONE,
    )


async def load_other(
    uow: UnitOfWork, conversation_id: ConversationId, near: ChannelId, site: str
) -> ElsewhereView:
    conversation = await uow.conversations.get(conversation_id)
    account = await uow.accounts.get(conversation.account_id)
    cards = [
        one for one in await uow.posts.cards_of([conversation_id]) if one.state is PostState.SENT
    ]
    cards.sort(key=lambda one: one.channel_id != near)
    return ElsewhereView(
        conversation.subject, account.address, link_to(cards[0] if cards else None, site)
    )


async def _by(uow: UnitOfWork, command: Command) -> Person | None:
    if (by := command.requested_by_id) is None:
        return None
    found = (await uow.teammates.get_many([by])).get(by)
    return Person(found.name, found.slack_user_id) if found else None
