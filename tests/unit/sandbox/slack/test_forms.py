"""Answers in Slack's words."""

import pytest

from app.sandbox.slack.forms import state_of, value_of, what_is_missing
from app.sandbox.slack.wire import JSON, Refused


def option(value: str) -> JSON:
    return {"text": {"type": "plain_text", "text": value.title()}, "value": value}


def input_block(element: JSON, **more: object) -> JSON:
    label = {"type": "plain_text", "text": "A label"}
    element = {"action_id": "a", **element}
    return {"type": "input", "block_id": "b", "label": label, "element": element, **more}


class TestValueOf:
    @pytest.mark.parametrize(
        ("kind", "answer", "expected"),
        [
            ("plain_text_input", "hi", {"value": "hi"}),
            ("plain_text_input", "", {"value": None}),
            ("users_select", "U1", {"selected_user": "U1"}),
            ("multi_users_select", ["U1"], {"selected_users": ["U1"]}),
            ("multi_users_select", None, {"selected_users": []}),
            ("datepicker", "2026-03-02", {"selected_date": "2026-03-02"}),
            ("datepicker", None, {"selected_date": None}),
            ("conversations_select", "C1", {"selected_conversation": "C1"}),
        ],
    )
    def test_each_element_has_its_key(self, kind: str, answer: object, expected: JSON) -> None:
        assert value_of({"type": kind}, answer) == expected

    @pytest.mark.parametrize("answer", ["two", "Two", option("two")])
    def test_an_option_is_named_by_value_or_words_or_whole(self, answer: object) -> None:
        element = {"type": "static_select", "options": [option("one"), option("two")]}

        assert value_of(element, answer) == {"selected_option": option("two")}

    def test_an_option_of_a_group_is_found(self) -> None:
        groups = [{"label": {}, "options": [option("one")]}]
        element = {"type": "static_select", "option_groups": groups}

        assert value_of(element, "one") == {"selected_option": option("one")}

    def test_an_option_that_is_not_offered_is_refused(self) -> None:
        with pytest.raises(Refused, match="option_not_found"):
            value_of({"type": "radio_buttons", "options": [option("one")]}, "three")


class TestRichText:
    def test_what_is_typed_comes_with_its_styles(self) -> None:
        (section,) = value_of({"type": "rich_text_input"}, "*hi*")["rich_text_value"]["elements"]

        assert section["elements"] == [{"type": "text", "text": "hi", "style": {"bold": True}}]

    def test_nothing_typed_is_no_value(self) -> None:
        assert value_of({"type": "rich_text_input"}, "") == {"rich_text_value": None}


class TestFiles:
    @pytest.mark.parametrize(
        ("element", "count", "problem"),
        [
            ({"max_files": 1}, 2, "Please choose at most 1 file."),
            ({"max_files": 2}, 3, "Please choose at most 2 files."),
            ({"filetypes": ["pdf"]}, 1, "Please choose files of these kinds only: pdf."),
            ({}, 0, "Please fill this in."),
            ({"filetypes": ["txt", "pdf"]}, 1, ""),
        ],
    )
    def test_what_the_form_refuses(self, element: JSON, count: int, problem: str) -> None:
        block = input_block({"type": "file_input", **element})
        files = [{"id": f"F{number}", "filetype": "txt"} for number in range(count)]

        refused = what_is_missing([block], {"b": {"a": files}})

        assert refused == ({"b": problem} if problem else {})


class TestStateOf:
    def test_what_was_not_touched_is_as_it_was_at_first(self) -> None:
        block = input_block({"type": "plain_text_input", "initial_value": "draft"})

        state = state_of([block], {})

        assert state == {"b": {"a": {"type": "plain_text_input", "value": "draft"}}}

    def test_what_was_emptied_is_empty(self) -> None:
        block = input_block({"type": "plain_text_input", "initial_value": "draft"})

        assert state_of([block], {"b": {"a": ""}})["b"]["a"]["value"] is None

    def test_buttons_and_menus_hold_no_state(self) -> None:
        button = {"type": "button", "action_id": "x"}
        block = {"type": "actions", "block_id": "b", "elements": [button]}

        assert state_of([block], {}) == {}


class TestWhatIsMissing:
    def test_a_required_input_that_is_empty(self) -> None:
        assert what_is_missing([input_block({"type": "plain_text_input"})], {}).keys() == {"b"}

    def test_an_optional_one_may_be_empty(self) -> None:
        block = input_block({"type": "plain_text_input"}, optional=True)

        assert what_is_missing([block], {}) == {}

    @pytest.mark.parametrize(("text", "missing"), [("abc", False), ("abcd", True), ("a", True)])
    def test_lengths_are_the_form_s_own(self, text: str, missing: bool) -> None:
        block = input_block({"type": "plain_text_input", "min_length": 2, "max_length": 3})

        assert bool(what_is_missing([block], {"b": {"a": text}})) is missing
