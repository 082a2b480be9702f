import gc
from collections.abc import Iterator

import pytest

from app.core.memory import set_aside


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
