"""Shortcuts on messages and mentions of the app, in the thread of a card."""

import json
from datetime import UTC
from typing import Any

import pytest

from app.feed.ids import ActionId
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually


async def window(door: SlackDoor, user: str = "Ana") -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        views = door.slack.views(user)
        return views[-1] if views and len(views[-1]["blocks"]) > 1 else None

    found: dict[str, Any] = await eventually(look)
    return found


async def say(door: SlackDoor, text: str, thread_ts: str | None, user: str = "Ana") -> str:
    """Mention the app; answers what only the author is told."""
    before = len(door.slack.ephemerals(user, "support"))
    door.slack.post_as_user(user, "support", f"@sharedbox {text}", thread_ts=thread_ts)

    async def told() -> str:
        new = [one["text"] for one in door.slack.ephemerals(user, "support")[before:]]
        return next((one for one in new if "stays internal" not in one), "")

    return str(await eventually(told))


class TestShortcuts:
    @pytest.mark.both_ways
    async def test_a_note_becomes_the_beginning_of_an_answer(self, door: SlackDoor) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            account = await uow.accounts.get(door.feed.account_id)
            account.smtp_host, account.smtp_port = "smtp.example.com", 465
            account.smtp_security = "tls"
        ts = await door.card("Invoice")
        note = door.slack.post_as_user("Ben", "support", "We & you agree", thread_ts=ts)

        outcome = await door.slack.use_message_shortcut("Ana", "support", note, "reply_email")

        assert outcome.ok
        assert "We & you agree" in json.dumps(await window(door), ensure_ascii=False)

    async def test_the_first_note_can_be_sent_after_all(self, door: SlackDoor) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            account = await uow.accounts.get(door.feed.account_id)
            account.smtp_host, account.smtp_port = "smtp.example.com", 465
            account.smtp_security = "tls"
        ts = await door.card("Invoice")
        note = door.slack.post_as_user("Ana", "support", "We & you agree", thread_ts=ts)
        assert "stays internal" in await door.told("Ana")
        hint = door.slack.ephemerals("Ana", "support")[-1]
        button = hint["blocks"][1]["elements"][0]

        answer = await door.interaction(door.click(ts, button["action_id"], button["value"], "Ana"))

        assert answer.status_code == 200
        assert button["text"]["text"] == "Send as e-mail"
        assert button["value"].endswith(f"/{note}")
        assert "We & you agree" in json.dumps(await window(door), ensure_ascii=False)

    async def test_assign_to_me_takes_the_conversation(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        assert (await door.slack.use_message_shortcut("Ben", "support", ts, "assign_me")).ok

        assert (await door.conversation("Invoice")).assignee_id is not None

    async def test_file_under_asks_for_the_folder(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        assert (await door.slack.use_message_shortcut("Ben", "support", ts, "file_under")).ok

        async def opened() -> bool:
            return any(one["callback_id"] == "move" for one in door.slack.views("Ben"))

        await eventually(opened)

    async def test_on_what_is_no_mail_say_so(self, door: SlackDoor) -> None:
        await door.card("Invoice")
        ts = door.slack.post_as_user("Ana", "support", "Lunch?")

        await door.slack.use_message_shortcut("Ana", "support", ts, "assign_me")

        assert "belongs to no mail" in await door.told("Ana")

    async def test_of_guests_are_refused(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        door.slack.change_person("Ben", guest=True)

        await door.slack.use_message_shortcut("Ben", "support", ts, "assign_me")

        assert "Guests can read" in await door.told("Ben")
        assert (await door.conversation("Invoice")).assignee_id is None


class TestMentions:
    @pytest.mark.both_ways
    async def test_do_what_the_buttons_do(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        assert await say(door, "assign @ben", ts) == "Assigned."
        assert await say(door, "snooze tomorrow", ts) == "It sleeps."
        assert (await door.conversation("Invoice")).is_snoozed
        assert await say(door, "wake", ts) == "It is awake."
        assert await say(door, "done", ts) == "Done."
        assert await say(door, "reopen", ts) == "Reopened."
        assert [str(one.type) for one in await door.commands("Invoice")] == [
            "assign", "snooze", "wake", "done", "reopen",
        ]  # fmt: skip

    async def test_of_somebody_whose_time_zone_nobody_knows_go_by_utc(
        self, door: SlackDoor
    ) -> None:
        ts = await door.card("Invoice")
        door.slack.emulator.workspace.person("Ana").time_zone = "Mars/Crater"

        assert await say(door, "snooze tomorrow", ts) == "It sleeps."

        until = (await door.conversation("Invoice")).snoozed_until
        assert until is not None
        assert until.astimezone(UTC).hour == 9

    async def test_that_are_no_command_are_answered_with_what_there_is(
        self, door: SlackDoor
    ) -> None:
        ts = await door.card("Invoice")

        for text, where in (("dance", ts), ("done", None)):
            assert "I understand" in await say(door, text, where)
        assert "To whom?" in await say(door, "assign somebody", ts)
        assert "Until when?" in await say(door, "snooze for ever", ts)
        assert await door.commands("Invoice") == []

    async def test_of_who_may_only_look_change_nothing(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        door.slack.change_person("Ben", guest=True)

        assert "Guests can read" in await say(door, "done", ts, "Ben")
        assert (await door.conversation("Invoice")).status == "open"

    async def test_by_whoever_is_second_say_who_was_first(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await door.slack.click("Ana", "support", ts, ActionId.DONE)

        told = await say(door, "done", ts, "Ben")

        assert "Ana" in told or door.slack.users["Ana"] in told
