"""When people work, by the clock on their wall."""

from datetime import UTC, datetime

import pytest

from app.commands.hours import are_at_work
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
