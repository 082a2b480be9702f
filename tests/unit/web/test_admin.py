"""What pages are made of: charts, words, addresses to go on to."""

import re
import xml.etree.ElementTree as ET

import pytest

from app.core.config import PROJECT_ROOT
from app.web.admin.charts import Bar, bars, counting_ticks, duration_ticks
from app.web.admin.event_words import EVENTS
from app.web.admin.view import safe_next
from app.web.admin.words import act, browser, event, short

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0 Safari/537.36 Edg/130.0"
)


class TestWhereToGoOn:
    @pytest.mark.parametrize(
        "elsewhere",
        [
            None, "", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\tevil",
            "https://evil.example", "javascript:alert(1)", "evil", "/a\\b", "/a b", "/a\nb",
            "/" + "x" * 2000,
        ],
    )  # fmt: skip
    def test_is_never_elsewhere(self, elsewhere: str | None) -> None:
        assert safe_next(elsewhere) == "/"

    @pytest.mark.parametrize("path", ["/", "/team", "/audit?kind=team.&cursor=x", "/a/b#c"])
    def test_is_the_path_that_was_wanted(self, path: str) -> None:
        assert safe_next(path) == path


class TestAChart:
    def test_is_well_formed_and_says_what_it_shows(self) -> None:
        drawn = bars("Mail <b>", "2 & 3", [Bar(2, "<two>", "now"), Bar(0, "none")], [(0, "0")])

        root = ET.fromstring(drawn)  # noqa: S314 -- our own
        assert root.attrib["aria-label"] == "2 & 3"
        assert len(root.findall("rect")) == 1
        assert "style=" not in drawn

    def test_fits_in_its_frame(self) -> None:
        drawn = bars("x", "x", [Bar(n, "x") for n in range(24)], counting_ticks(23))

        for height in re.findall(r'height="([\d.]+)"', drawn):
            assert 0 <= float(height) <= 160

    @pytest.mark.parametrize(
        ("most", "whole"), [(0, 2), (1, 2), (3, 4), (5, 10), (11, 20), (23, 40), (999, 1000)]
    )
    def test_counts_in_round_numbers(self, most: int, whole: int) -> None:
        assert [value for value, _ in counting_ticks(most)] == [0, whole / 2, whole]

    @pytest.mark.parametrize(
        ("most", "words"), [(0, "2 min"), (121, "10 min"), (7200, "2 h"), (10**6, "12 d")]
    )
    def test_measures_in_round_durations(self, most: int, words: str) -> None:
        assert duration_ticks(most)[-1][1] == words


class TestWords:
    def test_of_browsers(self) -> None:
        assert browser(FIREFOX) == "Firefox on Linux"
        assert browser(EDGE) == "Edge on Windows"
        assert browser("") == "An unknown browser"

    def test_of_acts(self) -> None:
        assert act("session.begun", "Ana") == "signed in"
        assert act("team.barred", "Ben") == "shut out Ben"
        assert act("something.new_here", "") == "something new here"

    def test_of_events(self) -> None:
        failed = event("command.failed", {"command": "spam", "detail": "No such folder."})

        assert failed == "Failed: mark as spam. No such folder."
        assert event("account.retrying", {}) == "Out of reach."
        assert event("something.new_here", {}) == "Something: new here"
        assert event("account.refused", {"reason": "{0} {x}"}) == "Refused. {0} {x}"

    @pytest.mark.parametrize(("seconds", "words"), [(3, "3 s"), (119, "119 s"), (7200, "2 h")])
    def test_of_durations(self, seconds: float, words: str) -> None:
        assert short(seconds) == words


class TestEventWords:
    def test_are_there_for_every_event_that_is_told(self) -> None:
        told = {
            found
            for path in (PROJECT_ROOT / "app").rglob("*.py")
            for found in re.findall(r'uow\.emit\(\s*"([a-z_]+\.[a-z_]+)"', path.read_text())
        }

        assert len(told) > 50
        assert told - set(EVENTS) == set()
