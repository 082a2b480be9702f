"""Commands and the mails they act on."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import exists, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.core.errors import NotFound
from app.core.ids import AccountId, CommandId, ConversationId, MessageId
from app.store.bulk import is_any
from app.store.models import (
    ABOUT_CONVERSATION,
    REARRANGING,
    Command,
    CommandState,
    CommandTarget,
    CommandType,
    Message,
    Placement,
    TargetState,
)
from app.store.repositories.base import Repository

_OPEN = (CommandState.QUEUED, CommandState.RUNNING)
_Earlier: Final = aliased(Command)
_IS_HELD_BACK: Final = exists().where(
    col(_Earlier.workspace_id) == col(Command.workspace_id),
    col(_Earlier.conversation_id) == col(Command.conversation_id),
    col(_Earlier.state).in_(_OPEN),
    col(_Earlier.seq) < col(Command.seq),
)
"""Whether an earlier command for the same conversation is still open."""


@dataclass(frozen=True, slots=True)
class CommandFilter:
    """What is None is not asked for."""

    account_ids: Collection[AccountId] | None = None
    state: CommandState | None = None
    conversation_id: ConversationId | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A mail that is still to be acted on, and what the server knows it by.

    Size and date are the server's own where the ledger noted them.
    """

    target: CommandTarget
    internet_message_id: str | None
    size: int
    internaldate: datetime


LONGEST_WAIT: Final = timedelta(minutes=20)
"""No command is put off for longer, so that a clock that is set back holds none back."""


def next_try(
    workspace_id: Any,  # noqa: ANN401 -- values or parameters
    account_id: Any,  # noqa: ANN401
) -> SelectOfScalar[datetime | None]:
    """When the earliest command of an account that waits for another attempt is due.

    One that is held back by an earlier one is not: its time may have come long ago.
    """
    return select(func.min(Command.next_try_at)).where(
        col(Command.workspace_id) == workspace_id,
        col(Command.account_id) == account_id,
        col(Command.state).in_(_OPEN),
        ~_IS_HELD_BACK,
    )


