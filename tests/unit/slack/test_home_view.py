"""The Home tab, held against everybody who knows what Slack takes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.models.views import View

from app.core.findings import Finding, Level
from app.core.ids import RuleId, new_id
from app.sandbox.slack.blockkit.payloads import check_view
from app.slack.views import home
from app.slack.views.home import Home, Part
from app.slack.views.listing import Line
from app.slack.views.ruling import MOST_RULES, RuleLine
from tests.fixtures.judges import outside_checker
from tests.fixtures.stack import text_of

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOSTILE = "<!channel> & *bold* `code` | \u202egpj.exe\n" * 60
LINK = "https://slack.com/archives/C0SUPPORT/p1772442000000100"
FULL = Part([Line(HOSTILE, HOSTILE, AT, LINK, (HOSTILE, None), waiting_since=AT)] * 10, 1000)
BAD = [Finding(HOSTILE, Level.PROBLEM, HOSTILE, HOSTILE)] * home.MOST_ACCOUNTS
BODY = {
    "match": "any",
    "conditions": [{"field": "header", "header": HOSTILE, "test": "is", "value": HOSTILE}] * 20,
    "actions": [{"do": "tag", "tags": [HOSTILE] * 10}, {"do": "move", "folder": HOSTILE}],
}
RULES = [RuleLine(RuleId(new_id()), HOSTILE, BODY, True, HOSTILE, 7)] * MOST_RULES
SHOWN = [
    home.view(Home()),
    home.view(Home(has_accounts=False, mailboxes=[])),
    home.view(Home(FULL, FULL, FULL, FULL, mailboxes=BAD, more_mailboxes=980)),
    home.view(Home(FULL, FULL, FULL, FULL, mailboxes=BAD, rules=RULES, rule_count=100)),
    home.view(Home(mailboxes=[], rules=[])),
    home.told("Slack does not say."),
]


class TestViews:
    @pytest.mark.parametrize("view", SHOWN)
    def test_are_what_slack_takes_and_ping_nobody(self, view: dict[str, Any]) -> None:
        View(**view).validate_json()
        assert check_view(view, "/view", "home").list == []
        assert len(view["blocks"]) <= 100
        assert "<!channel>" not in str(view)
        assert "\u202e" not in str(view)
        assert len(str(view)) < 250_000

    @pytest.mark.parametrize("view", SHOWN)
    def test_are_taken_by_the_checker_outside(self, view: dict[str, Any]) -> None:
        judge = outside_checker()
        if judge is None:
            pytest.skip("no checker of Slack payloads stands beside the project")
        found = judge.validate(view, "home")
        assert [one for one in found if one["severity"] == "error"] == []


class TestWords:
    def test_of_empty_lists_say_what_to_do(self) -> None:
        shown = text_of(home.view(Home()))

        assert "Assign to me" in shown
        assert "Mailboxes" not in shown

    def test_of_a_list_that_goes_on_say_so(self) -> None:
        shown = text_of(home.view(Home(mine=Part(FULL.lines, 37))))

        assert "Mine (37)" in shown
        assert "the first 10 are shown" in shown

    def test_of_a_list_that_is_whole_do_not(self) -> None:
        assert "are shown" not in text_of(home.view(Home(mine=Part(FULL.lines, 10))))

    def test_count_no_further_than_a_thousand(self) -> None:
        assert "Mine (1,000+)" in text_of(home.view(Home(mine=FULL)))
