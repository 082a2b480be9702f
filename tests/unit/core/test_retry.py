"""The ladder's exact instants."""

from datetime import timedelta

import pytest

from app.core.retry import RetryLadder

OURS = RetryLadder.parse("0 60@600 600", jitter=0)


class TestDelay:
    @pytest.mark.parametrize(
        ("failures", "outage", "seconds"),
        [
            (1, 0, 0),
            (2, 0, 60),
            (2, 599, 60),
            (11, 600, 600),
            (12, 1200, 600),
            (400, 86_400, 600),
        ],
    )
    def test_grows_with_the_outage(self, failures: int, outage: int, seconds: int) -> None:
        delay = OURS.delay(failures, timedelta(seconds=outage), chance=0.9)

        assert delay == timedelta(seconds=seconds)

    def test_the_first_failure_of_an_old_outage_is_still_tried_at_once(self) -> None:
        assert OURS.delay(1, timedelta(hours=3), chance=0) == timedelta(0)

    @pytest.mark.parametrize(("chance", "seconds"), [(0.0, 60.0), (0.5, 66.0), (0.999, 71.988)])
    def test_is_stretched_by_chance(self, chance: float, seconds: float) -> None:
        ladder = RetryLadder.parse("0 60@600 600", jitter=0.2)

        delay = ladder.delay(2, timedelta(0), chance)

        assert delay.total_seconds() == pytest.approx(seconds)

    def test_four_rungs(self) -> None:
        ladder = RetryLadder.parse("0 60@600 600@3600 3600", jitter=0)

        waits = [ladder.delay(9, timedelta(seconds=age), 0) for age in (0, 600, 3599, 3600)]

        assert [wait.total_seconds() for wait in waits] == [60, 600, 600, 3600]


class TestParse:
    @pytest.mark.parametrize("text", ["", "5", "0 60 600", "0 soon", "0 60@x 600"])
    def test_refuses_what_is_no_ladder(self, text: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 -- float's own message is as good
            RetryLadder.parse(text)

    def test_two_rungs_are_enough(self) -> None:
        ladder = RetryLadder.parse("0 30", jitter=0)

        assert ladder.delay(5, timedelta(days=1), 0) == timedelta(seconds=30)
