"""The windows about rules and routes, held against what Slack takes."""

from typing import Any

import pytest
from slack_sdk.models.views import View

from app.core.errors import InvalidInput
from app.core.ids import AccountId, ConversationId, RuleId, new_id
from app.sandbox.slack.blockkit.payloads import check_view
from app.slack.views import routing, ruling
from app.slack.views.ruling import Offer, Toggle, Whose

HOSTILE = "<!channel> & *bold* | \u202egpj.exe\n" * 60
CONVERSATION = ConversationId(new_id())
SOME = "01a21ac5-7467-744d-9729-e10d8fe6e0a6"
"""The same for every process of the tests, which have to collect the same ones."""
CHOICES = [routing.Choice(AccountId(new_id()), HOSTILE)] * routing.MOST_ACCOUNTS
OFFERS = [Offer(whose, HOSTILE, 12_345, 99_999) for whose in Whose]
SHOWN = [
    ruling.skeleton(CONVERSATION),
    ruling.view(CONVERSATION, HOSTILE, OFFERS),
    ruling.muted(HOSTILE, HOSTILE),
    routing.view(CHOICES, None),
    routing.view(CHOICES[:1], "C0SUPPORT"),
]


class TestViews:
    @pytest.mark.parametrize("view", SHOWN)
    def test_are_what_slack_takes_and_ping_nobody(self, view: dict[str, Any]) -> None:
        View(**view).validate_json()
        assert check_view(view, "/view", "modal").list == []
        assert "\u202e" not in str(view)
        assert "&lt;!channel&gt;" in str(view) or "<!channel>" not in str([
            block for block in view["blocks"] if block["type"] in {"section", "context"}
        ])  # fmt: skip

    @pytest.mark.parametrize("shown", [
        routing.set_here(HOSTILE, "C0SUPPORT"),
        routing.which([HOSTILE] * 50),
        routing.muted(HOSTILE, count=1, on=True),
        routing.muted(HOSTILE, count=0, on=False),
    ])  # fmt: skip
    def test_answers_ping_nobody(self, shown: Any) -> None:
        assert "<!channel>" not in str(shown)
        assert all(len(block["text"]["text"]) <= 3000 for block in shown.blocks)


class TestToggle:
    def test_reads_what_it_wrote(self) -> None:
        toggle = Toggle(RuleId(new_id()), on=True)

        assert Toggle.parse(str(toggle)) == toggle

    @pytest.mark.parametrize("text", ["", "on", f"{SOME}/maybe", "x/on", SOME])
    def test_refuses_what_is_not_ours(self, text: str) -> None:
        with pytest.raises(InvalidInput):
            Toggle.parse(text)
