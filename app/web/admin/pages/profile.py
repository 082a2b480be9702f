"""What people see and change of their own: password, second factor, sessions."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import segno
from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from pydantic import BaseModel, Field

from app.container import Container
from app.core.errors import Conflict, InvalidInput
from app.core.ids import SessionId
from app.store.unit_of_work import UnitOfWork
from app.team import patience, profile, sessions
from app.team.passwords import check_password
from app.team.patience import TooSoon
from app.team.second_factor import address_for_apps
from app.web.admin.forms import Form, read
from app.web.admin.view import page, passwords_of, see_other
from app.web.admin.visitor import AsViewer, Visitor, slack_sign_in
from app.web.deps import Parts

router = APIRouter()


class PasswordForm(BaseModel):
    current: Annotated[str, Field(min_length=1, max_length=1000)]
    password: Annotated[str, Field(min_length=1, max_length=1000)]


class CodeForm(BaseModel):
    current: Annotated[str, Field(min_length=1, max_length=1000)]
    code: Annotated[str, Field(min_length=1, max_length=20)]


class CurrentForm(BaseModel):
    current: Annotated[str, Field(min_length=1, max_length=1000)]


@router.get("/profile")
async def show(request: Request, visitor: AsViewer, parts: Parts) -> Response:
    now = parts.clock.now()
    async with parts.store.begin(visitor.workspace_id) as uow:
        login = await uow.members.login(visitor.teammate.id)
        open_ = await uow.members.sessions(
            visitor.teammate.id, seen_after=now - sessions.IDLE, now=now
        )
    return page(
        request, visitor, "profile.html", login=login, sessions=open_,
        by_slack=slack_sign_in(request) is not None,
    )  # fmt: skip


@router.get("/profile/password")
async def ask_for_password(request: Request, visitor: AsViewer) -> Response:
    return page(request, visitor, "profile_password.html", form=Form())


@router.post("/profile/password")
async def change_password(request: Request, visitor: AsViewer, parts: Parts) -> Response:
    form = await read(request, PasswordForm)
    if form.is_good:
        given = form.data
        try:
            email = await check_current(request, visitor, parts, given.current)
            check_password(given.password, email=email)
            kept = await passwords_of(request).hash(given.password)
            async with parts.store.begin(visitor.workspace_id) as uow:
                ended = await profile.change_password(
                    uow, visitor.actor, visitor.teammate.id, kept,
                    keep=visitor.session.id, now=parts.clock.now(),
                )  # fmt: skip
        except (InvalidInput, TooSoon) as error:
            form.refuse(error)
        else:
            others = f" Your other sessions ({ended}) have ended." if ended else ""
            return see_other(request, "/profile", f"Your password is changed.{others}")
    return page(request, visitor, "profile_password.html", status=422, form=form)


@router.get("/profile/second-factor")
async def ask_for_second_factor(request: Request, visitor: AsViewer, parts: Parts) -> Response:
    return await _offer(request, visitor, parts, Form())


@router.post("/profile/second-factor")
async def confirm_second_factor(request: Request, visitor: AsViewer, parts: Parts) -> Response:
    """The recovery codes stand in the answer, and nowhere else."""
    form = await read(request, CodeForm)
    if form.is_good:
        try:
            await check_current(request, visitor, parts, form.data.current)
            async with parts.store.begin(visitor.workspace_id) as uow:
                codes = await profile.confirm_second_factor(
                    uow, parts.vault, visitor.actor, visitor.teammate.id, form.data.code,
                    now=parts.clock.now(),
                )  # fmt: skip
        except (InvalidInput, TooSoon) as error:
            form.refuse(error)
        else:
            return page(request, visitor, "profile_codes.html", codes=codes)
    return await _offer(request, visitor, parts, form)


@router.get("/profile/second-factor/remove")
async def ask_to_remove(request: Request, visitor: AsViewer) -> Response:
    return page(request, visitor, "profile_factor_off.html", form=Form())


@router.post("/profile/second-factor/remove")
async def remove_second_factor(request: Request, visitor: AsViewer, parts: Parts) -> Response:
    async def drop(uow: UnitOfWork) -> None:
        await profile.drop_second_factor(uow, visitor.actor, visitor.teammate.id)

    return await by_password(
        request, visitor, parts, drop,
        asks="profile_factor_off.html", said="Your password alone is enough again.",
    )  # fmt: skip


@router.post("/profile/sessions/{session_id}/end")
async def end_session(
    request: Request, visitor: AsViewer, parts: Parts, session_id: UUID
) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        await sessions.end(uow, visitor.teammate, SessionId(session_id))
        visitor.audit(uow, "session.ended", about=visitor.teammate.name)
    return see_other(request, "/profile", "That session has ended.")


@router.post("/profile/sessions/end")
async def end_others(request: Request, visitor: AsViewer, parts: Parts) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        ended = await uow.members.end_sessions(visitor.teammate.id, but=visitor.session.id)
        visitor.audit(uow, "session.ended", about=visitor.teammate.name, others=ended)
    return see_other(request, "/profile", "You are signed in here only.")


async def by_password(
    request: Request,
    visitor: Visitor,
    parts: Container,
    do: Callable[[UnitOfWork], Awaitable[object]],
    *,
    asks: str,
    said: str,
) -> Response:
    """Do it for who said their password, or show the page that `asks` for it again."""
    form = await read(request, CurrentForm)
    if form.is_good:
        try:
            await check_current(request, visitor, parts, form.data.current)
            async with parts.store.begin(visitor.workspace_id) as uow:
                await do(uow)
        except (InvalidInput, TooSoon) as error:
            form.refuse(error)
        else:
            return see_other(request, "/profile", said)
    return page(request, visitor, asks, status=422, form=form)


async def check_current(request: Request, visitor: Visitor, parts: Container, password: str) -> str:
    """Who changes how they sign in says their password again. Answers the address they sign in by.

    Raises `InvalidInput` and `TooSoon`.
    """
    who = f"again {visitor.teammate.id}"
    attempt = patience.attempt_of(who, visitor.place.address)
    await patience.begin(parts.store, attempt, now=parts.clock.now())
    async with parts.store.begin(visitor.workspace_id) as uow:
        login = await profile.login_of(uow, visitor.teammate.id)
        kept, email = login.password_hash, login.email
    if not await passwords_of(request).verify(kept, password):
        raise InvalidInput("This is not your present password.", field="current")
    await patience.succeeded(parts.store, attempt)
    return email


async def _offer(
    request: Request, visitor: Visitor, parts: Container, form: Form[CodeForm]
) -> Response:
    try:
        async with parts.store.begin(visitor.workspace_id) as uow:
            secret = await profile.offer_second_factor(uow, parts.vault, visitor.teammate.id)
            login = await profile.login_of(uow, visitor.teammate.id)
    except Conflict as error:
        return see_other(request, "/profile", error.sentence, is_bad=True)
    drawn = segno.make(address_for_apps(secret, login.email), error="m").svg_inline(
        svgclass="qr", lineclass=None, omitsize=True, title="A QR code for your authenticator app"
    )
    return page(
        request, visitor, "profile_factor.html", status=200 if form.is_good else 422, form=form,
        qr=Markup(drawn),  # noqa: S704 -- drawn by us, out of black squares
        secret=" ".join(secret[n : n + 4] for n in range(0, len(secret), 4)),
    )  # fmt: skip
