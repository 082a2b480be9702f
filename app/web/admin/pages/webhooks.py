"""Webhooks: who is told of events, how that goes, and telling it all again."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.core.access import Role
from app.core.errors import Conflict, InvalidInput
from app.core.ids import AccountId, DeliveryId, WebhookId
from app.store.models import Account, Outcome, Webhook, WebhookState
from app.store.unit_of_work import UnitOfWork
from app.web.admin.forms import Form, read
from app.web.admin.nav import Entry, Group
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAdmin, Visitor
from app.web.deps import Cursor, Parts, read_cursor, write_cursor
from app.webhooks.change import (
    ask_for_test,
    checked_url,
    make_webhook,
    replay,
    rotate_secret,
    set_state,
)

router = APIRouter()
NAV = Entry("Webhooks", "/webhooks", "hook", Group.SYSTEM, Role.ADMIN)
_PAGE = 50
_MOST_ACCOUNTS = 500
KINDS = (
    ("message.*", "Mail", "comes in, is moved, is read, leaves"),
    ("conversation.*", "Conversations", "are assigned, done, snoozed, tagged"),
    ("outgoing.*", "Mail of ours", "is sent, fails, comes back"),
    ("command.*", "Commands", "are asked for, done on the server, failed"),
    ("account.*", "Accounts", "are connected, refused, out of reach"),
    ("note.*", "Notes", "are written, changed, removed"),
)
LEVELS = {WebhookState.ACTIVE: "good", WebhookState.PAUSED: "idle", WebhookState.STOPPED: "bad"}
OUTCOMES = {Outcome.DELIVERED: "good", Outcome.FAILED: "warn", Outcome.REFUSED: "bad"}


class WebhookForm(BaseModel):
    url: Annotated[str, Field(min_length=1, max_length=2000)]
    description: Annotated[str, Field(max_length=200)] = ""
    kinds: list[Annotated[str, Field(pattern=r"^[a-z_]+\.\*$", max_length=100)]]
    accounts: list[UUID]


class ReplayForm(BaseModel):
    after: Annotated[int, Field(ge=0, le=2**62)]


@router.get("/webhooks")
async def list_(
    request: Request, visitor: AsAdmin, parts: Parts, cursor: Cursor = None
) -> Response:
    place = read_cursor(cursor, UUID)
    after = WebhookId(place[0]) if place else None
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = await uow.webhooks.page(after=after, limit=_PAGE + 1)
        latest = await uow.events.latest()
    hooks = found[:_PAGE]
    more = f"/webhooks?cursor={write_cursor(hooks[-1].id)}" if len(found) > _PAGE else None
    return page(
        request, visitor, "webhooks.html", hooks=hooks, latest=latest, levels=LEVELS, more=more,
        first=cursor is None,
    )  # fmt: skip


@router.get("/webhooks/new")
async def ask(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        accounts = await _accounts(uow)
    form: Form[WebhookForm] = Form({"kinds": ["message.*", "conversation.*"]})
    return page(request, visitor, "webhook_new.html", form=form, **_choices(accounts))


@router.post("/webhooks/new")
async def make(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    """The secret stands in the answer, once."""
    form = await read(request, WebhookForm, lists=("kinds", "accounts"))
    async with parts.store.begin(visitor.workspace_id) as uow:
        accounts = await _accounts(uow)
        if form.is_good:
            given = form.data
            try:
                allow_private = parts.settings.allow_private_webhook_hosts
                hook, secret = await make_webhook(
                    uow,
                    parts.vault,
                    url=checked_url(given.url, allow_private=allow_private),
                    description=given.description.strip(),
                    event_types=given.kinds,
                    account_ids=[AccountId(one) for one in given.accounts] or None,
                    after=None,
                )
            except InvalidInput as error:
                form.refuse(error)
            else:
                visitor.audit(uow, "webhook.created", about=hook.url, webhook_id=str(hook.id))
                return page(request, visitor, "webhook_secret.html", hook=hook, secret=secret)
    return page(request, visitor, "webhook_new.html", status=422, form=form, **_choices(accounts))


@router.get("/webhooks/{webhook_id}")
async def one(
    request: Request, visitor: AsAdmin, parts: Parts, webhook_id: UUID, cursor: Cursor = None
) -> Response:
    return await _detail(request, visitor, parts, webhook_id, cursor, Form({}))


@router.post("/webhooks/{webhook_id}/state/{state}")
async def put_state(
    request: Request, visitor: AsAdmin, parts: Parts, webhook_id: UUID, state: str
) -> Response:
    active = state == WebhookState.ACTIVE
    async with parts.store.begin(visitor.workspace_id) as uow:
        hook = await uow.webhooks.get(WebhookId(webhook_id), lock=True)
        await set_state(uow, WebhookId(hook.id), active=active)
        act = "webhook.resumed" if active else "webhook.paused"
        visitor.audit(uow, act, about=hook.url, webhook_id=str(hook.id))
    said = "It is told of all it missed, and of what comes." if active else "It is told nothing."
    return see_other(request, f"/webhooks/{webhook_id}", said)


@router.post("/webhooks/{webhook_id}/test")
async def test(request: Request, visitor: AsAdmin, parts: Parts, webhook_id: UUID) -> Response:
    try:
        async with parts.store.begin(visitor.workspace_id) as uow:
            await ask_for_test(uow, WebhookId(webhook_id))
    except Conflict as error:
        return see_other(request, f"/webhooks/{webhook_id}", error.sentence, is_bad=True)
    said = "A test is on its way; what came of it shows below within seconds."
    return see_other(request, f"/webhooks/{webhook_id}", said)


@router.post("/webhooks/{webhook_id}/replay")
async def tell_again(
    request: Request, visitor: AsAdmin, parts: Parts, webhook_id: UUID
) -> Response:
    form = await read(request, ReplayForm)
    if form.is_good:
        try:
            async with parts.store.begin(visitor.workspace_id) as uow:
                await replay(uow, WebhookId(webhook_id), after=form.data.after)
        except InvalidInput as error:
            form.refuse(error)
        else:
            said = f"It is told again of all that came after event {form.data.after}."
            return see_other(request, f"/webhooks/{webhook_id}", said)
    return await _detail(request, visitor, parts, webhook_id, None, form, status=422)


@router.post("/webhooks/{webhook_id}/secret")
async def rotate(request: Request, visitor: AsAdmin, parts: Parts, webhook_id: UUID) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        id_ = WebhookId(webhook_id)
        secret = await rotate_secret(uow, parts.vault, id_, now=parts.clock.now())
        hook = await uow.webhooks.get(id_)
        visitor.audit(uow, "webhook.secret_rotated", about=hook.url, webhook_id=str(hook.id))
        return page(request, visitor, "webhook_secret.html", hook=hook, secret=secret)


@router.post("/webhooks/{webhook_id}/delete")
async def delete(request: Request, visitor: AsAdmin, parts: Parts, webhook_id: UUID) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        hook = await uow.webhooks.get(WebhookId(webhook_id))
        await uow.webhooks.delete(WebhookId(webhook_id))
        uow.emit("webhook.deleted", webhook_id=str(webhook_id))
        visitor.audit(uow, "webhook.deleted", about=hook.url, webhook_id=str(hook.id))
    return see_other(request, "/webhooks", f"{hook.url} is told nothing more.")


async def _detail(
    request: Request,
    visitor: Visitor,
    parts: Parts,
    webhook_id: UUID,
    cursor: str | None,
    form: Form[Any],
    *,
    status: int = 200,
) -> Response:
    place = read_cursor(cursor, UUID)
    before = DeliveryId(place[0]) if place else None
    async with parts.store.begin(visitor.workspace_id) as uow:
        hook = await uow.webhooks.get(WebhookId(webhook_id))
        found = await uow.webhooks.deliveries(WebhookId(hook.id), before=before, limit=_PAGE + 1)
        latest = await uow.events.latest()
        addresses = {one.id: one.address for one in await _accounts(uow)}
    form.values.setdefault("after", hook.cursor)
    shown = found[:_PAGE]
    more = (
        f"/webhooks/{webhook_id}?cursor={write_cursor(shown[-1].id)}"
        if len(found) > _PAGE
        else None
    )
    return page(
        request, visitor, "webhook.html", status=status, hook=hook, latest=latest, levels=LEVELS,
        outcomes=OUTCOMES, deliveries=shown, addresses=addresses, hears=_hears(hook), form=form,
        more=more, first=cursor is None,
    )  # fmt: skip


def _hears(hook: Webhook) -> list[str]:
    names = {kind: name for kind, name, _ in KINDS}
    return [names.get(one, one) for one in hook.event_types]


def _choices(accounts: list[Account]) -> dict[str, Any]:
    return {
        "kinds": KINDS,
        "accounts": [(str(one.id), one.address, "") for one in accounts],
    }


async def _accounts(uow: UnitOfWork) -> list[Account]:
    return list(await uow.accounts.page(after=None, limit=_MOST_ACCOUNTS))
