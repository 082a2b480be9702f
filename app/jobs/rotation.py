"""Giving a conversation to the member of a Slack user group whose turn it is, and who is there.

Jobs of one group run one at a time, so two conversations never go to the same turn. Who is asked
about is bounded, and what Slack is asked for is asked before anything is written. Turn, assignee
and the key that says it was done commit together: a job that runs twice gives it away once. Where
Slack cannot be asked for a day, such as after the app was removed, it stays unassigned.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import uuid5

from app.commands.assign import assign
from app.commands.rotation import by_turns
from app.core.access import Actor, Origin
from app.core.errors import Conflict, NotFound
from app.core.ids import ConversationId, PostId, SlackUserId, TeammateId, WorkspaceId
from app.core.logging import get_logger
from app.feed.context import Feeding
from app.feed.port import Presence, SlackFeed, SlackRefused
from app.jobs.reaching import PATIENCE, PUT_OFF, wait_after
from app.store.models import PostKind
from app.store.new import NewPost
from app.store.queue import assign_by_turns
from app.store.unit_of_work import UnitOfWork

_MOST_MEMBERS: Final = 100
_MOST_ASKED: Final = 10
log = get_logger(__name__)


async def give(
    feeding: Feeding,
    workspace_id: WorkspaceId,
    conversation_id: ConversationId,
    group_id: str,
    group: str,
    by: TeammateId | None,
    origin: Origin,
    key: str,
    *,
    since: datetime | None = None,
) -> None:
    """Assign it, or say in its thread that nobody is there.

    `since`: Slack could not be asked for the first time then.
    """
    now = feeding.clock.now()
    async with feeding.store.begin(workspace_id) as uow:
        turns = await uow.rotations.turns(group_id)
    try:
        async with feeding.slack.of(workspace_id) as slack:
            members = (await slack.group_members(group_id))[:_MOST_MEMBERS]
            found, why = await _who(slack, by_turns(members, turns))
    except PUT_OFF as error:
        put_off = since or now
        if now - put_off < PATIENCE:
            log.info("rotation.later", group=group_id, error=str(error))
            job = assign_by_turns(
                workspace_id, conversation_id, group_id, group, by, origin, key,
                not_before=now + wait_after(error), since=put_off,
            )  # fmt: skip
            async with feeding.store.begin(workspace_id) as uow:
                uow.leave(job)
            return
        log.warning("rotation.given_up", group=group_id, error=str(error))
        found, why = None, "Slack could not be asked for a day."
    except SlackRefused as refused:
        found, why = None, refused.sentence
    async with feeding.store.begin(workspace_id) as uow:
        if not await uow.slack_requests.first_time(f"turn:{key}"):
            return
        actor = Actor(workspace_id, origin, teammate_id=by, name=f"@{group}")
        try:
            if found is None:
                await _say_nobody(uow, conversation_id, group, why, key)
            else:
                user, presence = found
                await _hand_to(uow, actor, conversation_id, user, presence, feeding)
                await uow.rotations.took(group_id, user, feeding.clock.now())
        except (NotFound, Conflict) as gone:
            log.info("rotation.gone", conversation=str(conversation_id), why=str(gone))


async def _who(
    slack: SlackFeed, order: Sequence[SlackUserId]
) -> tuple[tuple[SlackUserId, Presence] | None, str]:
    """The first who can take it; else why nobody can."""
    if not order:
        return None, "The group has no members."
    resting = await slack.resting(order)
    asked = [one for one in order if one not in resting][:_MOST_ASKED]
    for user in asked:
        presence = await slack.presence_of(user)
        if presence.can_take:
            return (user, presence), ""
    away = len(asked)
    parts = [f"{len(resting)} do not want to be disturbed"] if resting else []
    parts += [f"{away} are away"] if away else []
    return None, f"Of {len(order)}, {' and '.join(parts)}."


async def _hand_to(
    uow: UnitOfWork,
    actor: Actor,
    conversation_id: ConversationId,
    user: SlackUserId,
    presence: Presence,
    feeding: Feeding,
) -> None:
    teammate = await uow.teammates.by_slack_user(user, presence.name)
    await assign(uow, actor, conversation_id, teammate.id, now=feeding.clock.now())


async def _say_nobody(
    uow: UnitOfWork, conversation_id: ConversationId, group: str, why: str, key: str
) -> None:
    conversation = await uow.conversations.get(conversation_id)
    uow.emit(
        "conversation.nobody_available",
        account_id=conversation.account_id,
        conversation_id=conversation_id,
        group=group,
        reason=why,
    )
    for card in await uow.posts.cards_of([conversation_id]):
        line = NewPost(
            workspace_id=uow.workspace_id,
            id=PostId(uuid5(card.id, f"nobody:{key}")),
            channel_id=card.channel_id,
            kind=PostKind.NOTICE,
            conversation_id=conversation_id,
            payload={"nobody_of": group, "why": why},
        )
        await uow.posts.add_all([line])
        uow.feed_is_due(card.channel_id)
