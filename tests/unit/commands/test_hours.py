"""When people work, by the clock on their wall."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.commands.hours import are_at_work, next_opening, zone_of
from app.core.ids import WorkspaceId, new_id
from app.store.models import ReminderSettings

TEAM = WorkspaceId(new_id())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestWork:
    @pytest.mark.parametrize(
        ("moment", "expected"),
        [
            ("2026-11-27T08:59", False),  # a Friday
            ("2026-11-27T09:00", True),
            ("2026-11-27T16:59", True),
            ("2026-11-27T17:00", False),
            ("2026-11-28T12:00", False),
            ("2026-11-30T12:00", True),
        ],
    )
    def test_is_from_monday_to_friday_from_nine_to_five(self, moment: str, expected: bool) -> None:
        assert are_at_work(ReminderSettings(workspace_id=TEAM), at(moment)) is expected

    @pytest.mark.parametrize(
        ("moment", "expected"),
        [
            ("2026-07-03T06:59", False),
            ("2026-07-03T07:00", True),  # summer in Berlin: UTC+2
            ("2026-01-05T07:00", False),
            ("2026-01-05T08:00", True),  # winter: UTC+1
        ],
    )
    def test_is_by_the_zone_and_its_summer_time(self, moment: str, expected: bool) -> None:
        settings = ReminderSettings(workspace_id=TEAM, time_zone="Europe/Berlin")

        assert are_at_work(settings, at(moment)) is expected

    @pytest.mark.parametrize(
        ("moment", "expected"),
        [
            ("2026-11-27T23:00", True),
            ("2026-11-28T03:00", True),  # still the shift of Friday
            ("2026-11-28T23:00", False),
            ("2026-11-30T03:00", False),  # that would be the shift of Sunday
        ],
    )
    def test_may_go_on_past_midnight(self, moment: str, expected: bool) -> None:
        settings = ReminderSettings(workspace_id=TEAM, opens_at=22 * 60, closes_at=6 * 60)

        assert are_at_work(settings, at(moment)) is expected

    def test_is_by_the_zone_of_one_person(self) -> None:
        settings = ReminderSettings(workspace_id=TEAM)

        assert are_at_work(settings, at("2026-11-27T03:00"), ZoneInfo("Asia/Tokyo"))
        assert not are_at_work(settings, at("2026-11-27T12:00"), ZoneInfo("Asia/Tokyo"))


class TestTheNextOpening:
    @pytest.mark.parametrize(
        ("moment", "expected"),
        [
            ("2026-11-27T07:59", "2026-11-27T08:00"),  # a Friday in Berlin
            ("2026-11-27T08:00", "2026-11-30T08:00"),
            ("2026-11-29T12:00", "2026-11-30T08:00"),
            ("2026-03-27T12:00", "2026-03-30T07:00"),  # summer begins on Sunday
            ("2026-10-23T12:00", "2026-10-26T08:00"),  # and ends
        ],
    )
    def test_is_later_and_on_a_working_day(self, moment: str, expected: str) -> None:
        settings = ReminderSettings(workspace_id=TEAM)

        assert next_opening(settings, at(moment), ZoneInfo("Europe/Berlin")) == at(expected)

    def test_at_midnight_of_a_day_that_opens_when_it_ends_is_the_day_after(self) -> None:
        settings = ReminderSettings(workspace_id=TEAM, opens_at=24 * 60, closes_at=60, days=[0])

        opens = next_opening(settings, at("2026-11-27T12:00"), ZoneInfo("UTC"))

        assert opens == at("2026-12-01T00:00")
        assert are_at_work(settings, opens)

    def test_of_those_who_never_work_is_looked_for_again_a_day_later(self) -> None:
        settings = ReminderSettings(workspace_id=TEAM, days=[])

        opens = next_opening(settings, at("2026-11-27T12:00"), ZoneInfo("UTC"))

        assert opens == at("2026-11-28T12:00")
        assert not are_at_work(settings, opens)


class TestTheZoneOfAPerson:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [("Asia/Tokyo", "Asia/Tokyo"), (None, "Europe/Berlin"), ("No/Where", "Europe/Berlin"),
         ("../etc", "Europe/Berlin")],
    )  # fmt: skip
    def test_is_the_teams_where_theirs_is_not_known(self, name: str | None, expected: str) -> None:
        settings = ReminderSettings(workspace_id=TEAM, time_zone="Europe/Berlin")

        assert zone_of(name, settings).key == expected
