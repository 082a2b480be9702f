"""How often new UIDs are followed, and for how long a folder is let be after that."""

from datetime import datetime, timedelta

import pytest

from app.sync.unstable import FOLLOWED, Judgement, judge
from tests.factories import MOMENT


def minutes(*numbers: float) -> list[datetime]:
    return [MOMENT + timedelta(minutes=one) for one in numbers]


def changed(*before: float, at: float, was_unstable: bool = False) -> Judgement:
    (now,) = minutes(at)
    return judge(minutes(*before), has_changed=True, was_unstable=was_unstable, now=now)


def kept(*before: float, at: float) -> Judgement:
    (now,) = minutes(at)
    return judge(minutes(*before), has_changed=False, was_unstable=True, now=now)


class TestAChange:
    def test_is_followed_three_times_within_an_hour(self) -> None:
        assert FOLLOWED == 3
        for before in ([], [0], [0, 10]):
            judgement = changed(*before, at=20)
            assert (judgement.is_unstable, judgement.until) == (False, None)
            assert judgement.changes == minutes(*before, 20)

    def test_that_is_the_fourth_within_an_hour_is_not(self) -> None:
        judgement = changed(0, 10, 20, at=30)

        assert judgement.is_unstable
        assert judgement.until == minutes(35)[0]

    def test_after_others_that_are_an_hour_ago_is_followed(self) -> None:
        assert changed(0, 10, 20, at=60).until is None

    @pytest.mark.parametrize(
        ("changes", "pause"), [(4, 5), (5, 10), (6, 20), (7, 40), (8, 60), (12, 60)]
    )
    def test_doubles_the_pause_up_to_an_hour(self, changes: int, pause: int) -> None:
        before = [float(one) for one in range(changes - 1)]

        judgement = changed(*before, at=changes - 1, was_unstable=True)

        assert judgement.until == minutes(changes - 1 + pause)[0]
        assert len(judgement.changes) <= 8

    def test_forgets_those_of_another_day_and_of_a_wrong_clock(self) -> None:
        judgement = changed(-24 * 60, 500, at=0, was_unstable=False)

        assert judgement.changes == minutes(0)


class TestKeepingTheSame:
    def test_until_the_pause_is_over_is_not_believed(self) -> None:
        judgement = kept(0, 1, 2, 3, at=7)

        assert judgement.is_unstable
        assert judgement.until == minutes(8)[0]

    def test_for_the_whole_pause_is_believed(self) -> None:
        judgement = kept(0, 1, 2, 3, at=8)

        assert (judgement.is_unstable, judgement.until) == (False, None)
        assert judgement.changes == minutes(0, 1, 2, 3)

    def test_where_the_clock_was_set_back_is_believed(self) -> None:
        assert kept(10, 11, at=0).until is None
