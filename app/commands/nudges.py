"""Telling people that the time of conversations has come, in one message for what comes at once.

Many sleep until the same Monday morning, and after an outage everything that fell into it is due
together: nobody wants a message for each.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from app.core.ids import ConversationId, TeammateId
from app.store.telling import nudge
from app.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Due:
    """Whose time has come, and who wants to know."""

    conversation_id: ConversationId
    teammate_id: TeammateId
    key: str
    """Names that time: of the same one nobody is told twice."""


def tell_of(uow: UnitOfWork, reason: str, due: Iterable[Due]) -> None:
    """Leave one job for each person."""
    of_person = defaultdict[TeammateId, list[Due]](list)
    for one in due:
        of_person[one.teammate_id].append(one)
    for teammate_id, theirs in of_person.items():
        first, *others = sorted(theirs, key=lambda one: one.key)
        uow.leave(
            nudge(
                uow.workspace_id,
                first.conversation_id,
                teammate_id,
                reason,
                first.key,
                others=[one.conversation_id for one in others],
            )
        )
