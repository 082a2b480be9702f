"""The tables: what is at a limit passes, what is one over is refused, and where is said exactly."""

from collections.abc import Callable

import pytest

from app.sandbox.slack.blockkit.payloads import (
    MOST_CHARACTERS,
    check_blocks,
    check_suggestions,
    check_view,
    refuse_invalid_blocks,
    with_block_ids,
)
from app.sandbox.slack.wire import JSON, Refused


def text(length: int, kind: str = "plain_text") -> JSON:
    return {"type": kind, "text": "x" * length}


def section(**more: object) -> JSON:
    return {"type": "section", "text": text(3, "mrkdwn"), **more}


def actions(*elements: JSON) -> JSON:
    return {"type": "actions", "elements": list(elements)}


def button(**more: object) -> JSON:
    return {"type": "button", "action_id": "go", "text": text(2), **more}


def options(count: int) -> list[JSON]:
    return [{"text": text(75), "value": str(number)} for number in range(count)]


def select(**more: object) -> JSON:
    return {"type": "static_select", "action_id": "pick", "options": options(2), **more}


def field(element: JSON) -> JSON:
    return {"type": "input", "label": text(5), "element": {"action_id": "a", **element}}


def told(blocks: object, surface: str = "message") -> list[str]:
    found = check_blocks(blocks, "/blocks", surface).list
    return [f"{finding.message} [{finding.pointer}]" for finding in found]


LIMITS: list[tuple[str, Callable[[int], list[JSON]], int]] = [
    ("blocks in a message", lambda n: [section()] * n, 50),
    ("section text", lambda n: [section(text=text(n, "mrkdwn"))], 3_000),
    ("section fields", lambda n: [section(fields=[text(3)] * n)], 10),
    ("section field text", lambda n: [section(fields=[text(n)])], 2_000),
    ("header text", lambda n: [{"type": "header", "text": text(n)}], 150),
    ("context elements", lambda n: [{"type": "context", "elements": [text(1)] * n}], 10),
    ("actions elements", lambda n: [actions(*(button(action_id=str(i)) for i in range(n)))], 25),
    ("button text", lambda n: [actions(button(text=text(n)))], 75),
    ("button value", lambda n: [actions(button(value="v" * n))], 2_000),
    ("button url", lambda n: [actions(button(url="http://x/".ljust(n, "y")))], 3_000),
    ("action_id", lambda n: [actions(button(action_id="a" * n))], 255),
    ("block_id", lambda n: [section(block_id="b" * n)], 255),
    ("overflow options", lambda n: [section(accessory={"type": "overflow", "action_id": "m", "options": options(n)})], 5),  # noqa: E501
    ("select options", lambda n: [actions(select(options=options(n)))], 100),
    ("option text", lambda n: [actions(select(options=[{"text": text(n), "value": "v"}]))], 75),
    ("option value", lambda n: [actions(select(options=[{"text": text(3), "value": "v" * n}]))], 150),  # noqa: E501
    ("placeholder", lambda n: [actions(select(placeholder=text(n)))], 150),
    ("confirm title", lambda n: [actions(button(confirm={"title": text(n), "text": text(1)}))], 100),  # noqa: E501
    ("confirm text", lambda n: [actions(button(confirm={"text": text(n)}))], 300),
    ("radio options", lambda n: [actions({"type": "radio_buttons", "action_id": "r", "options": options(n)})], 10),  # noqa: E501
    ("image alt text", lambda n: [{"type": "image", "image_url": "https://x/y", "alt_text": "a" * n}], 2_000),  # noqa: E501
    ("markdown", lambda n: [{"type": "markdown", "text": "m" * n}], 12_000),
    ("input label", lambda n: [{**field({"type": "plain_text_input"}), "label": text(n)}], 2_000),
    ("max_length", lambda n: [field({"type": "plain_text_input", "max_length": n})], 3_000),
]  # fmt: skip


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
    @pytest.mark.parametrize(
        ("blocks", "expected"),
        [
            ("no list", "must provide an array [/blocks]"),
            (["no object"], "must provide an object [/blocks/0]"),
            ([{"type": "nonsense"}], "unsupported type: nonsense [/blocks/0/type]"),
            ([{"type": "header"}], "missing required field: text [/blocks/0]"),
            ([section(colour="red")], "invalid additional property: colour [/blocks/0]"),
            ([section(text=None)], "must provide one of: text, fields [/blocks/0]"),
            ([actions()], "no fewer than 1 items allowed [/blocks/0/elements]"),
            ([actions(button(text=text(2, "mrkdwn")))], "unsupported type: mrkdwn [/blocks/0/elements/0/text/type]"),  # noqa: E501
            ([actions(button(), button())], "`action_id` already exists: go [/blocks/0/elements]"),
            ([actions(button(style="loud"))], "unsupported value: loud [/blocks/0/elements/0/style]"),  # noqa: E501
            ([actions(button(url="javascript:alert(1)"))], "must be in a valid format [/blocks/0/elements/0/url]"),  # noqa: E501
            ([section(block_id="b"), section(block_id="b")], "`block_id` already exists: b [/blocks]"),  # noqa: E501
            ([actions(select(option_groups=[]))], "must provide exactly one of: options, option_groups [/blocks/0/elements/0]"),  # noqa: E501
            ([actions(select(initial_option=options(9)[8]))], "initial option must be one of the options provided [/blocks/0/elements/0]"),  # noqa: E501
            ([{"type": "image", "alt_text": "a"}], "must provide exactly one of: image_url, slack_file [/blocks/0]"),  # noqa: E501
            ([{"type": "alert", "text": text(3)}], "unsupported type: alert [/blocks/0/type]"),
            ([field({"type": "button", "text": text(1)})], "unsupported type: button [/blocks/0/element/type]"),  # noqa: E501
            ([{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text"}]}]}], "missing required field: text [/blocks/0/elements/0/elements/0]"),  # noqa: E501
        ],
    )  # fmt: skip
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
