"""Until when one may snooze, on the clock of whoever does."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.core.errors import InvalidInput
from app.core.ids import ConversationId, new_id
from app.slack.views import snooze
from tests.fixtures.judges import check_modal, check_modal_outside, outside_checker

BERLIN = ZoneInfo("Europe/Berlin")
CONVERSATION = ConversationId(new_id())


def moments(now: datetime, zone: ZoneInfo) -> dict[str, str]:
    """Each choice that is a fixed moment, as that zone's clock shows it."""
    return {
        label: f"{datetime.fromtimestamp(int(value), UTC).astimezone(zone):%a %d %b %H:%M}"
        for label, value in snooze.presets(now, zone)
        if value.isdigit()
    }


class TestPresets:
    def test_of_a_morning(self) -> None:
        wednesday = datetime(2026, 3, 4, 8, 30, tzinfo=UTC)

        assert [label for label, _ in snooze.presets(wednesday, BERLIN)] == [
            "1 hour",
            "This afternoon, 14:00",
            "Tomorrow, Thu 9:00",
            "Monday, 9 Mar 9:00",
            "Until they reply",
            "Pick a date and time",
        ]
        assert moments(wednesday, BERLIN) == {
            "This afternoon, 14:00": "Wed 04 Mar 14:00",
            "Tomorrow, Thu 9:00": "Thu 05 Mar 09:00",
            "Monday, 9 Mar 9:00": "Mon 09 Mar 09:00",
        }

    def test_of_an_afternoon_leave_it_out(self) -> None:
        assert list(moments(datetime(2026, 3, 4, 13, 0, tzinfo=UTC), BERLIN)) == [
            "Tomorrow, Thu 9:00",
            "Monday, 9 Mar 9:00",
        ]

    def test_of_a_sunday_name_monday_once(self) -> None:
        sunday = datetime(2026, 3, 8, 20, 0, tzinfo=UTC)

        assert list(moments(sunday, BERLIN)) == ["Tomorrow, Mon 9:00"]

    def test_of_a_monday_mean_the_next_one(self) -> None:
        monday = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

        assert "Mon 09 Mar 09:00" in moments(monday, BERLIN).values()

    def test_keep_to_the_wall_clock_when_summer_begins(self) -> None:
        saturday = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)

        assert moments(saturday, BERLIN)["Tomorrow, Sun 9:00"] == "Sun 29 Mar 09:00"

    def test_are_of_the_day_it_is_there(self) -> None:
        """Thursday evening in Berlin is Friday morning in Tokyo."""
        now = datetime(2026, 3, 5, 23, 0, tzinfo=UTC)

        shown = moments(now, ZoneInfo("Asia/Tokyo"))

        assert shown["Tomorrow, Sat 9:00"] == "Sat 07 Mar 09:00"


class TestChosen:
    NOW = datetime(2026, 3, 4, 8, 30, tzinfo=UTC)

    def test_an_hour_is_counted_from_the_submission(self) -> None:
        assert snooze.chosen("1h", None, self.NOW) == (
            datetime(2026, 3, 4, 9, 30, tzinfo=UTC),
            False,
        )

    def test_a_reply_has_no_moment(self) -> None:
        assert snooze.chosen("reply", None, self.NOW) == (None, True)

    def test_the_picked_moment(self) -> None:
        assert snooze.chosen("pick", 1772611200, self.NOW)[0] == datetime(
            2026, 3, 4, 8, 0, tzinfo=UTC
        )

    @pytest.mark.parametrize("value", ["", "soon", "1e9", "9" * 30])
    def test_what_is_not_ours_is_refused(self, value: str) -> None:
        with pytest.raises(InvalidInput):
            snooze.chosen(value, None, self.NOW)

    def test_nothing_picked_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="Choose a date"):
            snooze.chosen("pick", None, self.NOW)


class TestWindow:
    @pytest.mark.parametrize("zone", [None, "Europe/Berlin", "Nowhere/At_All", "../etc/passwd"])
    def test_is_one_that_slack_takes(self, zone: str | None) -> None:
        for view in (
            snooze.skeleton(CONVERSATION),
            snooze.view(CONVERSATION, TestChosen.NOW, zone),
        ):
            check_modal(view)
            if (judge := outside_checker()) is not None:
                check_modal_outside(judge, view)

    def test_says_so_where_the_zone_is_unknown(self) -> None:
        assert "in UTC" in str(snooze.view(CONVERSATION, TestChosen.NOW, None))
        assert "in UTC" not in str(snooze.view(CONVERSATION, TestChosen.NOW, "Asia/Tokyo"))
