"""Live pages: a stream that says which kinds of things have changed, and nothing of what they are.

A page asks again for the parts of it that are about such things, and is shown what its reader may
see. So the stream needs to know nobody's rights, and cannot tell anything to anybody. It is made
from the event log; kinds are the first words of the types of events.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.container import Container
from app.core.errors import Unavailable
from app.core.ids import SessionId
from app.store.notify import Topic
from app.web.admin.visitor import AsViewer, Visitor, recognise
from app.web.deps import Parts

router = APIRouter()
_PAGE: Final = 500
_REST_SECONDS: Final = 1.0
"""However much happens, a page is told this often at the most."""
_KEEPALIVE_SECONDS: Final = 15.0
_MOST_OF_ONE: Final = 12
_MOST: Final = 500


class Streams:
    """How many are open, in this process."""

    def __init__(self) -> None:
        self._open: Counter[SessionId] = Counter()

    def enter(self, session: SessionId) -> None:
        if self._open.total() >= _MOST or self._open[session] >= _MOST_OF_ONE:
            raise Unavailable("Too many pages are open.", fix="Close some.")
        self._open[session] += 1

    def leave(self, session: SessionId) -> None:
        self._open[session] -= 1
        self._open += Counter()


@router.get("/live")
async def live(request: Request, parts: Parts, visitor: AsViewer) -> Response:
    """Server-sent events (WHATWG HTML §9.2): `event: account` and the like, from now on."""
    streams: Streams = request.app.state.streams
    streams.enter(visitor.session.id)
    async with parts.store.begin(visitor.workspace_id) as uow:
        start = await uow.events.latest()
    return StreamingResponse(
        _lines(request, parts, visitor, streams, start),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _lines(
    request: Request, parts: Container, visitor: Visitor, streams: Streams, cursor: int
) -> AsyncIterator[str]:
    try:
        with parts.hub.waker(Topic.EVENTS, visitor.workspace_id) as waker:
            yield "retry: 3000\n\n"
            while not await request.is_disconnected():
                async with parts.store.begin(visitor.workspace_id) as uow:
                    events = await uow.events.after(cursor, limit=_PAGE)
                if events:
                    cursor = events[-1].seq
                    for kind in dict.fromkeys(one.type.partition(".")[0] for one in events):
                        yield f"event: {kind}\ndata: {cursor}\n\n"
                    await asyncio.sleep(_REST_SECONDS)
                    continue
                if not await waker.wait(_KEEPALIVE_SECONDS):
                    yield ": still here\n\n"
                if await recognise(request, parts, note=False) is None:
                    yield "event: over\ndata: signed out\n\n"
                    return
    finally:
        streams.leave(visitor.session.id)
