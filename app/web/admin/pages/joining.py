"""The page behind a link that lets somebody in: they say who they are and choose a password."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.core.access import Role
from app.core.errors import Conflict, InvalidInput
from app.store.models import Invitation
from app.team import joining
from app.team.joining import Newcomer
from app.team.passwords import check_password
from app.web.admin.forms import Form, read
from app.web.admin.pages.signing_in import let_in, person_of
from app.web.admin.view import guest_page, passwords_of
from app.web.admin.visitor import Guest
from app.web.deps import Parts

router = APIRouter()


class JoinForm(BaseModel):
    name: str = Field(min_length=1, max_length=200)
    email: str = Field(min_length=1, max_length=400)
    password: str = Field(min_length=1, max_length=1000)


@router.get("/join/{secret}")
async def open_link(request: Request, parts: Parts, guest: Guest, secret: str) -> Response:
    invitation = await joining.find(parts.store, secret, now=parts.clock.now())
    return guest_page(request, guest, "join.html", form=Form(), **_told(invitation))


@router.post("/join/{secret}")
async def join(request: Request, parts: Parts, guest: Guest, secret: str) -> Response:
    invitation = await joining.find(parts.store, secret, now=parts.clock.now())
    form = await read(request, JoinForm)
    if form.is_good:
        given = form.data
        try:
            name, email = joining.check_newcomer(given.name, given.email)
            check_password(given.password, email=email)
            newcomer = Newcomer(name, email, await passwords_of(request).hash(given.password))
            async with parts.store.begin(invitation.workspace_id) as uow:
                teammate = await joining.join(uow, invitation.id, newcomer, now=parts.clock.now())
            wanted = "/start" if teammate.standing.includes(Role.ADMIN) else "/"
            return await let_in(request, parts, person_of(teammate), "invitation", wanted)
        except (InvalidInput, Conflict) as error:
            form.refuse(error)
    return guest_page(request, guest, "join.html", status=422, form=form, **_told(invitation))


def _told(invitation: Invitation) -> dict[str, Any]:
    return {
        "role": invitation.role,
        "is_first": joining.is_first(invitation),
    }
