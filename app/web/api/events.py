"""The event log: everything that happened, in order, for ever, from any place on."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from app.container import Container
from app.core.access import Actor, Scope
from app.core.errors import Conflict, InvalidInput, NotAllowed
from app.store.models import Event
from app.store.notify import Topic
from app.web.auth import Unauthenticated
from app.web.deps import Credentials, Parts, Reader, actor

router = APIRouter(prefix="/events", tags=["events"])
_PAGE: Final = 200
_KEEPALIVE_SECONDS: Final = 15.0
_MOST: Final = 2**63 - 1
_SET_BACK: Final = "log.set_back"
"""Told to a reader whose cursor is ahead of the log; it goes on from the newest event there is."""


class EventOut(BaseModel):
    id: int
    type: str
    at: datetime
    account_id: UUID | None
    conversation_id: UUID | None
    data: dict[str, Any]


class EventPage(BaseModel):
    """`cursor`: where to go on; it moves over events of accounts that the key may not see, too."""

    events: list[EventOut]
    cursor: int
    has_more: bool


After = Annotated[
    int, Query(ge=0, le=_MOST, description="The cursor of the page before; 0 is the start.")
]


@router.get("")
async def list_(
    parts: Parts,
    caller: Reader,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> EventPage:
    async with parts.store.begin(caller.workspace_id) as uow:
        events = await uow.events.after(after, limit=limit + 1)
        if not events and after > (latest := await uow.events.latest()):
            raise Conflict(
                f"The newest event is {latest}: the log was set back since this cursor was given.",
                fix=f"Go on with after={latest}, and look at what you know of events before it.",
            )
    page = events[:limit]
    return EventPage(
        events=[_shown(event) for event in page if _may_see(caller, event)],
        cursor=page[-1].seq if page else after,
        has_more=len(events) > limit,
    )


@router.get("/stream")
async def stream(
    parts: Parts,
    caller: Reader,
    request: Request,
    credentials: Credentials,
    after: Annotated[int | None, Query(ge=0, le=_MOST)] = None,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=100)] = None,
) -> StreamingResponse:
    """Server-sent events (WHATWG HTML §9.2), from `Last-Event-ID` or `after` on, else from now.

    The stream ends once its key is revoked.
    """
    start = _cursor(last_event_id) if last_event_id else after
    if start is None:
        async with parts.store.begin(caller.workspace_id) as uow:
            start = await uow.events.latest()
    return StreamingResponse(
        _lines(parts, caller, request, credentials, start),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _lines(
    parts: Container, caller: Actor, request: Request, credentials: Credentials, cursor: int
) -> AsyncIterator[str]:
    with parts.hub.waker(Topic.EVENTS, caller.workspace_id) as waker:
        yield "retry: 2000\n\n"
        while not await request.is_disconnected():
            async with parts.store.begin(caller.workspace_id) as uow:
                events = await uow.events.after(cursor, limit=_PAGE)
                latest = cursor if events else await uow.events.latest()
            if latest < cursor:
                cursor = latest
                yield f'id: {latest}\nevent: {_SET_BACK}\ndata: {{"cursor":{latest}}}\n\n'
            for event in events:
                cursor = event.seq
                if _may_see(caller, event):
                    yield f"id: {event.seq}\nevent: {event.type}\ndata: {_json(event)}\n\n"
            if events:
                continue
            if not await waker.wait(_KEEPALIVE_SECONDS):
                yield ": still here\n\n"
            try:
                caller = await actor(parts, credentials)
                caller.require(Scope.READ)
            except (Unauthenticated, NotAllowed):
                return


def _cursor(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > _MOST:
        raise InvalidInput("Last-Event-ID is not a cursor of ours.", field="Last-Event-ID")
    return int(text)


def _json(event: Event) -> str:
    return json.dumps(_shown(event).model_dump(mode="json"), separators=(",", ":"))


def _may_see(caller: Actor, event: Event) -> bool:
    """A key that is bound to accounts sees what concerns those, and nothing of the workspace."""
    if event.account_id is None:
        return caller.account_ids is None
    return caller.may_see(event.account_id)


def _shown(event: Event) -> EventOut:
    return EventOut(
        id=event.seq,
        type=event.type,
        at=event.at,
        account_id=event.account_id,
        conversation_id=event.conversation_id,
        data=event.data,
    )
