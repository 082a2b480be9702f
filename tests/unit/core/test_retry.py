"""The ladder's exact instants."""

from datetime import timedelta

import pytest

from app.core.retry import RetryLadder, Severity, pause_after_breaks

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


class TestSeverity:
    @pytest.mark.parametrize(
        ("failures", "minutes", "severity"),
        [
            (1, 0, Severity.DEBUG),
            (2, 0, Severity.DEBUG),
            (12, 10, Severity.INFO),
            (20, 60, Severity.ERROR),
        ],
    )
    def test_rises_with_the_rungs(self, failures: int, minutes: int, severity: Severity) -> None:
        ladder = RetryLadder.parse("0 60@600 600@3600 3600")

        assert ladder.severity(failures, timedelta(minutes=minutes)) is severity

    def test_of_the_last_rung_is_an_error_however_few_there_are(self) -> None:
        ladder = RetryLadder.parse("0 30")

        assert ladder.severity(1, timedelta(0)) is Severity.INFO
        assert ladder.severity(2, timedelta(0)) is Severity.ERROR


class TestIsSpent:
    def test_never_where_there_is_no_limit(self) -> None:
        assert not RetryLadder.parse("0 30", most_retries=-1).is_spent(10_000)

    @pytest.mark.parametrize(
        ("most", "failures", "spent"), [(0, 1, True), (2, 2, False), (2, 3, True)]
    )
    def test_after_the_first_failure_and_so_many_retries(
        self, most: int, failures: int, spent: bool
    ) -> None:
        assert RetryLadder.parse("0 30", most_retries=most).is_spent(failures) is spent


class TestPauseAfterBreaks:
    def test_grows_to_a_minute(self) -> None:
        pauses = [pause_after_breaks(n).total_seconds() for n in (0, 1, 2, 3, 5, 6, 1000)]

        assert pauses == [0, 0, 5, 10, 40, 60, 60]
