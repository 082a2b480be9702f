"""Assigning to somebody else, handing over, and tags, by really signed deliveries."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from app.core.ids import ChannelId, SlackUserId
from app.feed.deliver import drain
from app.jobs.telling import tell
from app.sandbox.slack.faults import FaultKind
from app.store.models import CommandType
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually, text_of


async def window(door: SlackDoor, ts: str, action: str, user: str = "Ana") -> None:
    """Open an entry of “More actions…”."""
    await door.slack.choose_overflow(user, "support", ts, "More actions…")
    await eventually(lambda: asyncio.sleep(0, door.slack.views(user)))
    assert (await door.slack.submit_view(user, {"more.action": action})).ok


async def give(door: SlackDoor, ts: str, to: str, note: str = "", by: str = "Ana") -> None:
    await window(door, ts, "assign", by)
    answers = {"assign.who": door.slack.users[to], "assign.note": note}
    assert (await door.slack.submit_view(by, answers)).ok


async def told(door: SlackDoor) -> None:
    """Do the job that the last assignment left."""
    command = (await door.commands("Invoice"))[-1]
    await tell(door.feed.feeding, door.feed.workspace.id, command.id)


async def direct(door: SlackDoor, user: str) -> list[dict[str, Any]]:
    """What the app wrote to this person."""
    room = door.slack.emulator.workspace.direct_channel(door.slack.users[user])
    await drain(door.feed.feeding, door.feed.workspace.id, ChannelId(room.id))
    return [dict(message.shown) for message in room.messages.values()]


class TestAssigning:
    async def test_to_somebody_tells_them_with_the_card_and_the_note(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        await give(door, ts, "Ben", "You know her.\n<!channel>")
        await told(door)
        await told(door)

        (message,) = await direct(door, "Ben")
        shown = text_of(message)
        assert f"<@{door.slack.users['Ana']}> assigned this to you" in shown
        assert "You know her." in shown
        assert "/archives/" in shown
        assert "<!channel>" not in shown
        await door.draw()
        assert f"🔵 <@{door.slack.users['Ben']}>" in text_of(door.slack.message("support", ts))
        (line,) = door.slack.replies("support", ts)
        assert "*ana* assigned this to *ben*" in text_of(line)
        async with door.store.begin(door.feed.workspace.id) as uow:
            (note,) = await uow.notes.of_conversation(door.id_of("Invoice"))
        assert note.text == "You know her.\n<!channel>"

    async def test_to_oneself_is_silent(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        await give(door, ts, "Ana")

        async with door.store.begin(door.feed.workspace.id) as uow:
            jobs = await uow.session.exec(waiting_jobs())  # type: ignore[call-overload]
        assert "team.tell" not in {row[0] for row in jobs}

    async def test_that_is_undone_before_it_is_told_is_not_told(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await give(door, ts, "Ben")
        await door.draw()
        await door.slack.click("Ana", "support", ts, "conversation.undo")

        await told(door)

        assert await direct(door, "Ben") == []
        assert (await door.conversation("Invoice")).assignee_id is None

    async def test_while_slack_does_not_answer_is_told_later(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await give(door, ts, "Ben")
        door.slack.fail_next("conversations.open", FaultKind.RATE_LIMITED, seconds=1)

        await told(door)
        assert await direct(door, "Ben") == []
        await told(door)

        assert len(await direct(door, "Ben")) == 1

    @pytest.mark.both_ways
    async def test_handing_over_is_a_button_once_somebody_has_it(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await door.slack.click("Ana", "support", ts, "conversation.assign_me")
        await door.draw()
        outcome = await door.interaction(
            door.click(ts, "conversation.hand_over", door.value("Invoice"))
        )
        assert outcome.status_code == 200
        await eventually(lambda: asyncio.sleep(0, door.slack.views("Ana")))
        await door.slack.submit_view("Ana", {"assign.who": door.slack.users["Chidi"]})

        async with door.store.begin(door.feed.workspace.id) as uow:
            chidi = await uow.teammates.by_slack_user(
                SlackUserId(door.slack.users["Chidi"]), "chidi"
            )
        assert (await door.conversation("Invoice")).assignee_id == chidi.id


def waiting_jobs() -> object:
    return text("SELECT task_name FROM procrastinate_jobs WHERE status = 'todo'")


class TestTags:
    @pytest.mark.both_ways
    async def test_are_chosen_and_made_and_taken_back(self, door: SlackDoor) -> None:
        await door.card("Other")
        async with door.store.begin(door.feed.workspace.id) as uow:
            (await uow.conversations.lock(door.id_of("Other"))).tags = ["refund", "vip"]
        ts = await door.card("Invoice")

        await window(door, ts, "tags")
        answers = {"tags.chosen": ["refund"], "tags.new": " urgent ,Refund, <!here>"}
        assert (await door.slack.submit_view("Ana", answers)).ok

        assert (await door.conversation("Invoice")).tags == ["refund", "urgent", "<!here>"]
        await door.draw()
        shown = text_of(door.slack.message("support", ts))
        assert "🏷 refund, urgent, &lt;!here&gt;" in shown
        assert [one.type for one in await door.commands("Invoice")] == [CommandType.TAG]
        assert (await door.slack.click("Ana", "support", ts, "conversation.undo")).ok
        assert (await door.conversation("Invoice")).tags == []

    async def test_that_are_too_long_stand_at_the_field(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await window(door, ts, "tags")

        outcome = await door.slack.submit_view("Ana", {"tags.new": "x" * 61})

        assert "60 characters" in outcome.errors["tags.new"]
