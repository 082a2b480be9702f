"""Telling somebody that a conversation was given to them: directly, and by a line in its thread.

What Slack is asked for is asked before anything is written. The posts have ids of their own, made
from the command's, so that a job that runs twice tells once.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

from app.core.errors import NotFound
from app.core.ids import (
    ChannelId,
    CommandId,
    ConversationId,
    PostId,
    SlackUserId,
    TeammateId,
    WorkspaceId,
)
from app.core.logging import get_logger
from app.feed.context import Feeding
from app.feed.port import (
    NotReached,
    OutcomeUnknown,
    RateLimited,
    SlackFeed,
    SlackRefused,
    WorkspaceRefused,
)
from app.store.models import Command, CommandState, Post, PostKind, PostState, Teammate
from app.store.new import NewPost
from app.store.queue import tell_assignee
from app.store.unit_of_work import UnitOfWork

_AGAIN: Final = timedelta(seconds=30)
_WORKSPACE_AGAIN: Final = timedelta(minutes=10)
_TOO_LATE: Final = timedelta(hours=12)
"""Whoever was not told for so long has seen it on the card."""
log = get_logger(__name__)


async def tell(feeding: Feeding, workspace_id: WorkspaceId, command_id: CommandId) -> None:
    """Tell the assignee, or leave it to a later job where Slack cannot be asked now."""
    async with feeding.store.begin(workspace_id) as uow:
        try:
            command = await uow.commands.get(command_id)
        except NotFound:
            return
        assignee = await _assignee(uow, command)
        card = await card_of(uow, command.conversation_id)
    if assignee is None or command.state is CommandState.UNDONE:
        return
    if feeding.clock.now() - command.created_at > _TOO_LATE:
        log.warning("tell.too_late", command=str(command_id))
        return
    try:
        async with feeding.slack.of(workspace_id) as slack:
            asked = await ask(slack, assignee, card)
    except (RateLimited, NotReached, OutcomeUnknown, WorkspaceRefused) as error:
        log.info("tell.later", command=str(command_id), error=str(error))
        wait = _WORKSPACE_AGAIN if isinstance(error, WorkspaceRefused) else _AGAIN
        async with feeding.store.begin(workspace_id) as uow:
            at = feeding.clock.now() + wait
            uow.leave(tell_assignee(workspace_id, command_id, not_before=at))
        return
    async with feeding.store.begin(workspace_id) as uow:
        await _leave_posts(uow, command, assignee, card, *asked)


async def ask(
    slack: SlackFeed, assignee: Teammate, card: Post | None
) -> tuple[str, ChannelId | None, str | None]:
    """Their name, where to write to them, and where the card is."""
    assert assignee.slack_user_id is not None
    user = assignee.slack_user_id
    name, channel, link = assignee.name, None, None
    try:
        if name == user:
            name = await slack.name_of(user)
        channel = await slack.open_direct(user)
        if card is not None and card.ts is not None:
            link = await slack.permalink(card.channel_id, card.ts)
    except (RateLimited, WorkspaceRefused):
        raise
    except SlackRefused as refused:
        log.warning("tell.refused", user=user, code=refused.code)
    return name, channel, link


async def _leave_posts(
    uow: UnitOfWork,
    command: Command,
    assignee: Teammate,
    card: Post | None,
    name: str,
    direct: ChannelId | None,
    link: str | None,
) -> None:
    await uow.teammates.by_slack_user(SlackUserId(assignee.slack_user_id or ""), name)
    about = {"assigned_by": str(command.id), "link": link}
    places = [(PostKind.DIRECT, direct), (PostKind.NOTICE, card.channel_id if card else None)]
    for kind, channel in places:
        if channel is None:
            continue
        post = NewPost(
            workspace_id=uow.workspace_id,
            id=PostId(uuid5(command.id, kind)),
            channel_id=channel,
            kind=kind,
            conversation_id=command.conversation_id,
            payload=about,
        )
        await uow.posts.add_all([post])
        uow.feed_is_due(channel)


async def _assignee(uow: UnitOfWork, command: Command) -> Teammate | None:
    text = command.params.get("assignee_id")
    if text is None:
        return None
    assignee_id = TeammateId(UUID(text))
    found = (await uow.teammates.get_many([assignee_id])).get(assignee_id)
    return found if found and found.slack_user_id else None


async def card_of(uow: UnitOfWork, conversation_id: ConversationId | None) -> Post | None:
    """Where a conversation stands in Slack, if it does."""
    if conversation_id is None:
        return None
    cards = await uow.posts.cards_of([conversation_id])
    return next((card for card in cards if card.state is PostState.SENT), None)
