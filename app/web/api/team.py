"""The people of the team, and the channels their mail comes to."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from app.core.ids import ChannelId, TeammateId
from app.store.models import ChannelState
from app.web.deps import Cursor, Limit, Parts, Reader, read_cursor, write_cursor

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
    """`state`: open, or paused while Slack refuses our posts; `detail` says why."""

    id: str
    state: ChannelState
    detail: str
    unsent: int
    next_post_at: datetime | None


class ChannelPage(BaseModel):
    items: list[ChannelOut]
    next_cursor: str | None


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
        unsent = await uow.channels.unsent([one.id for one in page])
    return ChannelPage(
        items=[ChannelOut(**one.model_dump(), unsent=unsent.get(one.id, 0)) for one in page],
        next_cursor=write_cursor(page[-1].id) if len(found) > limit else None,
    )
