"""Other people's words in Slack's markup."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.feed.mrkdwn import (
    bold,
    cut,
    cut_lines,
    escape,
    escape_line,
    link_up,
    mention,
    moment,
    size,
)

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

    @pytest.mark.parametrize(
        "text",
        [
            "👩\u200d💻 and 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
            "می\u200cخواهم",
            "שלום \u200f(1)",
            "tiê\u0301ng Viê\u0323t",
            "1\ufe0f\u20e3",
        ],
    )
    def test_what_a_language_or_an_emoji_needs_stays(self, text: str) -> None:
        assert escape(text, 200) == text

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("ac\u200dme.exam\u200cple", "acme.example"),
            ("\u202egnp.exe", "gnp.exe"),
            ("a\u2028b\x85c", "a\nb\nc"),
            ("a\ud83db", "ab"),
            ("pay\U000e0069\U000e0067", "pay"),
            ("Z" + "\u0301" * 500 + "algo", "Z" + "\u0301" * 4 + "algo"),
        ],
    )
    def test_what_only_deceives_goes(self, text: str, shown: str) -> None:
        assert escape(text, 200) == shown

    def test_of_a_text_that_hides_its_end_it_says_that_there_is_more(self) -> None:
        assert escape("\u200b" * 10_000 + "end", 50) == "…"

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

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("`x` ~y~ *z*", "ˋxˋ ∼y∼ ∗z∗"),
            ("_all_ of it", "ˍallˍ of it"),
            (">>> all of it", "››› all of it"),
            ("a > b", "a &gt; b"),
            ("\u0338struck", "struck"),
            ("first_last@example.com", "first_last@example.com"),
        ],
    )
    def test_formats_nothing_that_follows(self, text: str, shown: str) -> None:
        assert escape_line(text, 50) == shown


class TestLinkUp:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("see https://a.example/x?y=1&z=2.", "see <https://a.example/x?y=1&amp;z=2>."),
            ("(http://a.example)", "(<http://a.example>)"),
            ("<http://evil.example|bank>", "&lt;<http://evil.example>|bank&gt;"),
            ("<https://a.example>", "&lt;<https://a.example>&gt;"),
            ("https://", "https://"),
            ("http://!!!", "http://!!!"),
            ("javascript:alert(1) ftp://a.example", "javascript:alert(1) ftp://a.example"),
            ("https://a.example/cut-off…", "https://a.example/cut-off…"),
            ("https://b.example@a.example/", "https://b.example@a.example/"),
            ("https://\u0430.example", "https://\u0430.example"),
            ("https://müller.example", "<https://müller.example>"),
        ],
    )
    def test_shows_where_a_link_leads(self, text: str, shown: str) -> None:
        assert link_up(escape(text, 200)) == shown

    def test_is_bounded(self) -> None:
        assert link_up("http://a " * 500).count("<") == 20

    @given(text=st.text())
    def test_adds_nothing_but_brackets_around_addresses(self, text: str) -> None:
        escaped = escape(text, 500)

        assert re.sub(r"<(https?://[^<>|\s]+)>", r"\1", link_up(escaped)) == escaped


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
