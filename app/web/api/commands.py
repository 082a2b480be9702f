"""Commands: wishes for mails, and what became of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.commands import undo as undoing
from app.commands.enqueue import enqueue_for_conversation, enqueue_for_messages
from app.commands.types import MailIntent, mail_intent
from app.core.access import Actor
from app.core.errors import NotFound
from app.core.ids import AccountId, CommandId, ConversationId, MessageId
from app.store.models import Command, CommandState, CommandTarget, CommandType, TargetState
from app.store.repositories.commands import CommandFilter
from app.store.unit_of_work import UnitOfWork
from app.web.deps import (
    Cursor,
    Limit,
    Parts,
    Reader,
    Words,
    Writer,
    check_visible,
    read_cursor,
    visible_accounts,
    write_cursor,
)
from app.web.errors import TOO_MANY
from app.web.idempotency import Idempotent

router = APIRouter(prefix="/commands", tags=["commands"])

_ASKABLE = [
    CommandType.MOVE,
    CommandType.ARCHIVE,
    CommandType.DELETE,
    CommandType.SPAM,
    CommandType.FLAG,
    CommandType.UNFLAG,
    CommandType.MARK_READ,
    CommandType.MARK_UNREAD,
]


class CommandIn(BaseModel):
    """About a whole conversation, or about some messages of one account."""

    model_config = ConfigDict(extra="forbid")

    type: Annotated[CommandType, Field(json_schema_extra={"enum": list(_ASKABLE)})]
    conversation_id: UUID | None = None
    message_ids: Annotated[list[UUID] | None, Field(min_length=1, max_length=500)] = None
    folder: Annotated[Words | None, Field(max_length=500)] = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.type not in _ASKABLE:
            raise ValueError(f"{self.type} cannot be asked for here")
        if (self.conversation_id is None) == (self.message_ids is None):
            raise ValueError("give either conversation_id or message_ids")
        if (self.type is CommandType.MOVE) != bool(self.folder):
            raise ValueError("folder belongs to a move, and a move needs one")
        return self

    def intent(self) -> MailIntent:
        return mail_intent(self.type, self.folder)


class TargetOut(BaseModel):
    message_id: UUID
    state: TargetState


class CommandOut(BaseModel):
    """`state`: queued, running, done, failed (see `detail`), cancelled or undone.

    `paused_since`: it waits for its account, which is paused since then.
    """

    id: UUID
    type: CommandType
    state: CommandState
    detail: str
    account_id: UUID
    conversation_id: UUID | None
    undo_of_id: UUID | None
    attempts: int
    paused_since: datetime | None = None
    created_at: datetime
    settled_at: datetime | None
    targets: list[TargetOut]


class CommandPage(BaseModel):
    items: list[CommandOut]
    next_cursor: str | None


@router.post("", status_code=202, response_model=CommandOut, responses=TOO_MANY)
async def create(parts: Parts, caller: Writer, body: CommandIn, once: Idempotent) -> JSONResponse:
    """Queue a command. It is carried out within seconds if the account’s server answers."""
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        command = await _enqueue(uow, caller, body)
        return once.record(uow, 202, await show_command(uow, command))


@router.get("")
async def list_(
    parts: Parts,
    caller: Reader,
    state: Annotated[
        CommandState | None, Query(description="`failed`: what waits for a Retry.")
    ] = None,
    account: UUID | None = None,
    conversation: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CommandPage:
    """The commands, the latest first."""
    wanted = CommandFilter(
        account_ids=visible_accounts(caller, account),
        state=state,
        conversation_id=ConversationId(conversation) if conversation else None,
    )
    place = read_cursor(cursor, int)
    async with parts.store.begin(caller.workspace_id) as uow:
        found = await uow.commands.page(wanted, before=place[0] if place else None, limit=limit + 1)
        page = found[:limit]
        targets = await uow.commands.targets_of([one.id for one in page])
        paused = await uow.waiting.paused_since({one.account_id for one in page if _waits(one)})
    more = len(found) > limit
    return CommandPage(
        items=[_out(one, targets.get(one.id, ()), paused) for one in page],
        next_cursor=write_cursor(str(page[-1].seq)) if more else None,
    )


@router.get("/{command_id}")
async def get(parts: Parts, caller: Reader, command_id: UUID) -> CommandOut:
    async with parts.store.begin(caller.workspace_id) as uow:
        command = await _command(uow, caller, command_id)
        return CommandOut.model_validate(await show_command(uow, command))


@router.post("/{command_id}/undo", status_code=202)
async def undo(parts: Parts, caller: Writer, command_id: UUID) -> CommandOut:
    """Take it back. Answers the command that tells how that goes; asking twice answers the same."""
    async with parts.store.begin(caller.workspace_id) as uow:
        await _command(uow, caller, command_id)
        now = parts.clock.now()
        command = await undoing.undo(uow, caller, CommandId(command_id), now=now)
        return CommandOut.model_validate(await show_command(uow, command))


@router.post("/{command_id}/retry", status_code=202)
async def retry(parts: Parts, caller: Writer, command_id: UUID) -> CommandOut:
    """Try a failed command again."""
    async with parts.store.begin(caller.workspace_id) as uow:
        await _command(uow, caller, command_id)
        command = await undoing.retry(uow, CommandId(command_id))
        return CommandOut.model_validate(await show_command(uow, command))


async def _enqueue(uow: UnitOfWork, caller: Actor, body: CommandIn) -> Command:
    if body.conversation_id is not None:
        conversation_id = ConversationId(body.conversation_id)
        conversation = await uow.conversations.get(conversation_id)
        check_visible(caller, conversation.account_id, "conversation")
        return await enqueue_for_conversation(uow, caller, conversation_id, body.intent())
    ids = [MessageId(id_) for id_ in body.message_ids or ()]
    messages = await uow.messages.get_many(ids)
    if len(messages) != len(set(ids)):
        raise NotFound("There is no such message.", fix="Check message_ids.")
    for message in messages:
        check_visible(caller, message.account_id, "message")
    return await enqueue_for_messages(uow, caller, ids, body.intent())


async def _command(uow: UnitOfWork, caller: Actor, command_id: UUID) -> Command:
    command = await uow.commands.get(CommandId(command_id))
    check_visible(caller, command.account_id, "command")
    return command


async def show_command(uow: UnitOfWork, command: Command) -> dict[str, Any]:
    await uow.session.flush()
    await uow.session.refresh(command)
    targets = await uow.commands.targets(command.id)
    paused = await uow.waiting.paused_since([command.account_id] if _waits(command) else ())
    return _out(command, targets, paused).model_dump(mode="json")


def _waits(command: Command) -> bool:
    return command.state in {CommandState.QUEUED, CommandState.RUNNING}


def _out(
    command: Command, targets: Sequence[CommandTarget], paused: Mapping[AccountId, datetime]
) -> CommandOut:
    return CommandOut(
        **command.model_dump(include=set(CommandOut.model_fields)),
        paused_since=paused.get(command.account_id) if _waits(command) else None,
        targets=[TargetOut(message_id=one.message_id, state=one.state) for one in targets],
    )
