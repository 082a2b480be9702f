"""Portions of mail on their way into the store."""

from collections.abc import AsyncGenerator, Sequence

import pytest

from app.mailbox.errors import Transient
from app.mailbox.port import Listing
from app.sync.fetch import STORED_BYTES, STORED_MAILS, Fetched, Portion, prepared
from tests.factories import MOMENT

HOURS = 3600.0
"""Longer than any test takes, on however busy a machine."""


def portion(*uids: int, raw: bytes = b"x") -> Portion:
    listings = [Listing(uid=uid, size=1, internaldate=MOMENT, flags=()) for uid in uids]
    return Portion(mails=[Fetched(listing, raw) for listing in listings])


class Keeper:
    """Prepares a portion by counting its mails."""

    async def prepare(self, portion: Portion) -> int:
        return len(portion.mails)

    async def keep(self, portions: Sequence[int]) -> None:
        raise AssertionError(portions)


async def coming(*items: Portion | Exception) -> AsyncGenerator[Portion]:
    for item in items:
        if isinstance(item, Exception):
            raise item
        yield item


class TestPrepared:
    async def test_where_the_connection_breaks_stores_what_came_before(self) -> None:
        portions = coming(portion(1, 2), portion(3), Transient("gone"), portion(4))
        found = []

        with pytest.raises(Transient, match="gone"):
            async for some in prepared(portions, Keeper(), [], longest=HOURS):
                found.append(some)  # noqa: PERF401 -- it raises in between

        assert found == [[2, 1]]

    async def test_where_the_first_portion_breaks_stores_nothing(self) -> None:
        with pytest.raises(Transient, match="gone"):
            async for some in prepared(coming(Transient("gone")), Keeper(), [], longest=HOURS):
                raise AssertionError(some)

    async def test_stores_large_mails_of_several_portions_together(self) -> None:
        half = range(STORED_MAILS // 2)
        portions = coming(Portion(), portion(*half), portion(*half), portion(7))

        found = [some async for some in prepared(portions, Keeper(), [], longest=HOURS)]

        assert found == [[0, len(half), len(half)], [1]]

    async def test_stores_very_large_mails_in_time(self) -> None:
        large = b"x" * (STORED_BYTES // 2)
        portions = coming(portion(1, raw=large), portion(2, raw=large), portion(3, raw=large))

        found = [some async for some in prepared(portions, Keeper(), [], longest=HOURS)]

        assert found == [[1, 1], [1]]

    async def test_that_come_slowly_are_stored_one_by_one(self) -> None:
        portions = coming(portion(1), portion(2, 3))

        found = [some async for some in prepared(portions, Keeper(), [], longest=0)]

        assert found == [[1], [2]]

    async def test_leaves_what_failed_to_be_tried_alone(self) -> None:
        one, failed = portion(1), list[int]()
        one.failed = {2: "refused"}

        found = [some async for some in prepared(coming(one), Keeper(), failed, longest=HOURS)]

        assert found == [[1]]
        assert failed == [2]
        assert not one.failed
