"""What a delivery names, and whether it only asks to look."""

import json
from typing import Any
from uuid import UUID

import pytest

from app.core.ids import CommandId, ConversationId, new_id
from app.feed.ids import ActionId, CardValue, MenuChoice, MenuValue
from app.slack.ids import FieldId, Memory, ViewId
from app.slack.subjects import MOST_IDS, ids_in, only_looks
from app.slack.views.more import MoreAction

ONE = UUID("01a21ac5-7467-744d-9729-e10d8fe6e0a6")
TWO = UUID("01a21ac5-7467-744d-9729-e10d8fe6e0a7")
"""The same for every process of the tests, which have to collect the same ones."""


def click(action_id: str, **element: Any) -> dict[str, Any]:
    return {"type": "block_actions", "actions": [{"action_id": action_id, **element}]}


def entry(action: str, callback_id: str = ViewId.MORE) -> dict[str, Any]:
    state = {FieldId.ACTION: {FieldId.ACTION: {"selected_option": {"value": action}}}}
    return {
        "type": "view_submission",
        "view": {"callback_id": callback_id, "state": {"values": state}},
    }


class TestIds:
    def test_of_a_delivery_without_any(self) -> None:
        for body in ({}, {"view": None}, click("x"), {"actions": [{"value": "0" * 2000}]}):
            assert ids_in(body) == frozenset()

    def test_in_the_value_of_a_button_and_of_a_menu(self) -> None:
        button = click(
            "x", type="button", value=str(CardValue(ConversationId(ONE), CommandId(TWO)))
        )
        menu = click(
            "x", selected_option={"value": str(MenuValue(MenuChoice.MOVE, ConversationId(ONE)))}
        )

        assert ids_in(button) == {ONE, TWO}
        assert ids_in(menu) == {ONE}

    def test_in_what_a_window_remembers_and_in_what_was_chosen_there(self) -> None:
        memory = Memory(conversation_id=ConversationId(ONE)).model_dump_json()
        values = {"b": {"a": {"type": "external_select", "selected_option": {"value": str(TWO)}}}}

        assert ids_in({"view": {"private_metadata": memory, "state": {"values": values}}}) == {
            ONE,
            TWO,
        }

    @pytest.mark.parametrize(
        "written", [ONE.hex, ONE.hex.upper(), f"{{{ONE}}}", f"urn:uuid:{ONE}", f"x/{ONE}/y"]
    )
    def test_in_every_way_that_is_read_as_one(self, written: str) -> None:
        assert ids_in(click("x", type="button", value=written)) == {ONE}

    def test_in_what_somebody_typed_are_none(self) -> None:
        typed = {"b": {"a": {"type": "plain_text_input", "value": str(ONE)}}}

        assert ids_in({"view": {"state": {"values": typed}}, "value": str(TWO)}) == frozenset()

    def test_are_bounded(self) -> None:
        many = {"view": {"private_metadata": json.dumps([str(new_id()) for _ in range(500)])}}

        assert len(ids_in(many)) == MOST_IDS


class TestLooking:
    @pytest.mark.parametrize(
        "body",
        [
            {"command": "/inbox", "text": ""},
            {"command": "/inbox", "text": " Search invoice"},
            {"type": "block_suggestion"},
            click("home.refresh"),
            click("mail.page.on"),
            click("mail.in_browser"),
            click(ActionId.READ),
            click(ActionId.MENU, selected_option={"value": f"more/{ONE}"}),
            entry(MoreAction.FULL_MAIL),
            entry(MoreAction.WHY),
            entry(MoreAction.LINK),
        ],
    )
    def test_is_seen(self, body: dict[str, Any]) -> None:
        assert only_looks(body)

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"command": "/inbox", "text": "compose"},
            {"command": "/inbox", "text": "here"},
            {"type": "shortcut"},
            {"type": "message_action"},
            {"type": "block_actions"},
            {"type": "block_actions", "actions": [{"action_id": "home.open"}, {"action_id": "x"}]},
            click(ActionId.MENU, selected_option={"value": f"delete/{ONE}"}),
            entry(MoreAction.FLAG),
            entry(MoreAction.WHY, callback_id="another"),
            *(click(one) for one in ActionId if one is not ActionId.READ),
        ],
    )
    def test_is_not_what_changes_something(self, body: dict[str, Any]) -> None:
        assert not only_looks(body)
