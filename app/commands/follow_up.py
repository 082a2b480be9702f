"""“Remind me if they have not answered”: asked for on a conversation, or with a mail that is sent.

Only a person's answer ends it; an automatic one does not. When its time has come the conversation
is open again, its card says so, and whoever asked is told.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from app.commands.change import changed
from app.commands.nudges import Due, tell_of
from app.commands.types import FollowUp
from app.core.errors import InvalidInput
from app.core.ids import ConversationId
from app.store.models import ConversationStatus
from app.store.unit_of_work import UnitOfWork

LONGEST: Final = timedelta(days=366)


def follow_up(at: datetime | None, *, now: datetime, field: str) -> FollowUp:
    """The intent, if it makes sense. Raises `InvalidInput` about `field`."""
    if at is not None and at <= now:
        raise InvalidInput(
            "That moment has passed already.", field=field, fix="Choose a later one."
        )
    if at is not None and at > now + LONGEST:
        raise InvalidInput(
            "That is more than a year away.", field=field, fix="Choose an earlier moment."
        )
    return FollowUp(at)


async def follow_up_due(uow: UnitOfWork, ids: Iterable[ConversationId], *, now: datetime) -> int:
    """Tell of those whose time has come; answers how many these were. May be run twice."""
    due = [
        one
        for one in (await uow.conversations.lock_many(ids)).values()
        if one.follow_up_at is not None and one.follow_up_at <= now
    ]
    told = list[Due]()
    for one in due:
        assert one.follow_up_at is not None
        key, whom = one.follow_up_at.isoformat(), one.follow_up_by_id or one.assignee_id
        one.no_answer_since = one.answered_at or one.last_message_at
        one.follow_up_at = one.follow_up_by_id = None
        if one.status is ConversationStatus.DONE:
            one.status, one.done_by_id, one.done_at = ConversationStatus.OPEN, None, None
        await changed(uow, one, "conversation.follow_up_due")
        if whom is not None:
            told.append(Due(one.id, whom, key))
    tell_of(uow, "no_answer", told)
    return len(due)
