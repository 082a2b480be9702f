"""Sending a conversation to sleep, and waking it when its time has come.

Until when is kept in its row. Workers look again and again, and each wakes only what still sleeps
while it holds the row: so whatever is due wakes once, however many of them look.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from app.commands.change import changed
from app.commands.nudges import Due, tell_of
from app.commands.types import Snooze
from app.core.errors import InvalidInput
from app.core.ids import ConversationId
from app.store.unit_of_work import UnitOfWork

LONGEST: Final = timedelta(days=366)


def snooze(until: datetime | None, *, until_reply: bool, now: datetime, field: str) -> Snooze:
    """The intent, if it makes sense. Raises `InvalidInput` about `field`."""
    if until is None and not until_reply:
        raise InvalidInput("Until when, or until what?", field=field, fix="Choose a moment.")
    if until is not None and until <= now:
        raise InvalidInput(
            "That moment has passed already.", field=field, fix="Choose a later one."
        )
    if until is not None and until > now + LONGEST:
        raise InvalidInput(
            "That is more than a year away.", field=field, fix="Choose an earlier moment."
        )
    return Snooze(until, until_reply)


async def wake_due(uow: UnitOfWork, ids: Iterable[ConversationId], *, now: datetime) -> int:
    """Wake those whose time has come; answers how many these were. May be run twice."""
    due = [
        conversation
        for conversation in (await uow.conversations.lock_many(ids)).values()
        if conversation.snoozed_until is not None and conversation.snoozed_until <= now
    ]
    tell_of(
        uow,
        "woke",
        [
            Due(one.id, one.snoozed_by_id, str(one.snoozed_until))
            for one in due
            if one.snoozed_by_id is not None
        ],
    )
    for conversation in due:
        conversation.wake_up()
        conversation.reminded_of = None
        await changed(uow, conversation, "conversation.woke", reason="time")
    return len(due)
