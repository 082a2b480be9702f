"""The Home tab, held against everybody who knows what Slack takes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk.models.views import View

from app.core.errors import InvalidInput
from app.core.findings import Finding, Level
from app.core.ids import AccountId, RuleId, new_id
from app.sandbox.slack.blockkit.payloads import check_view
from app.slack.views import home, settings
from app.slack.views.home import Home, Part
from app.slack.views.listing import Line
from app.slack.views.mailboxes import MOST, MailboxLine, Mend, Mending
from app.slack.views.ruling import MOST_RULES, RuleLine
from app.slack.views.settings import Settings
from app.store.models import Notice
from tests.fixtures.judges import check_modal, check_modal_outside, outside_checker
from tests.fixtures.stack import text_of

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOSTILE = "<!channel> & *bold* `code` | \u202egpj.exe\n" * 60
LINK = "https://slack.com/archives/C0SUPPORT/p1772442000000100"
FULL = Part([Line(HOSTILE, HOSTILE, AT, LINK, (HOSTILE, None), waiting_since=AT)] * 10, 1000)
SOME = AccountId(new_id())
BROKEN = MailboxLine(
    SOME, Finding(HOSTILE, Level.PROBLEM, HOSTILE, HOSTILE), AT, AT, Mend.RECONNECT
)
WHERE = "https://sharedbox.example.com/connect"
BAD = [BROKEN] * MOST
SIGNED = Settings(HOSTILE, ())
BODY = {
    "match": "any",
    "conditions": [{"field": "header", "header": HOSTILE, "test": "is", "value": HOSTILE}] * 20,
    "actions": [{"do": "tag", "tags": [HOSTILE] * 10}, {"do": "move", "folder": HOSTILE}],
}
RULES = [RuleLine(RuleId(new_id()), HOSTILE, BODY, True, HOSTILE, 7)] * MOST_RULES
SHOWN = [
    home.view(Home(), AT),
    home.view(Home(has_accounts=False, mailboxes=[], connect=WHERE), AT),
    home.view(Home(FULL, FULL, FULL, FULL, settings=SIGNED, mailboxes=BAD, more_mailboxes=980), AT),
    home.view(Home(FULL, FULL, FULL, FULL, mailboxes=BAD, rules=RULES, rule_count=100), AT),
    home.view(Home(mailboxes=[], rules=[], connect=WHERE), AT),
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
        shown = text_of(home.view(Home(), AT))

        assert "Assign to me" in shown
        assert "Mailboxes" not in shown

    def test_of_a_list_that_goes_on_say_so(self) -> None:
        shown = text_of(home.view(Home(mine=Part(FULL.lines, 37)), AT))

        assert "Mine (37)" in shown
        assert "the first 10 are shown" in shown

    def test_of_a_list_that_is_whole_do_not(self) -> None:
        assert "are shown" not in text_of(home.view(Home(mine=Part(FULL.lines, 10)), AT))

    def test_count_no_further_than_a_thousand(self) -> None:
        assert "Mine (1,000+)" in text_of(home.view(Home(mine=FULL), AT))


def mailbox(**values: Any) -> dict[str, Any]:
    """The row of a mailbox that is well but for these."""
    well = Finding("support@example.com", Level.OK, "Live.")
    line = MailboxLine(SOME, well, **{"checked_at": AT, **values})
    view = home.view(Home(mailboxes=[line]), AT + timedelta(minutes=5))
    (row,) = [one for one in view["blocks"] if "support@example.com" in str(one)]
    return row  # type: ignore[no-any-return] # blocks are whatever JSON says


class TestAMailbox:
    def test_says_when_it_was_looked_at_and_what_waits(self) -> None:
        assert "Looked at 5 minutes ago · nothing waits" in mailbox()["text"]["text"]
        just_now = mailbox(checked_at=AT + timedelta(minutes=4))
        assert "Looked at just now" in just_now["text"]["text"]
        assert "Not looked at yet" in mailbox(checked_at=None)["text"]["text"]
        behind = mailbox(unshown_since=AT + timedelta(minutes=2))
        assert "its oldest mail has waited 3 minutes" in behind["text"]["text"]

    def test_that_is_well_has_no_button(self) -> None:
        assert "accessory" not in mailbox()

    def test_is_mended_by_the_button_beside_it(self) -> None:
        button = mailbox(mend=Mend.RESUME)["accessory"]

        assert button["text"]["text"] == "Resume"
        assert Mending.parse(button["value"]) == Mending(SOME, Mend.RESUME)

    def test_that_wants_a_sign_in_leads_to_it(self) -> None:
        button = mailbox(mend=Mend.RECONNECT, sign_in="https://example.com/oauth")["accessory"]

        assert (button["text"]["text"], button["url"]) == ("Reconnect", "https://example.com/oauth")
        assert "value" not in button


class TestMending:
    @pytest.mark.parametrize("text", ["", "reconnect", "x/reconnect", f"{new_id().hex[:3]}/x", "/"])
    def test_refuses_what_is_not_ours(self, text: str) -> None:
        with pytest.raises(InvalidInput):
            Mending.parse(text)


class TestMySettings:
    def test_show_the_beginning_of_the_signature_and_what_one_hears_of(self) -> None:
        mine = Settings("Ana <b>\nAcme\nBerlin\nGermany", ("reminded",))

        shown = text_of(home.view(Home(settings=mine), AT))

        assert "Ana &lt;b&gt;\nAcme\nBerlin" in shown
        assert "Germany" not in shown
        assert "directly of: what is given to you, what wakes up." in shown

    def test_of_whoever_wants_to_hear_nothing_say_what_they_hear_all_the_same(self) -> None:
        shown = text_of(home.view(Home(settings=Settings("", tuple(Notice))), AT))

        assert "nothing but mail of yours that was not sent" in shown

    @pytest.mark.parametrize("view", [
        settings.signature_view("", is_formatted=False),
        settings.signature_view(HOSTILE[: settings.LONGEST], is_formatted=True),
        settings.notices_view((), has_summary=False),
        settings.notices_view(tuple(Notice), has_summary=True),
    ])  # fmt: skip
    def test_windows_are_what_slack_takes(self, view: dict[str, Any]) -> None:
        check_modal(view)
        if (judge := outside_checker()) is not None:
            check_modal_outside(judge, view)

    def test_keep_quiet_about_what_is_not_ticked(self) -> None:
        assert settings.quiet(["assigned", "woken"]) == ["reminded"]
        with pytest.raises(InvalidInput):
            settings.quiet(["assigned", "everything"])
