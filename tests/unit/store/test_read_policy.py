"""At which steps an account's mail is marked as read."""

import pytest

from app.store.models import ReadPolicy

STEPS = ("shown", "assigned", "answered", "done")


class TestIncludes:
    @pytest.mark.parametrize(
        ("policy", "at"),
        [
            ("never", ()),
            ("shown", STEPS),
            ("assigned", STEPS[1:]),
            ("answered", STEPS[2:]),
            ("done", ("done",)),
        ],
    )
    def test_its_own_step_and_the_later_ones(self, policy: str, at: tuple[str, ...]) -> None:
        wanted = ReadPolicy(policy)

        assert tuple(one for one in STEPS if wanted.includes(ReadPolicy(one))) == at
