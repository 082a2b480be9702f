"""The people of the team: who they are, what they may do, and links that let others in."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.container import Container
from app.core.access import Role
from app.core.errors import Conflict, InvalidInput, NotAllowed
from app.core.ids import InvitationId, TeammateId
from app.store.unit_of_work import UnitOfWork
from app.team import joining, members
from app.web.admin.forms import Form, read
from app.web.admin.nav import Entry, Group
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAdmin, Visitor
from app.web.deps import Cursor, Parts, read_cursor, write_cursor

router = APIRouter()
NAV = Entry("Team", "/team", "team", Group.TEAM, Role.ADMIN)
_PAGE = 100
MEANINGS = {
    Role.OWNER: "Everything, and makes and unmakes owners.",
    Role.ADMIN: "Accounts, channels, the team, keys and settings.",
    Role.AGENT: "Reads mail, acts on it and answers it.",
    Role.VIEWER: "Reads mail.",
}


class RoleForm(BaseModel):
    role: Role


class InvitationForm(BaseModel):
    role: Role
    note: Annotated[str, Field(max_length=200)] = ""


@router.get("/team")
async def list_(
    request: Request, visitor: AsAdmin, parts: Parts, cursor: Cursor = None
) -> Response:
    place = read_cursor(cursor, UUID)
    after = TeammateId(place[0]) if place else None
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = await uow.teammates.page(after=after, limit=_PAGE + 1)
        people = found[:_PAGE]
        logins = await uow.members.logins([one.id for one in people])
        invitations = await uow.members.open_invitations(now=parts.clock.now())
    more = f"/team?cursor={write_cursor(people[-1].id)}" if len(found) > _PAGE else None
    return page(
        request, visitor, "team.html", people=people, logins=logins, invitations=invitations,
        more=more, first=cursor is None, roles=_grantable(visitor),
    )  # fmt: skip


@router.get("/team/invite")
async def ask(request: Request, visitor: AsAdmin) -> Response:
    form: Form[InvitationForm] = Form({"role": Role.AGENT})
    return page(request, visitor, "team_invite.html", form=form, roles=_grantable(visitor))


@router.post("/team/invite")
async def invite(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    """The link stands in the answer, and nowhere else."""
    form = await read(request, InvitationForm)
    if form.is_good:
        try:
            async with parts.store.begin(visitor.workspace_id) as uow:
                row, secret = joining.invite(
                    uow, visitor.actor, form.data.role, form.data.note, now=parts.clock.now()
                )
        except (InvalidInput, NotAllowed) as error:
            form.refuse(error)
        else:
            link = parts.settings.base_url.rstrip("/") + joining.link_path(secret)
            return page(request, visitor, "team_invited.html", invitation=row, link=link)
    roles = _grantable(visitor)
    return page(request, visitor, "team_invite.html", status=422, form=form, roles=roles)


@router.post("/team/invitations/{invitation_id}/withdraw")
async def withdraw(
    request: Request, visitor: AsAdmin, parts: Parts, invitation_id: UUID
) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        await joining.withdraw(
            uow, visitor.actor, InvitationId(invitation_id), now=parts.clock.now()
        )
    return see_other(request, "/team", "The link works no more.")


@router.post("/team/{teammate_id}/role")
async def set_role(request: Request, visitor: AsAdmin, parts: Parts, teammate_id: UUID) -> Response:
    form = await read(request, RoleForm)
    if not form.is_good:
        return see_other(request, "/team", "There is no such role.", is_bad=True)

    async def change(uow: UnitOfWork) -> str:
        teammate = await members.set_role(
            uow, visitor.actor, TeammateId(teammate_id), form.data.role
        )
        return f"{teammate.name} is {_article(form.data.role)} {form.data.role} now."

    return await _changed(request, visitor, parts, change)


@router.post("/team/{teammate_id}/bar")
async def bar(request: Request, visitor: AsAdmin, parts: Parts, teammate_id: UUID) -> Response:
    async def change(uow: UnitOfWork) -> str:
        teammate = await members.bar(
            uow, visitor.actor, TeammateId(teammate_id), now=parts.clock.now()
        )
        return f"{teammate.name} cannot sign in here any more."

    return await _changed(request, visitor, parts, change)


@router.post("/team/{teammate_id}/let-back")
async def let_back(request: Request, visitor: AsAdmin, parts: Parts, teammate_id: UUID) -> Response:
    async def change(uow: UnitOfWork) -> str:
        teammate = await members.let_back(uow, visitor.actor, TeammateId(teammate_id))
        return f"{teammate.name} can sign in again."

    return await _changed(request, visitor, parts, change)


async def _changed(
    request: Request,
    visitor: Visitor,
    parts: Container,
    change: Callable[[UnitOfWork], Awaitable[str]],
) -> Response:
    """Do it, and say so above the list; or why it is not to be."""
    try:
        async with parts.store.begin(visitor.workspace_id) as uow:
            said = await change(uow)
    except (NotAllowed, Conflict) as error:
        return see_other(request, "/team", error.sentence, is_bad=True)
    return see_other(request, "/team", said)


def _grantable(visitor: Visitor) -> list[tuple[str, str, str]]:
    """What the visitor can make others: their own role, and those below."""
    return [
        (str(role), role.capitalize(), MEANINGS[role])
        for role in Role
        if visitor.role.includes(role)
    ]


def _article(role: Role) -> str:
    return "a" if role is Role.VIEWER else "an"
