"""The people of the team, and the channels their mail comes to."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.core.errors import NotFound
from app.core.ids import ChannelId, TeammateId
from app.feed.again import try_channel_again
from app.feed.burst import show_all
from app.feed.channels import accept_sharing, set_emoji_actions, set_exposure
from app.store.audit import audit
from app.store.models import Channel, ChannelState, Exposure
from app.store.unit_of_work import UnitOfWork
from app.web.deps import (
    Admin,
    Cursor,
    Limit,
    Parts,
    Reader,
    Words,
    Writer,
    check_unbound,
    read_cursor,
    write_cursor,
)

router = APIRouter(tags=["team"])


class TeammateOut(BaseModel):
    id: UUID
    name: str
    slack_user_id: str | None
    created_at: datetime


class TeammatePage(BaseModel):
    items: list[TeammateOut]
    next_cursor: str | None


class ChannelOut(BaseModel):
    """`state`: open, paused while Slack refuses our posts, or held until an admin says yes.

    `detail` says why and what to do, `reason` in one word. `exposure`: how much of a mail is shown.
    `parked`: posts that Slack refused for good, `parked_detail` what it said of one of them.
    """

    id: str
    name: str
    is_private: bool
    is_shared: bool
    sharing_accepted: bool
    exposure: Exposure
    emoji_actions: bool = Field(description="Whether emoji on a card act.")
    state: ChannelState
    reason: str
    detail: str
    unsent: int
    parked: int
    parked_detail: str
    held: int = Field(description="Cards that wait because very many came at once.")
    next_post_at: datetime | None


class ChannelPage(BaseModel):
    items: list[ChannelOut]
    next_cursor: str | None


class ShownAll(BaseModel):
    """How many cards waited."""

    asked_for: int


@router.get("/teammates")
async def teammates(
    parts: Parts, caller: Reader, cursor: Cursor = None, limit: Limit = 50
) -> TeammatePage:
    """Everybody who has done something in Slack, in the order they were first seen."""
    place = read_cursor(cursor, UUID)
    after = TeammateId(place[0]) if place else None
    async with parts.store.begin(caller.workspace_id) as uow:
        found = await uow.teammates.page(after=after, limit=limit + 1)
    page = found[:limit]
    return TeammatePage(
        items=[TeammateOut.model_validate(one.model_dump()) for one in page],
        next_cursor=write_cursor(page[-1].id) if len(found) > limit else None,
    )


class ChannelPatch(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    exposure: Exposure | None = None
    sharing_accepted: bool | None = None
    emoji_actions: bool | None = None


@router.get("/channels")
async def channels(
    parts: Parts, caller: Reader, cursor: Cursor = None, limit: Limit = 50
) -> ChannelPage:
    """The channels that accounts post to, and whether they can."""
    place = read_cursor(cursor, str)
    after = ChannelId(place[0]) if place else None
    async with parts.store.begin(caller.workspace_id) as uow:
        found = await uow.channels.page(
            after=after, limit=limit + 1, of_accounts=caller.account_ids
        )
        page = found[:limit]
        shown = await _shown(uow, page)
    return ChannelPage(
        items=shown,
        next_cursor=write_cursor(page[-1].id) if len(found) > limit else None,
    )


@router.patch("/channels/{channel_id}")
async def patch_channel(
    parts: Parts, caller: Admin, channel_id: Words, body: ChannelPatch
) -> ChannelOut:
    """How much of a mail is shown, whether it may be to strangers, and whether emoji act."""
    id_ = ChannelId(channel_id)
    async with parts.store.begin(caller.workspace_id) as uow:
        channel = await uow.channels.find(id_, of_accounts=caller.account_ids)
        if channel is None:
            raise NotFound("There is no such channel: no mail goes to it.")
        check_unbound(caller, "change a channel, which others may use as well")
        if body.exposure is not None:
            await set_exposure(uow, id_, body.exposure)
            audit(
                uow, caller, "channel.exposure_changed", about=channel.title, exposure=body.exposure
            )
        if body.sharing_accepted is not None:
            await accept_sharing(uow, caller, id_, accepted=body.sharing_accepted)
            said = "accepted" if body.sharing_accepted else "refused"
            audit(uow, caller, f"channel.sharing_{said}", about=channel.title)
        if body.emoji_actions is not None:
            await set_emoji_actions(uow, id_, on=body.emoji_actions)
            said = "on" if body.emoji_actions else "off"
            audit(uow, caller, f"channel.emoji_switched_{said}", about=channel.title)
        (shown,) = await _shown(uow, [await uow.channels.lock(id_)])
        return shown


@router.post("/channels/{channel_id}/retry", status_code=202)
async def retry(parts: Parts, caller: Admin, channel_id: Words) -> ChannelOut:
    """Post again what Slack refused in a channel, and try one that is paused now."""
    async with parts.store.begin(caller.workspace_id) as uow:
        channel = await try_channel_again(
            uow, ChannelId(channel_id), of_accounts=caller.account_ids
        )
        (shown,) = await _shown(uow, [channel])
        return shown


async def _shown(uow: UnitOfWork, channels: Sequence[Channel]) -> list[ChannelOut]:
    ids = [one.id for one in channels]
    unsent, parked = await uow.channels.unsent(ids), await uow.channels.parked(ids)
    held = {
        one.id: (await uow.posts.count_held(one.id, above=one.all_through))[0]
        for one in channels
        if one.digest_id is not None
    }
    return [
        ChannelOut(
            **one.model_dump(),
            unsent=unsent.get(one.id, 0),
            held=held.get(one.id, 0),
            parked=parked[one.id].count if one.id in parked else 0,
            parked_detail=parked[one.id].detail if one.id in parked else "",
        )
        for one in channels
    ]


@router.post("/channels/{channel_id}/show-all", status_code=202)
async def show_all_(parts: Parts, caller: Writer, channel_id: str) -> ShownAll:
    """Hold back none of the cards that wait in a channel now."""
    async with parts.store.begin(caller.workspace_id) as uow:
        id_ = ChannelId(channel_id)
        channel = await uow.channels.find(id_, of_accounts=caller.account_ids)
        if channel is None:
            raise NotFound("There is no such channel.")
        return ShownAll(asked_for=await show_all(uow, id_))
