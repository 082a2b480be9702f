"""Webhooks: who is told of events, how that goes, and telling it all again."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.core.access import Actor
from app.core.ids import AccountId, DeliveryId, WebhookId
from app.outside.http import LONGEST_URL
from app.store.audit import audit
from app.store.models import Outcome, Webhook, WebhookState
from app.store.unit_of_work import UnitOfWork
from app.web.deps import (
    Admin,
    Cursor,
    Limit,
    Parts,
    Words,
    check_unbound,
    read_cursor,
    write_cursor,
)
from app.web.idempotency import Idempotent
from app.webhooks.change import (
    ask_for_test,
    checked_url,
    make_webhook,
    replay,
    rotate_secret,
    set_state,
)

router = APIRouter(prefix="/webhooks", tags=["webhooks"])
_BEYOND = "deal with webhooks"
_MOST_SEQ = 2**62
URLText = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_URL)]
EventTypes = Annotated[
    list[Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.(?:[a-z_]+|\*)$", max_length=100)]],
    Field(max_length=100),
]
Description = Annotated[Words, Field(max_length=200)]


class WebhookIn(BaseModel):
    """`event_types`: such as `message.received` or `message.*`; empty for all of them.

    `after`: an event's id; what comes after it is told. Without it, what happens from now on is.
    """

    model_config = ConfigDict(extra="forbid")

    url: URLText
    description: Description = ""
    event_types: EventTypes = []
    account_ids: Annotated[list[UUID] | None, Field(min_length=1, max_length=1000)] = None
    after: Annotated[int | None, Field(ge=0, le=_MOST_SEQ)] = None


class WebhookChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: URLText | None = None
    description: Description | None = None
    event_types: EventTypes | None = None
    active: bool | None = None


class ReplayIn(BaseModel):
    """`after`: an event's id; all that came after it is told once more."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[int, Field(ge=0, le=_MOST_SEQ)]


class WebhookOut(BaseModel):
    """`cursor` is the last event that is done with, `behind` how many came after it.

    `state`: active, paused (by a person), or stopped (its server said that it is gone, or took
    nothing for three days). `detail` says why the last attempt failed.
    """

    id: UUID
    url: str
    description: str
    event_types: list[str]
    account_ids: list[UUID] | None
    state: WebhookState
    detail: str
    cursor: int
    behind: int
    attempts: int
    failing_since: datetime | None
    next_try_at: datetime | None
    last_delivered_at: datetime | None
    created_at: datetime


class NewWebhookOut(WebhookOut):
    """`secret` signs what is delivered; it is shown only in this answer."""

    secret: str


class WebhookPage(BaseModel):
    items: list[WebhookOut]
    next_cursor: str | None


class SecretOut(BaseModel):
    """The secret before it signs as well, for a day."""

    secret: str


class DeliveryOut(BaseModel):
    """`outcome`: delivered, failed (tried again), or refused (its server will not take it)."""

    id: UUID
    event_id: int
    event_type: str
    attempt: int
    outcome: Outcome
    status: int | None
    milliseconds: int
    detail: str
    at: datetime


class DeliveryPage(BaseModel):
    items: list[DeliveryOut]
    next_cursor: str | None


@router.post("", status_code=201, response_model=NewWebhookOut)
async def create(parts: Parts, caller: Admin, body: WebhookIn, once: Idempotent) -> JSONResponse:
    """Tell a server of events, signed as Standard Webhooks has it."""
    check_unbound(caller, _BEYOND)
    url = checked_url(body.url, allow_private=parts.settings.allow_private_webhook_hosts)
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        webhook, secret = await make_webhook(
            uow,
            parts.vault,
            url=url,
            description=body.description,
            event_types=body.event_types,
            account_ids=[AccountId(one) for one in body.account_ids] if body.account_ids else None,
            after=body.after,
        )
        _note(uow, caller, "webhook.created", webhook)
        await uow.session.flush()
        await uow.session.refresh(webhook)
        shown = NewWebhookOut(**(await _shown(uow, webhook)).model_dump(), secret=secret)
        return once.record(uow, 201, shown.model_dump(mode="json"), is_secret=True)


@router.get("")
async def list_(
    parts: Parts, caller: Admin, cursor: Cursor = None, limit: Limit = 50
) -> WebhookPage:
    check_unbound(caller, _BEYOND)
    place = read_cursor(cursor, UUID)
    after = WebhookId(place[0]) if place else None
    async with parts.store.begin(caller.workspace_id) as uow:
        found = await uow.webhooks.page(after=after, limit=limit + 1)
        page = found[:limit]
        items = [await _shown(uow, one) for one in page]
    return WebhookPage(
        items=items, next_cursor=write_cursor(page[-1].id) if len(found) > limit else None
    )


