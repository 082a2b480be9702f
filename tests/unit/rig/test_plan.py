"""The same seed draws the same run."""

from tests.rig.plan import APART, CALM, LOCAL, NEMESIS, draw


class TestDraw:
    def test_the_same_seed_is_the_same_run(self) -> None:
        assert draw(7, 60) == draw(7, 60)

    def test_another_seed_is_another_run(self) -> None:
        assert draw(7, 60) != draw(8, 60)

    def test_is_in_order_and_within_the_time(self) -> None:
        times = [step.at for step in draw(7, 60)]

        assert times == sorted(times)
        assert times[0] > 0
        assert times[-1] < 60

    def test_five_minutes_have_every_trouble(self) -> None:
        assert {step.what for step in draw(1, 300) if step.verb == "nemesis"} == set(NEMESIS)

    def test_begins_calmly_and_strikes_single_mailboxes_before_everything(self) -> None:
        troubles = [step for step in draw(1, 300) if step.verb == "nemesis"]

        assert troubles[0].at > CALM * 300
        assert {step.what for step in troubles if step.at < APART * 300} <= set(LOCAL)
