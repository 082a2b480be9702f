"""What was asked for, by whom, and what became of it: commands, as people read them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.core.access import Origin
from app.core.ids import CommandId, ConversationId, TeammateId
from app.store.models import (
    ABOUT_SENT,
    Command,
    CommandState,
    CommandType,
    Teammate,
)
from app.store.unit_of_work import UnitOfWork
from app.web.admin import words

STATES: Final = {
    CommandState.QUEUED: ("queued", "warn"),
    CommandState.RUNNING: ("under way", "warn"),
    CommandState.DONE: ("done", "good"),
    CommandState.FAILED: ("failed", "bad"),
    CommandState.CANCELLED: ("taken back", "idle"),
    CommandState.UNDONE: ("undone", "idle"),
}
DOORS: Final = {
    Origin.WEB: "here",
    Origin.SLACK: "in Slack",
    Origin.API: "by the API",
    Origin.CLI: "on the command line",
    Origin.SYSTEM: "",
    Origin.RULE: "",
}
_NOT_TO_BE_UNDONE: Final = frozenset({CommandType.RESTORE, *ABOUT_SENT})


@dataclass(frozen=True, slots=True)
class Asked:
    """`who` is empty where nobody of the team did: a rule, a script, or SharedBox itself."""

    id: CommandId
    what: str
    who: str
    door: str
    state: str
    level: str
    detail: str
    at: datetime
    settled_at: datetime | None
    attempts: int
    next_try_at: datetime | None
    conversation_id: ConversationId | None
    can_be_undone: bool
    can_be_retried: bool


async def asked(uow: UnitOfWork, commands: Sequence[Command]) -> list[Asked]:
    people = await uow.teammates.get_many(list(_people(commands)))
    return [_asked(one, people) for one in commands]


def _people(commands: Iterable[Command]) -> Iterable[TeammateId]:
    for command in commands:
        if command.requested_by_id is not None:
            yield command.requested_by_id
        if (assignee := _assignee(command)) is not None:
            yield assignee


def _assignee(command: Command) -> TeammateId | None:
    given = command.params.get("assignee_id")
    return TeammateId(UUID(given)) if given else None


def _asked(command: Command, people: Mapping[TeammateId, Teammate]) -> Asked:
    word, level = STATES[command.state]
    by = people.get(command.requested_by_id) if command.requested_by_id else None
    assignee = people.get(TeammateId(id_)) if (id_ := _assignee(command)) else None
    return Asked(
        id=command.id,
        what=words.wish(command.type, command.params, assignee.name if assignee else ""),
        who=by.name if by else _nobody(command),
        door=DOORS[command.origin],
        state=word,
        level=level,
        detail=command.detail,
        at=command.created_at,
        settled_at=command.settled_at,
        attempts=command.attempts,
        next_try_at=command.next_try_at,
        conversation_id=command.conversation_id,
        can_be_undone=_can_be_undone(command),
        can_be_retried=command.state is CommandState.FAILED,
    )


def _can_be_undone(command: Command) -> bool:
    if command.state is CommandState.QUEUED:
        return command.attempts == 0
    return command.state is CommandState.DONE and command.type not in _NOT_TO_BE_UNDONE


def _nobody(command: Command) -> str:
    return {Origin.RULE: "A rule", Origin.SYSTEM: "SharedBox", Origin.API: "A script"}.get(
        command.origin, "Somebody"
    )
