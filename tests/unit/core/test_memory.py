import gc
from collections.abc import Iterator

import pytest

from app.core.memory import only_one, set_aside


@pytest.fixture
def frozen_before() -> Iterator[int]:
    yield gc.get_freeze_count()
    gc.unfreeze()


class TestSettingAside:
    def test_spares_what_is_there_from_being_looked_through(self, frozen_before: int) -> None:
        kept: list[object] = [[]]

        set_aside()

        assert gc.get_freeze_count() > frozen_before
        assert not any(one is kept for one in gc.get_objects())


class TestOnlyOne:
    def test_is_the_first_of_equal_values(self) -> None:
        first, second = (frozenset({name, "IDLE"}) for name in ("MOVE", "MOVE"))

        assert only_one(first, size=8) is only_one(second, size=8)

    def test_a_large_one_is_kept_for_nobody_else(self) -> None:
        first, second = (frozenset({"X" * size, "Y"}) for size in (3000, 3000))

        assert only_one(first, size=3001) is first
        assert only_one(second, size=3001) is second
