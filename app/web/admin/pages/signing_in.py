"""Signing in by password and second factor, and signing out."""

import json
from datetime import timedelta
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.container import Container
from app.core.crypto import SecretUnreadable
from app.core.ids import TeammateId, WorkspaceId
from app.store.models import Teammate
from app.team import sign_in
from app.team.patience import TooSoon
from app.team.sign_in import NotYou, Person
from app.web.admin.forms import Form, read
from app.web.admin.view import guest_page, passwords_of, safe_next, see_other
from app.web.admin.visitor import (
    AsViewer,
    Guest,
    GuestVisitor,
    cookie,
    cookie_options,
    place_of,
    recognise,
    slack_sign_in,
)
from app.web.deps import Parts

router = APIRouter()
_CODE_WITHIN: Final = timedelta(minutes=5)


class PasswordForm(BaseModel):
    email: str = Field(min_length=1, max_length=320)
    password: str = Field(min_length=1, max_length=1000)
    next: str = ""


class CodeForm(BaseModel):
    code: str = Field(min_length=1, max_length=100)


@router.get("/sign-in")
async def ask(request: Request, parts: Parts, guest: Guest, next: str = "") -> Response:  # noqa: A002 -- the word browsers see
    if await recognise(request, parts) is not None:
        return see_other(request, safe_next(next))
    form: Form[PasswordForm] = Form({"next": safe_next(next)})
    return await _page(request, parts, guest, form)


@router.post("/sign-in")
async def check(request: Request, parts: Parts, guest: Guest) -> Response:
    form = await read(request, PasswordForm)
    status = 422
    if form.is_good:
        try:
            return await _go_on(request, parts, form.data)
        except (NotYou, TooSoon) as error:
            form.refuse(error)
            status = 429 if isinstance(error, TooSoon) else 422
    return await _page(request, parts, guest, form, status=status)


async def _page(
    request: Request,
    parts: Container,
    guest: GuestVisitor,
    form: Form[PasswordForm],
    *,
    status: int = 200,
) -> Response:
    return guest_page(
        request, guest, "sign_in.html", status=status, form=form,
        has_owner=await _has_owner(parts), by_slack=slack_sign_in(request) is not None,
    )  # fmt: skip


async def _go_on(request: Request, parts: Container, given: PasswordForm) -> Response:
    person = await sign_in.check_password(
        parts.store, passwords_of(request), given.email, given.password, place_of(request),
        now=parts.clock.now(),
    )  # fmt: skip
    if not person.needs_code:
        return await let_in(request, parts, person, "password", given.next)
    answer = see_other(request, "/sign-in/code")
    pending = [
        str(person.workspace_id), str(person.teammate_id), safe_next(given.next),
        parts.clock.now().timestamp(),
    ]  # fmt: skip
    answer.set_cookie(
        cookie(parts, "pending"), parts.vault.seal(json.dumps(pending)).decode(),
        max_age=int(_CODE_WITHIN.total_seconds()), **cookie_options(parts),
    )  # fmt: skip
    return answer


@router.get("/sign-in/code")
async def ask_for_code(request: Request, parts: Parts, guest: Guest) -> Response:
    if _pending(request, parts) is None:
        return see_other(request, "/sign-in")
    return guest_page(request, guest, "sign_in_code.html", form=Form())


@router.post("/sign-in/code")
async def check_code(request: Request, parts: Parts, guest: Guest) -> Response:
    pending = _pending(request, parts)
    if pending is None:
        return see_other(request, "/sign-in", "That took too long. Sign in again.", is_bad=True)
    person, wanted = pending
    form = await read(request, CodeForm)
    status = 422
    if form.is_good:
        try:
            kind = await sign_in.check_code(
                parts.store, parts.vault, person, form.data.code, place_of(request),
                now=parts.clock.now(),
            )  # fmt: skip
            return await let_in(request, parts, person, kind, wanted)
        except (NotYou, TooSoon) as error:
            form.refuse(error)
            status = 429 if isinstance(error, TooSoon) else 422
    return guest_page(request, guest, "sign_in_code.html", status=status, form=form)


@router.post("/sign-out")
async def sign_out(request: Request, parts: Parts, visitor: AsViewer) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        await uow.members.end_session(visitor.teammate.id, visitor.session.id)
        visitor.audit(uow, "session.ended", about=visitor.teammate.name)
    answer = see_other(request, "/sign-in", "You are signed out.")
    answer.delete_cookie(cookie(parts, "session"), **cookie_options(parts))
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


async def let_in(
    request: Request, parts: Container, person: Person, signed_in_by: str, wanted: str
) -> Response:
    """Begin a session in this browser, with a secret that nobody had before."""
    async with parts.store.begin(person.workspace_id) as uow:
        secret = await sign_in.enter(
            uow, person.teammate_id, place_of(request), signed_in_by, now=parts.clock.now()
        )
        former = await recognise(request, parts, note=False)
        if former is not None and former.workspace_id == person.workspace_id:
            await uow.members.end_session(former.teammate.id, former.session.id)
    answer = see_other(request, safe_next(wanted))
    answer.set_cookie(cookie(parts, "session"), secret, **cookie_options(parts))
    for name in ("guest", "pending"):
        answer.delete_cookie(cookie(parts, name), **cookie_options(parts))
    return answer


def person_of(teammate: Teammate) -> Person:
    return Person(teammate.workspace_id, teammate.id, needs_code=False)


def _pending(request: Request, parts: Container) -> tuple[Person, str] | None:
    """Who has shown their password a moment ago, and where they want to go."""
    sealed = request.cookies.get(cookie(parts, "pending"))
    if sealed is None:
        return None
    try:
        team, teammate, wanted, at = json.loads(parts.vault.open(sealed.encode()))
        age = parts.clock.now().timestamp() - float(at)
    except (SecretUnreadable, ValueError, TypeError):
        return None
    if not 0 <= age <= _CODE_WITHIN.total_seconds():
        return None
    person = Person(WorkspaceId(UUID(team)), TeammateId(UUID(teammate)), needs_code=True)
    return person, str(wanted)


async def _has_owner(parts: Container) -> bool:
    async with parts.store.across_workspaces() as fleet:
        return await fleet.door.has_owner(await fleet.default_workspace())
