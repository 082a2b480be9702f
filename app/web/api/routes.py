"""Routes: which channel an account's mail is shown in, by address and by folder."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.accounts.routing import remove_route, set_own_channel, set_route
from app.core.access import Actor
from app.core.ids import AccountId, RouteId
from app.store.audit import audit
from app.store.models import Route, RouteKind
from app.store.unit_of_work import UnitOfWork
from app.web.deps import Admin, Parts, Reader, Words, check_visible, visible_accounts

router = APIRouter(prefix="/routes", tags=["routes"])


class RouteIn(BaseModel):
    """`kind`: alias (what was written to an address) or folder (what came into one)."""

    model_config = ConfigDict(extra="forbid")

    account_id: UUID
    kind: RouteKind
    value: Annotated[Words, Field(min_length=1, max_length=500)]
    channel: Annotated[Words, Field(max_length=30)]


class OwnChannelIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    account_id: UUID
    channel: Annotated[Words, Field(max_length=30)]


class RouteOut(BaseModel):
    id: UUID
    account_id: UUID
    kind: RouteKind
    value: str
    channel: str


class OwnChannelOut(BaseModel):
    account_id: UUID
    address: str
    channel: str


class RouteList(BaseModel):
    """`own`: where mail of an account goes that no other route is for."""

    own: list[OwnChannelOut]
    items: list[RouteOut]


@router.get("")
async def list_(
    parts: Parts,
    caller: Reader,
    account: Annotated[UUID | None, Query(description="Of this account alone.")] = None,
) -> RouteList:
    """Of the first thousand accounts."""
    visible = visible_accounts(caller, account)
    async with parts.store.begin(caller.workspace_id) as uow:
        accounts = await uow.accounts.page(after=None, limit=1000, only=visible)
        found = await uow.routes.page(visible)
    return RouteList(
        own=[
            OwnChannelOut(account_id=one.id, address=one.address, channel=one.channel_id)
            for one in accounts
        ],
        items=[_out(one) for one in found],
    )


@router.put("")
async def put(parts: Parts, caller: Admin, body: RouteIn) -> RouteOut:
    """Decide for new conversations; the same address or folder again changes its channel.

    What has a card already stays where it is. Whether we are in the channel is asked of Slack
    afterwards: see `state` and `detail` of GET /channels.
    """
    async with parts.store.begin(caller.workspace_id) as uow:
        account_id = await _account(uow, caller, body.account_id)
        route = await set_route(uow, account_id, body.kind, body.value, body.channel)
        audit(uow, caller, "route.set", about=route.value, channel=route.channel_id)
        return _out(route)


@router.put("/own")
async def put_own(parts: Parts, caller: Admin, body: OwnChannelIn) -> OwnChannelOut:
    """Change where an account’s mail goes that no other route is for; its connection goes on."""
    async with parts.store.begin(caller.workspace_id) as uow:
        account_id = await _account(uow, caller, body.account_id)
        account = await set_own_channel(uow, account_id, body.channel)
        audit(uow, caller, "route.set", about=account.address, channel=account.channel_id)
        return OwnChannelOut(
            account_id=account.id, address=account.address, channel=account.channel_id
        )


@router.delete("/{route_id}", status_code=204)
async def delete(parts: Parts, caller: Admin, route_id: UUID) -> Response:
    async with parts.store.begin(caller.workspace_id) as uow:
        route = await uow.routes.get(RouteId(route_id))
        check_visible(caller, route.account_id, "route")
        await remove_route(uow, route.id)
        audit(uow, caller, "route.removed", about=route.value)
    return Response(status_code=204)


async def _account(uow: UnitOfWork, caller: Actor, account_id: UUID) -> AccountId:
    account = await uow.accounts.get(AccountId(account_id))
    check_visible(caller, account.id, "account")
    return account.id


def _out(route: Route) -> RouteOut:
    return RouteOut(
        id=route.id,
        account_id=route.account_id,
        kind=route.kind,
        value=route.value,
        channel=route.channel_id,
    )
