"""What `/inbox` answers, held against everybody who knows what Slack takes."""

from datetime import UTC, datetime

import pytest

from app.core.findings import Finding, Level
from app.feed.port import Rendered
from app.slack.listeners.inbox import parsed
from app.slack.views import inbox
from app.slack.views.listing import Line, line
from tests.fixtures.judges import check_message, check_message_outside, outside_checker

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOSTILE = "<!channel> & *bold* `code` | \u202egpj.exe\n" * 60
LINK = "https://slack.com/archives/C0SUPPORT/p1772442000000100"
LINES = [
    Line(HOSTILE, HOSTILE, AT, LINK, (HOSTILE, None), waiting_since=AT),
    Line("", "a@example.com", AT, None, ("ana", "U0ANA"), is_snoozed=True, snoozed_until=AT),
] * 5
SHOWN = [
    inbox.mine([], more=False),
    inbox.mine(LINES, more=True, unknown=HOSTILE),
    inbox.found(HOSTILE, LINES, more=True),
    inbox.found(HOSTILE, [], more=False),
    inbox.nothing_to_search(),
    inbox.status([], more=0),
    inbox.status([Finding(HOSTILE, Level.PROBLEM, HOSTILE, HOSTILE)] * 10, more=90),
]


class TestAnswers:
    @pytest.mark.parametrize("shown", SHOWN)
    def test_are_what_slack_takes_and_ping_nobody(self, shown: Rendered) -> None:
        check_message(shown)
        words = str(shown.blocks)
        assert "<!channel>" not in words
        assert "\u202e" not in words
        assert len(words) < 13_200 * 1.5

    @pytest.mark.parametrize("shown", SHOWN)
    def test_are_taken_by_the_checker_outside(self, shown: Rendered) -> None:
        judge = outside_checker()
        if judge is None:
            pytest.skip("no checker of Slack payloads stands beside the project")
        check_message_outside(judge, shown)


class TestLines:
    def test_lead_to_the_card_and_say_who_has_it(self) -> None:
        shown = line(Line("A|B <x>", "a@example.com", AT, LINK, ("ana", "U0ANA"), waiting_since=AT))

        assert shown.startswith(f"*<{LINK}|A∣B &lt;x&gt;>*\n🔵 <@U0ANA> · ⏱ waiting since ")

    def test_without_a_card_say_so(self) -> None:
        shown = line(Line("A", "a@example.com", AT, is_done=True, waiting_since=AT))

        assert shown.startswith("*A*\n✅ Done · last mail ")
        assert shown.endswith("· a@example.com · no card")


class TestParsed:
    def test_takes_the_verb_in_any_case_and_undoes_slacks_escapes(self) -> None:
        assert parsed("  SEARCH   a &amp; &lt;b&gt; ") == ("search", "a & <b>")

    def test_undoes_an_escape_once(self) -> None:
        assert parsed("search &amp;lt;") == ("search", "&lt;")

    def test_nothing_is_no_verb(self) -> None:
        assert parsed("  ") == ("", "")