class Commands(Repository):
    async def add(self, command: Command, targets: Iterable[CommandTarget] = ()) -> None:
        self._session.add(command)
        await self._session.flush()
        self._session.add_all(targets)

    async def get(self, command_id: CommandId) -> Command:
        """Raises `NotFound`."""
        command = await self._session.get(Command, (self._workspace_id, command_id))
        if command is None:
            raise NotFound("There is no such command.")
        return command

    async def lock(self, command_id: CommandId) -> Command:
        """The command, held against other changes until we commit. Raises `NotFound`."""
        statement = (
            select(Command)
            .where(Command.workspace_id == self._workspace_id, Command.id == command_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        command = (await self._session.exec(statement)).one_or_none()
        if command is None:
            raise NotFound("There is no such command.")
        return command

    async def changed_since(self, command: Command) -> frozenset[str]:
        """What of its conversation later commands changed that still stand."""
        statement = select(Command.inverse).where(
            Command.workspace_id == self._workspace_id,
            Command.conversation_id == command.conversation_id,
            col(Command.seq) > command.seq,
            Command.state == CommandState.DONE,
            col(Command.type).in_(ABOUT_CONVERSATION - REARRANGING),
        )
        found = await self._session.exec(statement)
        return frozenset(name for inverse in found for name in inverse)

    async def that_undoes(self, command_id: CommandId) -> Command | None:
        """The command that was made to undo another one, unless it came to nothing."""
        statement = select(Command).where(
            Command.workspace_id == self._workspace_id, Command.undo_of_id == command_id
        )
        return (await self._session.exec(statement)).one_or_none()

    async def targets(self, command_id: CommandId) -> Sequence[CommandTarget]:
        statement = (
            select(CommandTarget)
            .where(
                CommandTarget.workspace_id == self._workspace_id,
                CommandTarget.command_id == command_id,
            )
            .order_by(col(CommandTarget.n))
        )
        return (await self._session.exec(statement)).all()

    async def pending(self, command_id: CommandId) -> list[Pending]:
        """The mails that a command has still to act on, with what they are known by."""
        statement = (
            select(
                CommandTarget,
                Message.internet_message_id,
                func.coalesce(Placement.size, Message.size),
                func.coalesce(Placement.internaldate, Message.received_at),
            )
            .join(
                Message,
                (col(Message.workspace_id) == col(CommandTarget.workspace_id))
                & (col(Message.id) == col(CommandTarget.message_id)),
            )
            .outerjoin(
                Placement,
                (col(Placement.workspace_id) == col(CommandTarget.workspace_id))
                & (col(Placement.mailbox_id) == col(CommandTarget.mailbox_id))
                & (col(Placement.uidvalidity) == col(CommandTarget.uidvalidity))
                & (col(Placement.uid) == col(CommandTarget.uid)),
            )
            .where(
                CommandTarget.workspace_id == self._workspace_id,
                CommandTarget.command_id == command_id,
                col(CommandTarget.state) == TargetState.PENDING,
            )
            .order_by(col(CommandTarget.n))
        )
        return [Pending(*row) for row in await self._session.exec(statement)]

    async def next_due(self, account_id: AccountId, now: datetime) -> Command | None:
        """The oldest command that may run now.

        One that waits for its next attempt holds back only later ones of its own conversation,
        whose effect would depend on it. One that would wait for longer than any does was put off
        before the clock was set back.
        """
        statement = (
            select(Command)
            .where(
                Command.workspace_id == self._workspace_id,
                Command.account_id == account_id,
                col(Command.state).in_(_OPEN),
                or_(
                    col(Command.next_try_at).is_(None),
                    col(Command.next_try_at) <= now,
                    col(Command.next_try_at) > now + LONGEST_WAIT,
                ),
                ~_IS_HELD_BACK,
            )
            .order_by(col(Command.seq))
            .limit(1)
            .with_for_update(key_share=True, skip_locked=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.exec(statement)).one_or_none()

    async def waiting(self, account_id: AccountId) -> dict[MessageId, set[CommandType]]:
        """What is still to be done to each mail that an open command is about."""
        statement = (
            select(CommandTarget.message_id, Command.type)
            .join(
                CommandTarget,
                (col(CommandTarget.workspace_id) == col(Command.workspace_id))
                & (col(CommandTarget.command_id) == col(Command.id)),
            )
            .where(
                Command.workspace_id == self._workspace_id,
                Command.account_id == account_id,
                col(Command.state).in_(_OPEN),
                col(CommandTarget.state) == TargetState.PENDING,
            )
        )
        found: dict[MessageId, set[CommandType]] = {}
        for message_id, type_ in await self._session.exec(statement):
            found.setdefault(MessageId(message_id), set()).add(CommandType(type_))
        return found

    async def page(
        self, wanted: CommandFilter, *, before: int | None, limit: int
    ) -> Sequence[Command]:
        """The latest first. `before` is the `seq` of the last one of the page before."""
        statement = select(Command).where(Command.workspace_id == self._workspace_id)
        if wanted.account_ids is not None:
            statement = statement.where(is_any(col(Command.account_id), list(wanted.account_ids)))
        if wanted.state is not None:
            statement = statement.where(col(Command.state) == wanted.state)
        if wanted.conversation_id is not None:
            statement = statement.where(Command.conversation_id == wanted.conversation_id)
        if before is not None:
            statement = statement.where(col(Command.seq) < before)
        statement = statement.order_by(col(Command.seq).desc()).limit(limit)
        return (await self._session.exec(statement)).all()

    async def targets_of(
        self, command_ids: Sequence[CommandId]
    ) -> dict[CommandId, list[CommandTarget]]:
        statement = (
            select(CommandTarget)
            .where(
                CommandTarget.workspace_id == self._workspace_id,
                is_any(col(CommandTarget.command_id), command_ids),
            )
            .order_by(col(CommandTarget.command_id), col(CommandTarget.n))
        )
        found: dict[CommandId, list[CommandTarget]] = {}
        for target in (await self._session.exec(statement)).all():
            found.setdefault(target.command_id, []).append(target)
        return found

    async def of_conversation(
        self, conversation_id: ConversationId, *, limit: int = 20
    ) -> Sequence[Command]:
        """The latest first."""
        statement = (
            select(Command)
            .where(
                Command.workspace_id == self._workspace_id,
                Command.conversation_id == conversation_id,
            )
            .order_by(col(Command.seq).desc())
            .limit(limit)
        )
        return (await self._session.exec(statement)).all()
