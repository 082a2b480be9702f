from zoneinfo import ZoneInfo

from app.core.zones import zone_named


class TestZoneNamed:
    def test_is_the_first_that_there_is(self) -> None:
        found = zone_named("", "Mars/Crater", "../../etc/passwd", "Europe/Vienna")

        assert found == ZoneInfo("Europe/Vienna")
        assert zone_named("", None) is None
