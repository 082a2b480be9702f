"""What may be written as a rule, and what is refused when it is."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.rules.types import Condition, RuleBody


def body(**values: Any) -> dict[str, Any]:
    return {
        "conditions": [{"field": "subject", "test": "contains", "value": "invoice"}],
        "actions": [{"do": "flag"}],
        **values,
    }


class TestCondition:
    @pytest.mark.parametrize(
        "values",
        [
            {"field": "size", "test": "contains", "value": "1"},
            {"field": "subject", "test": "domain", "value": "acme.example"},
            {"field": "subject", "test": "exists"},
            {"field": "subject", "test": "contains", "value": "  "},
            {"field": "subject", "test": "contains", "value": "x" * 501},
            {"field": "subject", "test": "contains", "value": "a\nb"},
            {"field": "subject", "test": "contains", "value": "a\x00b"},
            {"field": "subject", "test": "is", "value": "x", "header": "X-Spam"},
            {"field": "header", "test": "is", "value": "x"},
            {"field": "header", "test": "is", "value": "x", "header": "X Spam"},
            {"field": "header", "test": "is", "value": "x", "header": "X-Spam:"},
            {"field": "size", "test": "larger", "value": "ten"},
            {"field": "size", "test": "larger", "value": "-1"},
            {"field": "size", "test": "larger", "value": "٣"},
            {"field": "size", "test": "larger", "value": "9" * 30},
            {"field": "text", "test": "regex", "value": "("},
            {"field": "text", "test": "regex", "value": r"(a)\1"},
            {"field": "text", "test": "regex", "value": "(?=a)"},
            {"field": "text", "test": "regex", "value": "((x{100}){100}){100}"},
            {"field": "mood", "test": "is", "value": "x"},
            {"field": "subject", "test": "is", "value": "x", "extra": 1},
        ],
    )
    def test_that_makes_no_sense_is_refused(self, values: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            Condition.model_validate(values)

    def test_says_what_is_wrong_with_an_expression(self) -> None:
        with pytest.raises(ValidationError, match="no regular expression: missing"):
            Condition.model_validate({"field": "text", "test": "regex", "value": "(a"})


class TestRuleBody:
    @pytest.mark.parametrize(
        "values",
        [
            {"conditions": []},
            {"actions": []},
            {"match": "none"},
            {"actions": [{"do": "explode"}]},
            {"actions": [{"do": "flag"}, {"do": "flag"}]},
            {"actions": [{"do": "archive"}, {"do": "move", "folder": "Bills"}]},
            {"actions": [{"do": "channel", "channel": "#support"}]},
            {"actions": [{"do": "channel", "channel": "D0DIRECT"}]},
            {"actions": [{"do": "move", "folder": ""}]},
            {"actions": [{"do": "tag", "tags": []}]},
            {"actions": [{"do": "assign", "teammate_id": "ana"}]},
        ],
    )
    def test_that_makes_no_sense_is_refused(self, values: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            RuleBody.model_validate(body(**values))

    def test_is_read_back_as_it_was_kept(self) -> None:
        rule = RuleBody.model_validate(
            body(
                match="any",
                actions=[
                    {"do": "channel", "channel": "C0BILLING"},
                    {"do": "tag", "tags": ["refund"]},
                    {"do": "reply", "template_id": "0190d0a2-7f4e-7cc4-a5d3-5f4d3c2b1a00"},
                ],
            )
        )

        assert RuleBody.model_validate(rule.kept()) == rule
