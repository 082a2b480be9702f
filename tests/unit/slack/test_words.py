"""What people type, read as a mail and as a command."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.slack.words import Asked, Verb, asked, spoken, until

NAMES = {"U1": "Ana"}
UTC_ZONE = ZoneInfo("UTC")
WEDNESDAY = datetime(2026, 3, 4, 8, 30, tzinfo=UTC)


class TestSpoken:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("Ask <@U1> or <@U2|ben> or <@U3>", "Ask Ana or ben or a colleague"),
            ("a &lt;b&gt; &amp;amp;", "a <b> &amp;"),
            ("<!channel> look", "look"),
            ("see <#C1|sales> and <#C2>", "see #sales and a channel"),
            ("<https://acme.example|our page>", "our page (https://acme.example)"),
            ("<https://acme.example>", "https://acme.example"),
            ("<mailto:a@b.example|a@b.example>", "a@b.example"),
            ("<!date^1^{date}|today> ok", "today ok"),
            ("nul\x00", "nul"),
        ],
    )
    def test_is_plain(self, text: str, said: str) -> None:
        assert spoken(text, NAMES) == said


class TestAsked:
    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("<@B> assign <@U1>", Asked(Verb.ASSIGN, "U1", "<@U1>")),  # type: ignore[arg-type]
            ("hey <@B>  Assign   me", Asked(Verb.ASSIGN, None, "me")),
            ("<@B> done!", Asked(Verb.DONE)),
            ("<@B> snooze until they reply", Asked(Verb.SNOOZE, None, "until they reply")),
        ],
    )
    def test_names_the_verb(self, text: str, wanted: Asked) -> None:
        assert asked(text, "B") == wanted

    @pytest.mark.parametrize("text", ["", "<@B>", "<@B> dance", "done", "<@C> done"])
    def test_is_nothing_else(self, text: str) -> None:
        assert asked(text, "B") is None


class TestUntil:
    def test_is_by_the_first_words_of_what_the_window_offers(self) -> None:
        def hours(words: str) -> float | None:
            found = until(words, WEDNESDAY, UTC_ZONE)
            moment = found[0] if found else None
            return (moment - WEDNESDAY).total_seconds() / 3600 if moment else None

        assert hours("1 hour") == 1
        assert hours("tomorrow") == 24.5
        assert hours("Monday") == 120.5
        assert hours("this afternoon") == 5.5
        assert until("until they reply", WEDNESDAY, UTC_ZONE) == (None, True)

    @pytest.mark.parametrize("words", ["", "t", "pick a date", "yesterday", "31 february"])
    def test_of_anything_else_is_not_guessed(self, words: str) -> None:
        assert until(words, WEDNESDAY, UTC_ZONE) is None
