"""The tables: what is at a limit passes, what is one over is refused, and where is said exactly."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sandbox.slack.blockkit.payloads import (
    MOST_CHARACTERS,
    check_blocks,
    check_suggestions,
    check_view,
    refuse_invalid_blocks,
    with_block_ids,
)
from app.sandbox.slack.wire import JSON, Refused
from tests.fixtures.block_kit import LIMITS, WRONG, actions, field, options, section, text


def told(blocks: object, surface: str = "message") -> list[str]:
    found = check_blocks(blocks, "/blocks", surface).list
    return [f"{finding.message} [{finding.pointer}]" for finding in found]


class TestLimits:
    @pytest.mark.parametrize(
        ("build", "limit"), [row[1:] for row in LIMITS], ids=[row[0] for row in LIMITS]
    )
    def test_at_the_limit_passes_and_one_over_is_refused(
        self, build: Callable[[int], list[JSON]], limit: int
    ) -> None:
        assert told(build(limit)) == []
        assert len(told(build(limit + 1))) == 1

    def test_all_text_of_a_message_together(self) -> None:
        nearly = [section(text=text(3_000)) for _ in range(4)] + [section(text=text(1_200))]

        refuse_invalid_blocks(check_blocks(nearly, "/blocks", "message"))

        with pytest.raises(Refused, match="msg_blocks_too_long"):
            refuse_invalid_blocks(check_blocks([*nearly, section()], "/blocks", "message"))
        assert sum(len(block["text"]["text"]) for block in nearly) == MOST_CHARACTERS


class TestRefusals:
    @pytest.mark.parametrize(("blocks", "expected"), WRONG)
    def test_say_what_and_where(self, blocks: object, expected: str) -> None:
        assert expected in told(blocks)

    def test_look_as_slack_s_do(self) -> None:
        with pytest.raises(Refused) as refused:
            refuse_invalid_blocks(check_blocks([{"type": "nonsense"}], "/blocks", "message"))

        said = "unsupported type: nonsense [json-pointer:/blocks/0/type]"
        assert refused.value.answer() == {
            "ok": False,
            "error": "invalid_blocks",
            "errors": [said],
            "response_metadata": {"messages": [f"[ERROR] {said}"]},
        }


class TestViews:
    def modal(self, **more: object) -> JSON:
        return {"type": "modal", "title": text(24), "blocks": [section()], **more}

    def test_a_plain_modal_passes(self) -> None:
        assert check_view(self.modal(), "/view").list == []

    @pytest.mark.parametrize(
        "more",
        [
            {"title": text(25)},
            {"submit": text(25)},
            {"private_metadata": "p" * 3_001},
            {"callback_id": "c" * 256},
            {"blocks": []},
            {"blocks": [section()] * 101},
            {"id": "V1"},
            {"type": "window"},
        ],
    )
    def test_what_slack_refuses(self, more: JSON) -> None:
        assert check_view(self.modal(**more), "/view").list

    def test_an_input_needs_a_submit(self) -> None:
        blocks = [field({"type": "plain_text_input"})]

        found = check_view(self.modal(blocks=blocks), "/view").list

        assert [finding.pointer for finding in found] == ["/view/blocks/0/input"]
        assert check_view(self.modal(blocks=blocks, submit=text(4)), "/view").list == []

    def test_a_home_tab_has_no_submit(self) -> None:
        home = {"type": "home", "blocks": [section()], "submit": text(4)}

        assert len(check_view(home, "/view").list) == 1


class TestSuggestions:
    def test_a_hundred_options_pass(self) -> None:
        assert check_suggestions({"options": options(100)}) == []

    @pytest.mark.parametrize("answer", [{"options": options(101)}, {}, {"options": [], "x": 1}])
    def test_others_are_refused(self, answer: JSON) -> None:
        assert check_suggestions(answer)


class TestWithBlockIds:
    def test_fills_in_what_is_missing_and_leaves_what_is_there(self) -> None:
        given = [section(block_id="mine"), actions({"type": "button", "text": text(1)})]

        filled = with_block_ids(given)

        assert filled[0]["block_id"] == "mine"
        assert filled[1]["block_id"]
        assert filled[1]["elements"][0]["action_id"]
        assert "block_id" not in given[1]


WORDS = st.sampled_from(
    ["type", "text", "blocks", "elements", "element", "options", "option_groups", "accessory",
     "section", "actions", "input", "context", "rich_text", "rich_text_section", "button",
     "static_select", "overflow", "plain_text", "mrkdwn", "modal", "label", "title",
     "initial_option", "initial_options", "block_id", "action_id"]
)  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=20,
)


class TestWhateverComes:
    @given(payload=ANYTHING)
    def test_is_judged_without_an_accident(self, payload: object) -> None:
        for surface in ("message", "modal", "home"):
            check_blocks(payload, "/blocks", surface)
        check_view(payload, "/view")
        check_suggestions(payload)

    @given(payload=st.lists(ANYTHING, max_size=3))
    def test_what_is_accepted_can_be_filled_in(self, payload: list[JSON]) -> None:
        if not check_blocks(payload, "/blocks", "message").list:
            assert len(with_block_ids(payload)) == len(payload)
