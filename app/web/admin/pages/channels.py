"""Slack channels: which mail goes to which, how much is shown there, and whether we can post."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from app.accounts.routing import remove_route, set_own_channel, set_route
from app.core.access import Role
from app.core.errors import InvalidInput, NotFound
from app.core.ids import AccountId, ChannelId, RouteId
from app.feed.again import try_channel_again
from app.feed.channels import accept_sharing, set_emoji_actions, set_exposure
from app.slack.directory import Listing
from app.store.models import Channel, ChannelState, Exposure, RouteKind
from app.store.unit_of_work import UnitOfWork
from app.web.admin.channel_choice import chosen_channel, directory_of
from app.web.admin.choices import account_choices, chosen_id
from app.web.admin.forms import Form, read
from app.web.admin.nav import Entry, Group
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAdmin, Visitor
from app.web.deps import Parts

router = APIRouter()
NAV = Entry("Channels and routes", "/channels", "channel", Group.INBOX, Role.ADMIN)
_MOST = 500
LEVELS = {ChannelState.OPEN: "good", ChannelState.PAUSED: "bad", ChannelState.HELD: "warn"}
EXPOSURES = (
    (Exposure.FULL, "the whole text"),
    (Exposure.LINES, "the first three lines"),
    (Exposure.HEADERS, "sender and subject alone"),
)
ChannelPath = Annotated[str, Path(pattern=r"^[A-Z0-9]{1,30}$")]


class RouteForm(BaseModel):
    account: str
    kind: Annotated[str, Field(pattern="^(own|alias|folder)$")]
    value: Annotated[str, Field(max_length=500)] = ""
    channel: Annotated[str, Field(min_length=1, max_length=100)]


class ExposureForm(BaseModel):
    exposure: Exposure


@router.get("/channels")
async def list_(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    return await _page(request, visitor, parts, Form({"kind": "own"}))


@router.get("/channels/names")
async def names(request: Request, visitor: AsAdmin) -> Response:
    """The channels to choose from, as Slack tells them."""
    listing = await directory_of(request).list(visitor.workspace_id)
    return page(request, visitor, "channel_names.html", listing=listing)


@router.post("/routes")
async def put(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    form = await read(request, RouteForm)
    if form.is_good:
        try:
            channel = await chosen_channel(request, visitor, form.data.channel)
            async with parts.store.begin(visitor.workspace_id) as uow:
                said = await _set(uow, visitor, form.data, channel)
        except InvalidInput as error:
            form.refuse(error)
        else:
            return see_other(request, "/channels", said)
    return await _page(request, visitor, parts, form, status=422)


@router.post("/routes/{route_id}/delete")
async def delete(request: Request, visitor: AsAdmin, parts: Parts, route_id: UUID) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        route = await uow.routes.get(RouteId(route_id))
        await remove_route(uow, RouteId(route_id))
        visitor.audit(uow, "route.removed", about=route.value)
    return see_other(request, "/channels", f"Mail for {route.value} goes the usual way again.")


@router.post("/channels/{channel_id}/exposure")
async def expose(
    request: Request, visitor: AsAdmin, parts: Parts, channel_id: ChannelPath
) -> Response:
    form = await read(request, ExposureForm)
    async with parts.store.begin(visitor.workspace_id) as uow:
        channel = await _channel(uow, channel_id)
        if not form.is_good:
            raise InvalidInput("Choose how much is shown.", field="exposure")
        await set_exposure(uow, channel.id, form.data.exposure)
        visitor.audit(
            uow,
            "channel.exposure_changed",
            about=channel.title,
            exposure=form.data.exposure,
        )
    return see_other(request, "/channels", "What stands there already is drawn anew.")


@router.post("/channels/{channel_id}/sharing/{accepted}")
async def share(
    request: Request, visitor: AsAdmin, parts: Parts, channel_id: ChannelPath, accepted: bool
) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        channel = await _channel(uow, channel_id)
        await accept_sharing(uow, visitor.actor, channel.id, accepted=accepted)
        act = "channel.sharing_accepted" if accepted else "channel.sharing_refused"
        visitor.audit(uow, act, about=channel.title)
    said = "Mail is posted there from now on." if accepted else "No mail is posted there."
    return see_other(request, "/channels", said)


@router.post("/channels/{channel_id}/emoji/{on}")
async def emoji(
    request: Request, visitor: AsAdmin, parts: Parts, channel_id: ChannelPath, on: bool
) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        channel = await _channel(uow, channel_id)
        await set_emoji_actions(uow, channel.id, on=on)
        act = "channel.emoji_switched_on" if on else "channel.emoji_switched_off"
        visitor.audit(uow, act, about=channel.title)
    name = channel.title
    said = f"Emoji on the cards in {name} act now." if on else f"Emoji in {name} do nothing now."
    return see_other(request, "/channels", said)


@router.post("/channels/{channel_id}/retry")
async def retry(
    request: Request, visitor: AsAdmin, parts: Parts, channel_id: ChannelPath
) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        await try_channel_again(uow, ChannelId(channel_id))
    return see_other(request, "/channels", "What waits there is tried again now.")


async def _set(uow: UnitOfWork, visitor: Visitor, given: RouteForm, channel: str) -> str:
    account_id = AccountId(chosen_id(given.account, "account"))
    shown = given.channel.strip()
    if given.kind == "own":
        account = await set_own_channel(uow, account_id, channel)
        visitor.audit(uow, "route.set", about=account.address, channel=channel)
        return f"New mail of {account.address} goes to {shown}."
    route = await set_route(uow, account_id, RouteKind(given.kind), given.value.strip(), channel)
    visitor.audit(uow, "route.set", about=route.value, channel=channel)
    return f"New mail for {route.value} goes to {shown}."


async def _page(
    request: Request, visitor: Visitor, parts: Parts, form: Form[Any], *, status: int = 200
) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        channels = await uow.channels.page(after=None, limit=_MOST)
        ids = [one.id for one in channels]
        unsent, parked = await uow.channels.unsent(ids), await uow.channels.parked(ids)
        routes = await uow.routes.page()
        accounts = await uow.accounts.page(after=None, limit=_MOST)
        choices = await account_choices(uow, visitor)
    names = {one.id: one.title for one in channels}
    own: dict[str, list[str]] = {}
    for account in accounts:
        own.setdefault(account.channel_id, []).append(account.address)
    listing = await _listing(request, visitor)
    return page(
        request, visitor, "channels.html", status=status, form=form, channels=channels,
        outside={one for one in ids if listing is not None and listing.is_outside(one)},
        unsent=unsent, parked=parked, routes=routes, names=names, own=own, levels=LEVELS,
        exposures=EXPOSURES, accounts=choices, addresses=dict(choices),
    )  # fmt: skip


async def _listing(request: Request, visitor: Visitor) -> Listing | None:
    """As Slack told it last, for the page, which waits for nobody; what comes after it asks."""
    directory = directory_of(request)
    if "hx-request" in request.headers:
        return await directory.list(visitor.workspace_id)
    return directory.known(visitor.workspace_id)


async def _channel(uow: UnitOfWork, channel_id: str) -> Channel:
    found = await uow.channels.find(ChannelId(channel_id))
    if found is None:
        raise NotFound("There is no such channel: no mail goes to it.")
    return found
