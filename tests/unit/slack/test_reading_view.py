"""Windows to read a mail in."""

from datetime import UTC, datetime

import pytest

from app.core.errors import InvalidInput
from app.core.ids import ConversationId, MessageId, new_id
from app.slack.views import reading
from app.slack.views.reading import PAGE, PageValue, Shown, Why
from tests.fixtures.judges import check_modal, check_modal_outside, outside_checker

CONVERSATION, MESSAGE = ConversationId(new_id()), MessageId(new_id())
EVIL = "<!channel> <@U1> ``` &lt;!here&gt; \u202efdp.exe\n"


def texts(view: dict[str, object]) -> list[str]:
    blocks = view["blocks"]
    assert isinstance(blocks, list)
    return [one["text"]["text"] for one in blocks if one["type"] == "section"]


def check(view: dict[str, object]) -> None:
    check_modal(view)
    if (judge := outside_checker()) is not None:
        check_modal_outside(judge, view)


class TestPage:
    @pytest.mark.parametrize("shown", Shown)
    @pytest.mark.parametrize("text", ["", "Hello.", EVIL * 900, "&" * 30_000, "🔥" * 20_000])
    def test_is_one_that_slack_takes_and_pings_nobody(self, shown: Shown, text: str) -> None:
        for number in (-1, 0, 1, 99):
            head = reading.Head(text, text, datetime(2026, 3, 1, tzinfo=UTC))
            view = reading.page(CONVERSATION, MESSAGE, shown, text, number, head)

            check(view)
            assert "<!" not in str(view).replace("<!date^1772323200^", "")

    def test_leaves_nothing_out(self) -> None:
        text = "".join(f"{n} & <{n}>\n" for n in range(9000))
        last = len(text) // PAGE

        shown = "".join(
            part
            for number in range(last + 1)
            for part in texts(reading.page(CONVERSATION, MESSAGE, Shown.TEXT, text, number))
        )

        plain = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        assert plain == text

    def test_turns_both_ways(self) -> None:
        view = reading.page(CONVERSATION, MESSAGE, Shown.TEXT, "x" * PAGE * 3, 1)

        assert "Page 2 of 3" in str(view)
        back, on = view["blocks"][-1]["elements"]
        assert PageValue.parse(back["value"]).page == 0
        assert PageValue.parse(on["value"]).page == 2

    @pytest.mark.parametrize("value", ["", "{}", '{"shown":"all","message_id":"x","page":1}'])
    def test_a_value_that_is_not_ours_is_refused(self, value: str) -> None:
        with pytest.raises(InvalidInput):
            PageValue.parse(value)


class TestWhy:
    def test_says_where_it_lies_and_what_proves_its_sender(self) -> None:
        why = Why("support@example.com", "INBOX", 7, "ana@acme.example", "It began this.", None,
                  "mx.example.com", {"spf": "pass", "dmarc": "fail"})  # fmt: skip

        view = reading.why(CONVERSATION, why)

        check(view)
        assert "*INBOX* of support@example.com, as UID 7" in str(view)
        assert "mx.example.com found: SPF pass, DMARC fail." in str(view)

    def test_of_hostile_words_pings_nobody(self) -> None:
        view = reading.why(CONVERSATION, Why(EVIL, EVIL, 1, EVIL, EVIL, EVIL, EVIL, {"spf": EVIL}))

        check(view)
        assert "<!" not in str(view)

    def test_says_so_where_nobody_checked(self) -> None:
        view = reading.why(CONVERSATION, Why("a@b.c", None, None, "x@y.z", "", "reply", None, {}))

        check(view)
        assert "says nothing" in str(view)
