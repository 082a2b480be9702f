"""Whom the window for writing offers, and what choosing somebody makes of its fields."""

import pytest

from app.core.errors import InvalidInput
from app.mail.address import Address
from app.slack.views.recipients import added, suggestions

HARRIET = Address("Harriet Pike", "harriet@rowanpike.example")


def offered(known: list[Address], typed: str) -> list[tuple[str, str]]:
    """The words and the value of each option."""
    groups = suggestions(known, typed).get("option_groups", ())
    return [(one["text"]["text"], one["value"]) for group in groups for one in group["options"]]


class TestSuggestions:
    def test_nobody_is_an_empty_list(self) -> None:
        assert suggestions([], "har") == {"options": []}

    def test_each_person_stands_under_both_fields(self) -> None:
        found = suggestions([HARRIET], "har")

        assert [group["label"]["text"] for group in found["option_groups"]] == ["To", "Cc"]
        (option,) = found["option_groups"][1]["options"]
        assert option["value"] == "cc:harriet@rowanpike.example"
        assert option["description"]["text"] == "harriet@rowanpike.example"

    def test_an_address_that_is_typed_whole_is_offered_first(self) -> None:
        found = offered([HARRIET], "eva@other.example")

        assert found[:2] == [
            ("eva@other.example", "to:eva@other.example"),
            ("Harriet Pike", "to:harriet@rowanpike.example"),
        ]

    def test_a_known_address_that_is_typed_whole_is_offered_once(self) -> None:
        assert len(offered([HARRIET], "Harriet@rowanpike.example")) == 2

    @pytest.mark.parametrize("typed", ["eva", "eva@", "eva@other", "a@b.example, c@d.example", "<"])
    def test_what_is_no_whole_address_is_not_offered(self, typed: str) -> None:
        assert offered([], typed) == []

    def test_what_slack_does_not_take_is_cut_or_left_out(self) -> None:
        long_name = Address("N" * 200, "n@x.example")
        long_address = Address("", f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example")

        found = offered([long_name, long_address], "n")

        assert [value for _, value in found] == ["to:n@x.example", "cc:n@x.example"]
        assert all(len(text) <= 75 for text, _ in found)


class TestAdded:
    @pytest.mark.parametrize(
        "value", ["", "bcc:a@x.example", "to:", "to:nobody", "to:a@x.example,b"]
    )
    def test_what_was_not_offered_is_refused(self, value: str) -> None:
        with pytest.raises(InvalidInput):
            added(value, "Ana", "", "")

    def test_puts_somebody_behind_those_who_are_there(self) -> None:
        value = "to:harriet@rowanpike.example"

        to, cc = added(value, "Harriet Pike", "eva@other.example, ", "")

        assert to == "eva@other.example, Harriet Pike <harriet@rowanpike.example>"
        assert cc == ""
        assert added("cc:eva@other.example", "eva@other.example", "x@y.example", "") == (
            "x@y.example",
            "eva@other.example",
        )

    def test_a_name_that_was_cut_is_left_out(self) -> None:
        assert added("to:n@x.example", "N" * 74 + "…", "", "") == ("n@x.example", "")

    def test_who_is_there_already_is_not_put_there_again(self) -> None:
        assert added("to:Eva@other.example", "Eva", "Eva <eva@other.example>", "")[0] == (
            "Eva <eva@other.example>"
        )

    def test_what_has_no_room_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="no room"):
            added("to:eva@other.example", "Eva", "x@y.example, " * 240, "")
