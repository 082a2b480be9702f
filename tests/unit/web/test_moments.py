from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.core.errors import InvalidInput
from app.web.admin import words
from app.web.admin.moments import CHOICES, until

VIENNA = ZoneInfo("Europe/Vienna")
NOW = datetime(2026, 3, 5, 23, 30, tzinfo=UTC)
"""A Thursday; in Vienna it is Friday already."""


class TestUntil:
    @pytest.mark.parametrize("picked", ["", "soon", "2026-13-01T09:00"])
    def test_a_moment_that_is_none_is_refused(self, picked: str) -> None:
        with pytest.raises(InvalidInput, match="date and a time"):
            until("pick", picked, VIENNA, NOW)

    def test_a_choice_of_nobody_is_refused(self) -> None:
        with pytest.raises(InvalidInput):
            until("next year", "", VIENNA, NOW)

    @pytest.mark.parametrize(
        ("choice", "zone", "wanted"),
        [
            ("1h", VIENNA, NOW + timedelta(hours=1)),
            ("tomorrow", VIENNA, datetime(2026, 3, 7, 9, tzinfo=VIENNA)),
            ("tomorrow", None, datetime(2026, 3, 6, 9, tzinfo=UTC)),
            ("monday", VIENNA, datetime(2026, 3, 9, 9, tzinfo=VIENNA)),
            ("reply", VIENNA, None),
        ],
    )
    def test_is_by_the_clock_of_whoever_chooses(
        self, choice: str, zone: ZoneInfo | None, wanted: datetime | None
    ) -> None:
        assert until(choice, "", zone, NOW) == wanted

    def test_monday_is_the_next_one_on_a_monday(self) -> None:
        monday = datetime(2026, 3, 9, 12, tzinfo=VIENNA)

        assert until("monday", "", VIENNA, monday) == datetime(2026, 3, 16, 9, tzinfo=VIENNA)

    def test_picked_is_read_in_their_zone(self) -> None:
        found = until("pick", "2026-03-29T09:00", VIENNA, NOW)

        assert found == datetime(2026, 3, 29, 7, tzinfo=UTC)

    def test_every_choice_is_known(self) -> None:
        for choice, _ in CHOICES:
            until(choice, "2026-04-01T09:00", VIENNA, NOW)


class TestLinked:
    def test_shows_addresses_as_they_are(self) -> None:
        found = words.linked('See https://a.example/x?a=1&b=2, or "<b>".')

        assert found == (
            'See <a href="https://a.example/x?a=1&amp;b=2" rel="noopener noreferrer" '
            'target="_blank">https://a.example/x?a=1&amp;b=2</a>, or &#34;&lt;b&gt;&#34;.'
        )

    @pytest.mark.parametrize("text", ["javascript:alert(1)", "data:text/html,x", "//a.example"])
    def test_makes_no_links_of_what_is_no_page(self, text: str) -> None:
        assert "<a" not in words.linked(text)

    def test_tells_a_host_in_other_letters(self) -> None:
        assert "that is xn--pple-43d.com" in words.linked("https://аpple.com/x")


class TestSize:
    @pytest.mark.parametrize(
        ("count", "said"),
        [(0, "0 B"), (999, "999 B"), (1400, "1.4 kB"), (23_400_000, "23 MB"), (10**9, "1.0 GB")],
    )
    def test_is_said_in_few_letters(self, count: int, said: str) -> None:
        assert words.size(count) == said


class TestWish:
    def test_names_where_and_whom(self) -> None:
        assert words.wish("move", {"folder": "Billing"}) == "move to “Billing”"
        assert words.wish("assign", {}, "Ben") == "assign to Ben"
        assert words.wish("assign", {}) == "assign to nobody"
