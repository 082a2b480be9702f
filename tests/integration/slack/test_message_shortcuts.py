"""Shortcuts on any message, and the one that finds mail from anywhere, by signed deliveries."""

import json
from typing import Any

import pytest

from app.core.access import Role
from app.core.ids import SlackUserId
from app.store.models import Note
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually, text_of
from tests.integration.slack.test_merge import option
from tests.integration.slack.test_threads import window


async def notes(door: SlackDoor, subject: str) -> list[Note]:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return list(await uow.notes.of_conversation(door.id_of(subject)))


async def asked(door: SlackDoor, ts: str, user: str = "Ana") -> dict[str, Any]:
    """The window of *Add to conversation…* on this message."""
    outcome = await door.slack.use_message_shortcut(user, "support", ts, "add_to_conversation")
    assert outcome.ok, outcome
    return await window(door, user)


class TestAddToConversation:
    @pytest.mark.both_ways
    async def test_keeps_a_message_as_a_note_with_who_wrote_it_and_where(
        self, door: SlackDoor
    ) -> None:
        card = await door.card("Invoice")
        ts = door.slack.post_as_user("Ben", "support", "They called & want a refund")
        async with door.store.begin(door.feed.workspace.id) as uow:
            await uow.teammates.by_slack_user(SlackUserId(door.slack.users["Ben"]), "Ben")
        view = await asked(door, ts)

        offered = view["blocks"][1]["element"]["initial_value"]
        outcome = await door.slack.submit_view(
            "Ana", {"add.to": option(door, "Invoice"), "add.text": offered}
        )
        await door.draw()

        assert outcome.ok, outcome
        assert offered == "Ben in #support:\nThey called & want a refund"
        (note,) = await notes(door, "Invoice")
        assert note.text == offered
        (line,) = door.slack.replies("support", card)
        assert "They called &amp; want a refund" in text_of(line)

    async def test_with_nothing_to_say_is_refused_at_the_field(self, door: SlackDoor) -> None:
        await door.card("Invoice")
        await asked(door, door.slack.post_as_user("Ben", "support", "Hello"))

        outcome = await door.slack.submit_view(
            "Ana", {"add.to": option(door, "Invoice"), "add.text": "  "}
        )

        assert "nothing in it" in outcome.errors["add.text"]
        assert await notes(door, "Invoice") == []

    async def test_to_mail_of_a_channel_one_is_not_in_is_refused(self, door: SlackDoor) -> None:
        await door.card("Invoice")
        door.slack.remove_user("Chidi", "support")
        typed = {
            "add.to": {"add.to": {
                "type": "external_select",
                "selected_option": {"value": str(door.id_of("Invoice"))},
            }},
            "add.text": {"add.text": {"type": "plain_text_input", "value": "Hello"}},
        }  # fmt: skip

        answer = await door.interaction(door.submission("add_to_conversation", "", typed, "Chidi"))

        assert "not in the channel" in answer.text
        assert await notes(door, "Invoice") == []


class TestCreateEmail:
    @pytest.mark.both_ways
    async def test_begins_a_new_mail_with_what_stands_there(self, door: SlackDoor) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            account = await uow.accounts.get(door.feed.account_id)
            account.smtp_host, account.smtp_port = "smtp.example.com", 465
            account.smtp_security = "tls"
        await door.card("Invoice")
        ts = door.slack.post_as_user("Ben", "support", "Doors open at 9 & close at 5")

        outcome = await door.slack.use_message_shortcut("Ana", "support", ts, "email_from_message")

        assert outcome.ok
        shown = json.dumps(await window(door), ensure_ascii=False)
        assert "Doors open at 9 & close at 5" in shown


class TestFindMail:
    async def test_finds_from_anywhere_even_for_who_may_only_look(self, door: SlackDoor) -> None:
        await door.card("Invoice")
        async with door.store.begin(door.feed.workspace.id) as uow:
            ana = await uow.teammates.by_slack_user(SlackUserId(door.slack.users["Ana"]), "ana")
            ana.role = Role.VIEWER

        assert (await door.slack.use_shortcut("Ana", "find_mail")).ok

        async def opened() -> bool:
            return any(one["callback_id"] == "find" for one in door.slack.views("Ana"))

        await eventually(opened)
        assert (await door.slack.submit_view("Ana", {"find.words": "invoice"})).ok

        async def found() -> bool:
            return any("|Invoice>" in text_of(one) for one in door.slack.views("Ana"))

        await eventually(found)
