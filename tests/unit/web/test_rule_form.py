"""The rows of a rule's form: what each choice means, there and back, and in words."""

import pytest

from app.core.errors import InvalidInput
from app.rules.types import Condition, Test
from app.web.admin import rule_form


def sent(test: str, value: str = "invoice") -> dict[str, str]:
    return {"field_0": "subject", "test_0": test, "value_0": value, "header_0": ""}


class TestConditions:
    def test_of_no_test_there_is(self) -> None:
        with pytest.raises(InvalidInput):
            rule_form.conditions(sent("not at all"))

    def test_leave_out_rows_without_a_value(self) -> None:
        assert rule_form.conditions(sent("not contains", " ")) == ()

    @pytest.mark.parametrize(
        ("chosen", "negated"), [("contains", False), ("not contains", True), ("is", False)]
    )
    def test_say_what_was_chosen(self, chosen: str, negated: bool) -> None:
        (found,) = rule_form.conditions(sent(chosen))

        assert (found.test, found.negated) == (chosen.removeprefix("not "), negated)


class TestRowsShown:
    @pytest.mark.parametrize("chosen", [value for value, _ in rule_form.TESTS])
    def test_choose_again_what_was_sent(self, chosen: str) -> None:
        first, *_ = rule_form.rows_shown(rule_form.rows(sent(chosen)))

        assert first["chosen"] == chosen

    def test_end_with_rows_to_fill_in(self) -> None:
        assert [one["chosen"] for one in rule_form.rows_shown([])] == ["contains", "contains"]


class TestTests:
    def test_name_each_test_and_its_opposite(self) -> None:
        values = [value for value, _ in rule_form.TESTS]

        assert sorted(values) == sorted([*Test, *(f"not {one}" for one in Test)])


class TestConditionWords:
    @pytest.mark.parametrize(
        ("condition", "words"),
        [
            (Condition(field="subject", test="contains", value="a"), "subject contains “a”"),
            (
                Condition(field="subject", test="contains", value="a", negated=True),
                "subject does not contain “a”",
            ),
            (
                Condition(field="header", header="X-Spam", test="exists", negated=True),
                "header field X-Spam is not there",
            ),
        ],
    )
    def test_read_as_people_say_it(self, condition: Condition, words: str) -> None:
        assert rule_form.condition_words(condition.model_dump()) == words

    def test_of_a_test_that_a_newer_version_wrote(self) -> None:
        condition = {"field": "mood", "test": "feels", "value": "good", "negated": True}

        assert rule_form.condition_words(condition) == "mood not feels “good”"
