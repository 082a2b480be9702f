"""One step ahead: the next item is made while the last one is used."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

Item = TypeVar("Item")


@asynccontextmanager
async def ahead(source: AsyncGenerator[Item]) -> AsyncIterator[AsyncIterator[Item]]:
    """The items of the source. It is never more than one ahead, and closed at the end.

    What the source raises is raised where its item would have been.
    """
    async with aclosing(source):
        coming = asyncio.ensure_future(anext(source, _END))

        async def items() -> AsyncIterator[Item]:
            nonlocal coming
            while not isinstance(item := await coming, _End):
                coming = asyncio.ensure_future(anext(source, _END))
                yield item

        try:
            yield items()
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


class _End:
    """Comes after the last item."""


_END = _End()
