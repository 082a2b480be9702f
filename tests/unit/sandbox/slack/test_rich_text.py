"""Marks become styles."""

import pytest

from app.sandbox.slack.rich_text import rich_text
from app.sandbox.slack.wire import JSON


def leaves(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each piece of a one-paragraph text with its styles."""
    (section,) = rich_text(text)["elements"]
    return [(one["text"], tuple(one.get("style", ()))) for one in section["elements"]]


def words(part: JSON) -> str:
    return "".join(one["text"] for one in part["elements"])


class TestStyles:
    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            ("plain", [("plain", ())]),
            ("a *b* c", [("a ", ()), ("b", ("bold",)), (" c", ())]),
            ("_i_ ~s~", [("i", ("italic",)), (" ", ()), ("s", ("strike",))]),
            ("*both _kinds_*", [("both ", ("bold",)), ("kinds", ("bold", "italic"))]),
            ("`*as it is*`", [("*as it is*", ("code",))]),
            ("2*3*4", [("2*3*4", ())]),
            ("snake_case_name", [("snake_case_name", ())]),
            ("* not bold *", [("* not bold *", ())]),
            ("*open", [("*open", ())]),
        ],
    )
    def test_within_a_line(self, typed: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
        assert leaves(typed) == expected

    def test_a_style_ends_with_its_line(self) -> None:
        assert leaves("*a\nb*") == [("*a\nb*", ())]


class TestParagraphs:
    def test_lists_quotes_and_fences(self) -> None:
        typed = "Dear Ana,\n- one\n- *two*\n1. first\n> said\n> before\n```\nx *y*\n```\nBye"

        parts = rich_text(typed)["elements"]

        assert [part["type"].removeprefix("rich_text_") for part in parts] == [
            *("section", "list", "list", "quote", "preformatted", "section"),
        ]
        assert [part["style"] for part in parts[1:3]] == ["bullet", "ordered"]
        assert [words(item) for item in parts[1]["elements"]] == ["one", "two"]
        assert words(parts[3]) == "said\nbefore"
        assert words(parts[4]) == "x *y*"
        assert words(parts[5]) == "Bye"

    def test_empty_lines_stay(self) -> None:
        (section,) = rich_text("a\n\nb")["elements"]

        assert words(section) == "a\n\nb"

    def test_nothing(self) -> None:
        assert rich_text("") == {"type": "rich_text", "elements": []}

    @pytest.mark.parametrize("typed", ["*" * 5000, "`" * 5000, "_a " * 2000, "> " * 2000])
    def test_the_worst_takes_no_time(self, typed: str) -> None:
        assert rich_text(typed)["type"] == "rich_text"
