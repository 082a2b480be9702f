"""Deleting the bytes of mail that went with its account, and that nobody else has.

Rows and bytes cannot be changed at once, and the same bytes may come in again at any moment:
whoever keeps them finds them there, and writes the row that names them a little later. So they are
set aside first, where they are still found, while whoever keeps them from then on writes them anew.
An hour later everybody has written their rows: what a row names is put back, the rest is deleted.
Each step may be done twice, by several workers at once.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from app.core.logging import get_logger
from app.store.blobs import Blobs
from app.store.repositories.unneeded_blobs import Unneeded
from app.store.unit_of_work import Store

_GRACE: Final = timedelta(hours=1)
"""No mail takes as long from its bytes to its row."""
_AT_ONCE: Final = 200
log = get_logger(__name__)


async def sweep(store: Store, blobs: Blobs) -> None:
    while True:
        async with store.across_workspaces() as fleet:
            due = await fleet.unneeded_blobs.due(older=_GRACE, limit=_AT_ONCE)
        if not due:
            return
        needed = [blob for blob in due if blob.is_needed]
        gone = [blob for blob in due if not blob.is_needed and blob.is_aside]
        fresh = [blob for blob in due if not blob.is_needed and not blob.is_aside]
        await _each(blobs.take_back, needed)
        await _each(blobs.forget, gone)
        await _each(blobs.set_aside, fresh)
        async with store.across_workspaces() as fleet:
            await fleet.unneeded_blobs.forget([*needed, *gone])
            await fleet.unneeded_blobs.note_set_aside(fresh)
        if gone:
            log.info("blobs.deleted", count=len(gone))


async def _each(do: Callable[[bytes], Awaitable[None]], blobs: Sequence[Unneeded]) -> None:
    for blob in blobs:
        await do(blob.sha256)
