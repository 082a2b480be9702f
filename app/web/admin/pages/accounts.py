"""Mail accounts: the list, and of each what it is doing, with what can be done about it."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.accounts import connect, history, pausing
from app.accounts.connect import AccountChange, Gate, ServerLogin
from app.accounts.diagnose import diagnose
from app.accounts.grants import grant_of, make_ticket
from app.accounts.health import AccountHealth, health_of
from app.accounts.history import MOST_HISTORY_DAYS, Window
from app.accounts.trying import try_out
from app.container import Container
from app.core.errors import Conflict, InvalidInput
from app.core.ids import AccountId
from app.mailbox.port import Security
from app.store.models import Account, ImportState, ReadPolicy
from app.web.admin.channel_choice import chosen_channel, shown_channel
from app.web.admin.counting import counted_for
from app.web.admin.forms import Form, read
from app.web.admin.nav import Entry, Group
from app.web.admin.pages.connect import READING, onward
from app.web.admin.pages.overview import LEVELS, STATES, diagnosed_worst_first
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAdmin, AsViewer, Visitor
from app.web.deps import Cursor, Parts, read_cursor, write_cursor

router = APIRouter()
NAV = Entry("Accounts", "/accounts", "mail", Group.INBOX)
_PAGE: Final = 50
_EVENTS: Final = 40
_UNTOLD: Final = ("message.flags_changed", "message.imported", "audit.recorded")


class ImportForm(BaseModel):
    days: Annotated[int, Field(ge=1, le=MOST_HISTORY_DAYS)]


class DeleteForm(BaseModel):
    address: Annotated[str, Field(max_length=400)] = ""


class ChangeForm(BaseModel):
    folders: Annotated[str, Field(min_length=1, max_length=10_000)]
    channel: Annotated[str, Field(min_length=1, max_length=100)]
    watch_sent: bool = False
    mark_read: ReadPolicy = ReadPolicy.NEVER
    password: Annotated[str, Field(max_length=4096)] = ""


@router.get("/accounts")
async def list_(
    request: Request, visitor: AsViewer, parts: Parts, cursor: Cursor = None
) -> Response:
    place = read_cursor(cursor, UUID)
    after = AccountId(place[0]) if place else None
    now = parts.clock.now()
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = await uow.accounts.page(
            after=after, limit=_PAGE + 1, only=visitor.actor.account_ids
        )
        healths = await health_of(uow, found[:_PAGE])
        counted = await counted_for(uow, visitor, found[:_PAGE])
    more = f"/accounts?cursor={write_cursor(found[_PAGE - 1].id)}" if len(found) > _PAGE else None
    pairs = [(one, diagnose(one, now, poll_seconds=parts.settings.poll_seconds)) for one in healths]
    return page(
        request, visitor, "accounts.html", accounts=diagnosed_worst_first(pairs), more=more,
        first=cursor is None, states=STATES, levels=LEVELS, counted_for_you=counted,
    )  # fmt: skip


@router.get("/accounts/{account_id}")
async def show(request: Request, visitor: AsViewer, parts: Parts, account_id: UUID) -> Response:
    id_ = AccountId(account_id)
    visitor.check_sees(id_)
    now = parts.clock.now()
    async with parts.store.begin(visitor.workspace_id) as uow:
        account = await uow.accounts.get(id_)
        (health,) = await health_of(uow, [account])
        newest = await uow.events.newest(limit=_EVENTS, account_id=id_, but=_UNTOLD)
        events = await visitor.events_shown(uow, newest)
        channel = await shown_channel(uow, account.channel_id)
        is_counted = account.id in await counted_for(uow, visitor, [account])
    finding = diagnose(health, now, poll_seconds=parts.settings.poll_seconds)
    return page(
        request, visitor, "account.html", account=health, servers=account, finding=finding,
        events=events, states=STATES, levels=LEVELS, latest=_latest(health), reading=dict(READING),
        channel=channel, is_counted=is_counted,
        importing=health.history is not None and health.history.state is ImportState.RUNNING,
    )  # fmt: skip


@router.post("/accounts/{account_id}/retry")
async def retry(request: Request, visitor: AsAdmin, parts: Parts, account_id: UUID) -> Response:
    """End its rest, or have the connection made anew; wait for what comes of it."""
    id_ = AccountId(account_id)
    visitor.check_sees(id_)
    async with parts.store.begin(visitor.workspace_id) as uow:
        account = await uow.accounts.get(id_)
        visitor.audit(uow, "account.retried", about=account.address, account_id=str(id_))
    tried = await try_out(parts.store, parts.hub, visitor.workspace_id, id_)
    said = "Connected, and every watched folder was looked at." if tried.ok else tried.detail
    return see_other(request, f"/accounts/{account_id}", said, is_bad=not tried.ok)


@router.post("/accounts/{account_id}/pause")
async def pause(request: Request, visitor: AsAdmin, parts: Parts, account_id: UUID) -> Response:
    """Let it be: its connection is closed within seconds."""
    said = "Paused. New mail stays on the server until you resume it."
    change = (pausing.pause, "account.paused")
    return await _switch(request, visitor, parts, AccountId(account_id), *change, said)


@router.post("/accounts/{account_id}/resume")
async def resume(request: Request, visitor: AsAdmin, parts: Parts, account_id: UUID) -> Response:
    said = "Resumed. What arrived meanwhile is brought in now."
    change = (pausing.resume, "account.resumed")
    return await _switch(request, visitor, parts, AccountId(account_id), *change, said)


async def _switch(
    request: Request,
    visitor: Visitor,
    parts: Container,
    account_id: AccountId,
    change: pausing.Change,
    act: str,
    said: str,
) -> Response:
    visitor.check_sees(account_id)
    try:
        async with parts.store.begin(visitor.workspace_id) as uow:
            account = await change(uow, account_id, by=visitor.actor.name, now=parts.clock.now())
            visitor.audit(uow, act, about=account.address, account_id=str(account_id))
    except Conflict as error:
        return see_other(request, f"/accounts/{account_id}", str(error), is_bad=True)
    return see_other(request, f"/accounts/{account_id}", said)


@router.get("/accounts/{account_id}/change")
async def ask_to_change(
    request: Request, visitor: AsAdmin, parts: Parts, account_id: UUID
) -> Response:
    health, account = await _account(parts, visitor, account_id)
    async with parts.store.begin(visitor.workspace_id) as uow:
        channel = await shown_channel(uow, account.channel_id)
    form: Form[ChangeForm] = Form(
        {
            "folders": "\n".join(account.folders),
            "channel": channel,
            "watch_sent": ["true"] if account.watch_sent else [],
            "mark_read": account.mark_read,
            "password": "",
        }
    )
    return page(request, visitor, "account_change.html", account=health, form=form, reading=READING)


@router.post("/accounts/{account_id}/change")
async def change(request: Request, visitor: AsAdmin, parts: Parts, account_id: UUID) -> Response:
    health, account = await _account(parts, visitor, account_id)
    form = await read(request, ChangeForm)
    if form.is_good:
        imap, smtp = _with_password(account, form.data.password)
        gate = Gate(parts.vault, parts.settings.allow_private_mail_hosts, parts.oauth)
        try:
            wanted = AccountChange(
                imap=imap,
                smtp=smtp,
                folders=tuple(one.strip() for one in form.data.folders.splitlines() if one.strip()),
                watch_sent=form.data.watch_sent,
                mark_read=form.data.mark_read,
                channel=await chosen_channel(request, visitor, form.data.channel),
            )
            async with parts.store.begin(visitor.workspace_id) as uow:
                await connect.change(uow, gate, account.id, wanted)
                visitor.audit(
                    uow, "account.changed", about=account.address, account_id=str(account.id)
                )
        except InvalidInput as error:
            if error.field and error.field.endswith(".password"):
                error.field = "password"
            form.refuse(error)
        else:
            said = "Changed. Its connection is made anew."
            return see_other(request, f"/accounts/{account_id}", said)
    form.values["watch_sent"] = ["true"] if form.values["watch_sent"] else []
    return page(
        request,
        visitor,
        "account_change.html",
        status=422,
        account=health,
        form=form,
        reading=READING,
    )


@router.post("/accounts/{account_id}/sign-in")
async def sign_in(request: Request, visitor: AsAdmin, parts: Parts, account_id: UUID) -> Response:
    """Send the browser to the provider, which sends it back to the account."""
    _, account = await _account(parts, visitor, account_id)
    async with parts.store.begin(visitor.workspace_id) as uow:
        grant = await grant_of(uow, account)
        ticket = await make_ticket(uow, grant, return_to=f"/accounts/{account_id}")
    return onward(request, visitor, parts, grant.provider, ticket)


@router.get("/accounts/{account_id}/import")
async def ask_to_import(
    request: Request, visitor: AsAdmin, parts: Parts, account_id: UUID
) -> Response:
    health, _ = await _account(parts, visitor, account_id)
    return page(request, visitor, "account_import.html", account=health, form=Form({"days": 30}))


@router.post("/accounts/{account_id}/import")
async def start_import(
    request: Request, visitor: AsAdmin, parts: Parts, account_id: UUID
) -> Response:
    health, account = await _account(parts, visitor, account_id)
    form = await read(request, ImportForm)
    if not form.is_good:
        return page(request, visitor, "account_import.html", status=422, account=health, form=form)
    async with parts.store.begin(visitor.workspace_id) as uow:
        await history.start(uow, account.id, Window(days=form.data.days))
        visitor.audit(
            uow, "account.import_started", about=account.address,
            account_id=str(account.id), days=form.data.days,
        )  # fmt: skip
    said = "The import has begun. It makes no cards, and new mail never waits for it."
    return see_other(request, f"/accounts/{account_id}", said)


@router.post("/accounts/{account_id}/import/cancel")
async def cancel_import(
    request: Request, visitor: AsAdmin, parts: Parts, account_id: UUID
) -> Response:
    health, account = await _account(parts, visitor, account_id)
    try:
        async with parts.store.begin(visitor.workspace_id) as uow:
            await history.cancel(uow, account.id, now=parts.clock.now())
            visitor.audit(uow, "account.import_cancelled", about=health.address)
    except Conflict as error:
        return see_other(request, f"/accounts/{account_id}", str(error), is_bad=True)
    return see_other(request, f"/accounts/{account_id}", "Cancelled. What is in stays in.")


@router.get("/accounts/{account_id}/delete")
async def ask_to_delete(
    request: Request, visitor: AsAdmin, parts: Parts, account_id: UUID
) -> Response:
    return await _delete_page(request, visitor, parts, account_id, Form())


@router.post("/accounts/{account_id}/delete")
async def delete(request: Request, visitor: AsAdmin, parts: Parts, account_id: UUID) -> Response:
    _, account = await _account(parts, visitor, account_id)
    form = await read(request, DeleteForm)
    if form.data.address.strip().lower() != account.address.lower():
        form.errors["address"] = f"Type {account.address}, to be sure that it is this one."
        return await _delete_page(request, visitor, parts, account_id, form)
    async with parts.store.begin(visitor.workspace_id) as uow:
        await connect.remove(uow, account.id)
        visitor.audit(uow, "account.removed", about=account.address)
    said = f"{account.address} is no longer connected. Its mail on the server is as it was."
    return see_other(request, "/accounts", said)


async def _delete_page(
    request: Request, visitor: Visitor, parts: Container, account_id: UUID, form: Form[DeleteForm]
) -> Response:
    health, account = await _account(parts, visitor, account_id)
    async with parts.store.begin(visitor.workspace_id) as uow:
        holdings = await uow.accounts.holdings(account.id)
    return page(
        request, visitor, "account_delete.html", status=200 if form.is_good else 422,
        account=health, holdings=holdings, form=form,
    )  # fmt: skip


async def _account(
    parts: Container, visitor: Visitor, account_id: UUID
) -> tuple[AccountHealth, Account]:
    """Raises `NotFound`."""
    id_ = AccountId(account_id)
    visitor.check_sees(id_)
    async with parts.store.begin(visitor.workspace_id) as uow:
        account = await uow.accounts.get(id_)
        (health,) = await health_of(uow, [account])
    return health, account


def _with_password(
    account: Account, password: str
) -> tuple[ServerLogin | None, ServerLogin | None]:
    """Both servers as they are, with another password; none where none was typed."""
    if not password:
        return None, None
    imap = ServerLogin(
        account.imap_host, account.imap_port, Security(account.imap_security),
        account.imap_username, password,
    )  # fmt: skip
    if not (account.smtp_host and account.smtp_port and account.smtp_security):
        return imap, None
    smtp = ServerLogin(
        account.smtp_host, account.smtp_port, Security(account.smtp_security),
        account.smtp_username or account.imap_username, password,
    )  # fmt: skip
    return imap, smtp


def _latest(health: AccountHealth) -> datetime | None:
    """The last look at any of its folders."""
    looks = [one.last_checked_at for one in health.mailboxes if one.watched]
    return max((one for one in looks if one is not None), default=None)