@router.get("/{webhook_id}")
async def read(parts: Parts, caller: Admin, webhook_id: UUID) -> WebhookOut:
    check_unbound(caller, _BEYOND)
    async with parts.store.begin(caller.workspace_id) as uow:
        return await _shown(uow, await uow.webhooks.get(WebhookId(webhook_id)))


@router.patch("/{webhook_id}")
async def change(parts: Parts, caller: Admin, webhook_id: UUID, body: WebhookChange) -> WebhookOut:
    """Change it. `active: true` has it go on where it stopped, at once."""
    check_unbound(caller, _BEYOND)
    id_ = WebhookId(webhook_id)
    async with parts.store.begin(caller.workspace_id) as uow:
        webhook = await uow.webhooks.get(id_, lock=True)
        if body.url is not None:
            allow_private = parts.settings.allow_private_webhook_hosts
            webhook.url = checked_url(body.url, allow_private=allow_private)
        if body.description is not None:
            webhook.description = body.description
        if body.event_types is not None:
            webhook.event_types = body.event_types
        if body.active is not None:
            await set_state(uow, id_, active=body.active)
        _note(uow, caller, "webhook.changed", webhook)
        return await _shown(uow, webhook)


@router.delete("/{webhook_id}", status_code=204)
async def delete(parts: Parts, caller: Admin, webhook_id: UUID) -> Response:
    check_unbound(caller, _BEYOND)
    async with parts.store.begin(caller.workspace_id) as uow:
        _note(uow, caller, "webhook.deleted", await uow.webhooks.get(WebhookId(webhook_id)))
        await uow.webhooks.delete(WebhookId(webhook_id))
        uow.emit("webhook.deleted", webhook_id=str(webhook_id))
    return Response(status_code=204)


@router.post("/{webhook_id}/rotate-secret")
async def rotate(parts: Parts, caller: Admin, webhook_id: UUID) -> SecretOut:
    """Make a new secret. The one before signs as well for a day, so nothing is missed."""
    check_unbound(caller, _BEYOND)
    async with parts.store.begin(caller.workspace_id) as uow:
        id_ = WebhookId(webhook_id)
        secret = await rotate_secret(uow, parts.vault, id_, now=parts.clock.now())
        _note(uow, caller, "webhook.secret_rotated", await uow.webhooks.get(id_))
    return SecretOut(secret=secret)


@router.post("/{webhook_id}/replay", status_code=202)
async def tell_again(parts: Parts, caller: Admin, webhook_id: UUID, body: ReplayIn) -> WebhookOut:
    check_unbound(caller, _BEYOND)
    async with parts.store.begin(caller.workspace_id) as uow:
        await replay(uow, WebhookId(webhook_id), after=body.after)
        return await _shown(uow, await uow.webhooks.get(WebhookId(webhook_id)))


@router.post("/{webhook_id}/test", status_code=202)
async def test(parts: Parts, caller: Admin, webhook_id: UUID) -> WebhookOut:
    """Have it told of an event `webhook.test`; `GET …/deliveries` shows what came of it."""
    check_unbound(caller, _BEYOND)
    async with parts.store.begin(caller.workspace_id) as uow:
        await ask_for_test(uow, WebhookId(webhook_id))
        return await _shown(uow, await uow.webhooks.get(WebhookId(webhook_id)))


@router.get("/{webhook_id}/deliveries")
async def deliveries(
    parts: Parts, caller: Admin, webhook_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> DeliveryPage:
    """The attempts of the last week, the newest first."""
    check_unbound(caller, _BEYOND)
    place = read_cursor(cursor, UUID)
    before = DeliveryId(place[0]) if place else None
    async with parts.store.begin(caller.workspace_id) as uow:
        await uow.webhooks.get(WebhookId(webhook_id))
        found = await uow.webhooks.deliveries(WebhookId(webhook_id), before=before, limit=limit + 1)
    page = found[:limit]
    return DeliveryPage(
        items=[DeliveryOut(**one.model_dump(), event_id=one.seq) for one in page],
        next_cursor=write_cursor(page[-1].id) if len(found) > limit else None,
    )


def _note(uow: UnitOfWork, caller: Actor, act: str, webhook: Webhook) -> None:
    audit(uow, caller, act, about=webhook.url, webhook_id=str(webhook.id))


async def _shown(uow: UnitOfWork, webhook: Webhook) -> WebhookOut:
    behind = await uow.events.latest() - webhook.cursor
    return WebhookOut(**webhook.model_dump(), behind=behind)
