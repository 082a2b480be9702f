"""What buttons carry, and that it is parsed like any input."""

from uuid import UUID

import pytest

from app.core.errors import InvalidInput
from app.core.ids import CommandId, ConversationId
from app.feed.ids import CardValue, MenuChoice, MenuValue, parse_placement

CONVERSATION = ConversationId(UUID("01a21a21-5ab3-70b7-8e44-03f972821b07"))
COMMAND = CommandId(UUID("01a21a21-5e61-76fd-a843-aebf84aa60c5"))
FORGED = ["", "x", "1", "/", "archive/", "'; DROP TABLE posts; --", "a" * 3000]


class TestCardValue:
    @pytest.mark.parametrize("value", [CardValue(CONVERSATION), CardValue(CONVERSATION, COMMAND)])
    def test_comes_back_as_it_went_out(self, value: CardValue) -> None:
        assert CardValue.parse(str(value)) == value

    @pytest.mark.parametrize("text", [*FORGED, f"{CONVERSATION}/x"])
    def test_a_forged_one_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidInput):
            CardValue.parse(text)


class TestMenuValue:
    @pytest.mark.parametrize("choice", MenuChoice)
    def test_comes_back_as_it_went_out(self, choice: MenuChoice) -> None:
        value = MenuValue(choice, CONVERSATION)

        assert MenuValue.parse(str(value)) == value
        assert len(str(value)) <= 75

    @pytest.mark.parametrize("text", [*FORGED, f"explode/{CONVERSATION}"])
    def test_a_forged_one_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidInput):
            MenuValue.parse(text)


@pytest.mark.parametrize("text", FORGED)
def test_a_forged_placement_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_placement(text)
