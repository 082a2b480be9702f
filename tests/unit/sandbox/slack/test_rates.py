"""How often a method may be called."""

from app.sandbox.slack.rates import RateMode, Rates, Tier
from tests.fixtures.clock import ManualClock


class TestPosting:
    def test_a_short_burst_passes_and_the_next_waits_a_second(self, clock: ManualClock) -> None:
        rates = Rates(clock, RateMode.REAL)

        waits = [rates.wait_for(Tier.POSTING, "chat.postMessage", "C1") for _ in range(4)]

        assert waits == [0, 0, 0, 1]

    def test_one_a_second_passes_for_ever(self, clock: ManualClock) -> None:
        rates = Rates(clock, RateMode.REAL)

        for _ in range(100):
            assert rates.wait_for(Tier.POSTING, "chat.postMessage", "C1") == 0
            clock.advance(seconds=1)

    def test_channels_do_not_slow_one_another(self, clock: ManualClock) -> None:
        rates = Rates(clock, RateMode.REAL)
        for _ in range(4):
            rates.wait_for(Tier.POSTING, "chat.postMessage", "C1")

        assert rates.wait_for(Tier.POSTING, "chat.postMessage", "C2") == 0

    def test_the_wait_that_is_told_is_long_enough(self, clock: ManualClock) -> None:
        rates = Rates(clock, RateMode.REAL)
        for _ in range(20):
            rates.wait_for(Tier.TWO, "users.list")

        clock.advance(seconds=rates.wait_for(Tier.TWO, "users.list"))

        assert rates.wait_for(Tier.TWO, "users.list") == 0


class TestModes:
    def test_switched_off_nothing_waits(self, clock: ManualClock) -> None:
        rates = Rates(clock, RateMode.OFF)

        assert {rates.wait_for(Tier.ONE, "any.method") for _ in range(500)} == {0}
