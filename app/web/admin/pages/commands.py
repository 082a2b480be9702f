"""What was asked to be done on the servers, by whom, and what became of it."""

from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from app.commands import undo as undoing
from app.core.errors import Conflict, NotFound
from app.core.ids import CommandId
from app.store.models import Command, CommandState
from app.store.repositories.commands import CommandFilter
from app.store.unit_of_work import UnitOfWork
from app.web.admin.asked import STATES, asked
from app.web.admin.choices import account_choices, filter_id, filter_state, paused_among
from app.web.admin.forms import read
from app.web.admin.nav import Entry, Group
from app.web.admin.view import page, safe_next, see_other
from app.web.admin.visitor import AsAgent, AsViewer, Visitor
from app.web.deps import Cursor, Parts, Words, read_cursor, visible_accounts, write_cursor

router = APIRouter()
NAV = Entry("Commands", "/commands", "command", Group.INBOX)
_PAGE: Final = 50


Text = Annotated[Words, Query(max_length=50)]


class BackForm(BaseModel):
    back: Annotated[str, Field(max_length=2000)] = "/commands"


@router.get("/commands")
async def list_(
    request: Request,
    visitor: AsViewer,
    parts: Parts,
    state: Text = "",
    account: Text = "",
    cursor: Cursor = None,
) -> Response:
    """The latest first; the failed ones wait here until somebody says Retry."""
    place = read_cursor(cursor, int)
    wanted = CommandFilter(
        visible_accounts(visitor.actor, filter_id(account)), filter_state(CommandState, state)
    )
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = await uow.commands.page(wanted, before=place[0] if place else None, limit=_PAGE + 1)
        accounts = await account_choices(uow, visitor)
        paused = await paused_among(uow, visitor, filter_id(account))
        seen = await visitor.shown(uow, [one.id for one in found])
        shown = [one for one in found[:_PAGE] if one.id in seen]
        rows = await asked(uow, shown)
    query = urlencode({"state": state, "account": account})
    more = None
    if len(found) > _PAGE:
        more = f"/commands?cursor={write_cursor(str(found[_PAGE - 1].seq))}&{query}"
    return page(
        request, visitor, "commands.html",
        asked=list(zip(rows, [str(one.account_id) for one in shown], strict=True)),
        states=STATES, state=state, account=account, accounts=accounts,
        addresses=dict(accounts), more=more, first=cursor is None, paused=paused,
    )  # fmt: skip


@router.post("/commands/{command_id}/retry")
async def retry(request: Request, visitor: AsAgent, parts: Parts, command_id: UUID) -> Response:
    back = await _back(request)
    try:
        async with parts.store.begin(visitor.workspace_id) as uow:
            command = await _command(uow, visitor, command_id)
            await undoing.retry(uow, command.id)
    except Conflict as error:
        return see_other(request, back, error.sentence, is_bad=True)
    return see_other(request, back, "It is tried again.")


@router.post("/commands/{command_id}/undo")
async def undo(request: Request, visitor: AsAgent, parts: Parts, command_id: UUID) -> Response:
    back = await _back(request)
    try:
        async with parts.store.begin(visitor.workspace_id) as uow:
            command = await _command(uow, visitor, command_id)
            await undoing.undo(uow, visitor.actor, command.id, now=parts.clock.now())
    except Conflict as error:
        return see_other(request, back, error.sentence, is_bad=True)
    return see_other(request, back, "It is being taken back.")


async def _back(request: Request) -> str:
    form = await read(request, BackForm)
    return safe_next(form.data.back if form.is_good else None)


async def _command(uow: UnitOfWork, visitor: Visitor, command_id: UUID) -> Command:
    """Raises `NotFound`."""
    command = await uow.commands.get(CommandId(command_id))
    if not await visitor.sees(uow, command.account_id, command.id):
        raise NotFound("There is no such command.")
    return command
