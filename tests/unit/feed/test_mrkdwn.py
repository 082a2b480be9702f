"""Other people's words in Slack's markup."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.feed.mrkdwn import bold, cut, cut_lines, escape, escape_line, mention, moment, size

TOKENS = [
    "<!channel>", "<!here>", "<!everyone>", "<@U12345>", "<!subteam^S1>", "<#C1|general>",
    "<http://evil.example|bank>",
]  # fmt: skip


class TestEscape:
    @pytest.mark.parametrize("token", TOKENS)
    def test_nothing_that_slack_acts_on_is_left(self, token: str) -> None:
        shown = escape(f"before {token} after", 200)

        assert "<" not in shown
        assert ">" not in shown
        assert shown.startswith("before &lt;")

    def test_an_escape_of_the_sender_is_escaped_once_more(self) -> None:
        assert escape("&lt;!here&gt;", 200) == "&amp;lt;!here&amp;gt;"

    def test_controls_and_invisible_characters_are_dropped(self) -> None:
        assert escape("a\x00b\x1bc\u200bd\ne", 200) == "abcd\ne"

    @given(text=st.text(), limit=st.integers(2, 60))
    def test_never_exceeds_its_limit_nor_cuts_an_entity(self, text: str, limit: int) -> None:
        shown = escape(text, limit)

        assert len(shown) <= limit
        assert "<" not in shown
        assert re.sub(r"&(amp|lt|gt);", "", shown).count("&") == 0


class TestEscapeLine:
    def test_is_one_line_in_one_direction(self) -> None:
        assert escape_line("Bill\r\n \u202eexe.gpj\t2", 50) == "Bill exe.gpj 2"

    def test_is_cut(self) -> None:
        assert escape_line("word " * 100, 12) == "word word w…"


class TestBold:
    def test_is_not_ended_by_the_senders_own_asterisk(self) -> None:
        assert bold("a*b") == "*a∗b*"

    def test_of_nothing_is_nothing(self) -> None:
        assert bold("") == ""


class TestCutLines:
    def test_says_that_something_is_left_out(self) -> None:
        assert cut_lines("a\nb\nc", lines=2, characters=50) == "a\nb…"

    def test_a_short_text_stays(self) -> None:
        assert cut_lines("  a\nb \n", lines=2, characters=50) == "a\nb"

    def test_a_long_line_is_cut(self) -> None:
        assert cut_lines("abcdefgh", lines=2, characters=5) == "abcd…"
        assert cut("abcde", 5) == "abcde"


def test_a_moment_is_shown_in_the_readers_zone() -> None:
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    assert moment(at) == "<!date^1772442000^{date_short_pretty} {time}|2026-03-02 09:00 UTC>"


def test_a_teammate_is_mentioned_or_named() -> None:
    assert mention("Ana", "U1") == "<@U1>"
    assert mention("<Ana>", None) == "&lt;Ana&gt;"


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (999, "999 B"), (82_400, "82 kB"), (1_230_000, "1.2 MB")]
)
def test_a_size_for_people(count: int, words: str) -> None:
    assert size(count) == words
