from zoneinfo import ZoneInfo

import pytest

from app.core.zones import zone_named, zone_or_utc


class TestZoneNamed:
    def test_is_the_first_that_there_is(self) -> None:
        found = zone_named("", "Mars/Crater", "../../etc/passwd", "Europe/Vienna")

        assert found == ZoneInfo("Europe/Vienna")
        assert zone_named("", None) is None


class TestZoneOrUTC:
    @pytest.mark.parametrize("name", [None, "", "Mars/Crater", "../../etc/passwd"])
    def test_is_utc_where_there_is_none_of_that_name(self, name: str | None) -> None:
        assert zone_or_utc(name) == ZoneInfo("UTC")
