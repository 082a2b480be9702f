"""Two people at the same card, one click apart: one wins, the other is told who and when."""

import asyncio
from functools import partial

import pytest

from app.store.models import CommandState, CommandType
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import text_of


def is_drawn(door: SlackDoor, user: str) -> bool:
    """Whether the window that was opened can be submitted by now."""
    return any("submit" in view for view in door.slack.views(user))


async def click(door: SlackDoor, user: str, ts: str, action: str) -> None:
    outcome = await door.slack.click(user, "support", ts, f"conversation.{action}")
    assert outcome.ok, outcome


async def choose(door: SlackDoor, user: str, ts: str, option: str) -> None:
    outcome = await door.slack.choose_overflow(user, "support", ts, option)
    assert outcome.ok, outcome


class TestAssignToMe:
    async def test_the_first_has_it_and_the_second_is_told(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        await click(door, "Ana", ts, "assign_me")
        await click(door, "Ben", ts, "assign_me")

        told = await door.told("Ben")
        assert told.startswith(f"<@{door.slack.users['Ana']}> took this <!date^")
        assert told.endswith("Nothing was changed.")
        await door.draw()
        shown = text_of(door.slack.message("support", ts))
        assert f"🔵 <@{door.slack.users['Ana']}>" in shown
        assert len(await door.commands("Invoice")) == 1

    async def test_at_the_very_same_moment(self, door: SlackDoor) -> None:
        ts, people = await door.card("Invoice"), ("Ana", "Ben", "Chidi", "Dana")

        await asyncio.gather(*(click(door, user, ts, "assign_me") for user in people))

        (command,) = await door.commands("Invoice")
        conversation = await door.conversation("Invoice")
        assert conversation.assignee_id == command.requested_by_id
        async with door.store.begin(door.feed.workspace.id) as uow:
            mates = await uow.teammates.page(after=None, limit=10)
        winner = next(one for one in mates if one.id == conversation.assignee_id)
        for user in people:
            if door.slack.users[user] != winner.slack_user_id:
                assert f"<@{winner.slack_user_id}> took this" in await door.told(user)

    async def test_twice_by_the_same_person_is_once(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        for _ in range(2):
            await click(door, "Ana", ts, "assign_me")

        assert len(await door.commands("Invoice")) == 1
        assert door.slack.ephemerals("Ana", "support") == []


class TestDone:
    async def test_twice(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        await click(door, "Ana", ts, "done")
        await click(door, "Ben", ts, "done")

        assert "marked this as done <!date^" in await door.told("Ben")
        assert len(await door.commands("Invoice")) == 1

    async def test_reopened_twice(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await click(door, "Ana", ts, "done")
        await door.draw()

        await click(door, "Ben", ts, "reopen")
        await click(door, "Ana", ts, "reopen")

        assert f"<@{door.slack.users['Ben']}> reopened this" in await door.told("Ana")

    @pytest.mark.parametrize("settled", [False, True])
    async def test_after_somebody_else_archived(self, door: SlackDoor, settled: bool) -> None:
        ts = await door.card("Invoice")
        await choose(door, "Ana", ts, "Archive")
        if settled:
            await carried_out(door, "Invoice", "archive")

        await click(door, "Ben", ts, "done")

        words = "archived this" if settled else "is archiving this"
        assert f"<@{door.slack.users['Ana']}> {words}" in await door.told("Ben")
        assert (await door.conversation("Invoice")).status == "open"

    async def test_and_archiving_after_it_both_happen(self, door: SlackDoor) -> None:
        """Filing what somebody closed takes nothing back."""
        ts = await door.card("Invoice")

        await click(door, "Ana", ts, "done")
        await choose(door, "Ben", ts, "Archive")

        assert [one.type for one in await door.commands("Invoice")] == ["done", "archive"]
        assert door.slack.ephemerals("Ben", "support") == []

    async def test_once_a_new_mail_came_the_old_archiving_is_no_reason(
        self, door: SlackDoor
    ) -> None:
        ts = await door.card("Invoice")
        await choose(door, "Ana", ts, "Archive")
        await carried_out(door, "Invoice", "archive")
        await door.feed.mail("Re: Invoice", "Invoice")
        await door.draw()

        await click(door, "Ben", ts, "done")

        assert (await door.conversation("Invoice")).status == "done"


class TestSnooze:
    async def test_in_two_windows_the_first_has_it_and_the_second_is_told(
        self, door: SlackDoor
    ) -> None:
        ts = await door.card("Invoice")
        for user in ("Ana", "Ben"):
            await click(door, user, ts, "snooze")
            await door.slack.wait_for(partial(is_drawn, door, user))

        await door.slack.submit_view("Ana", {"snooze.until": "1h"})
        await door.slack.submit_view("Ben", {"snooze.until": "reply"})

        (view,) = door.slack.views("Ben")
        assert f"<@{door.slack.users['Ana']}> snoozed this" in text_of(view)
        conversation = await door.conversation("Invoice")
        assert conversation.snoozed_until is not None
        assert not conversation.snoozed_until_reply
        assert len(await door.commands("Invoice")) == 1


class TestPuttingAway:
    async def test_archive_twice(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        await choose(door, "Ana", ts, "Archive")
        await choose(door, "Ben", ts, "Archive")

        assert "is archiving this <!date^" in await door.told("Ben")
        assert len(await door.commands("Invoice")) == 1

    async def test_archive_twice_by_the_same_person_is_once(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        for _ in range(2):
            await choose(door, "Ana", ts, "Archive")

        assert len(await door.commands("Invoice")) == 1
        assert door.slack.ephemerals("Ana", "support") == []

    async def test_archive_after_somebody_else_threw_it_away(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await door.slack.choose_overflow("Ana", "support", ts, "Delete")
        await door.slack.wait_for(lambda: door.slack.views("Ana"))
        await door.slack.submit_view("Ana")
        await carried_out(door, "Invoice", "trash")

        await choose(door, "Ben", ts, "Archive")

        assert "moved this to Trash" in await door.told("Ben")
        assert len(await door.commands("Invoice")) == 1

    async def test_delete_in_an_open_window_after_somebody_else_archived(
        self, door: SlackDoor
    ) -> None:
        ts = await door.card("Invoice")
        await door.slack.choose_overflow("Ben", "support", ts, "Delete")
        await door.slack.wait_for(lambda: door.slack.views("Ben"))
        await choose(door, "Ana", ts, "Archive")

        await door.slack.submit_view("Ben")

        (view,) = door.slack.views("Ben")
        assert view["title"]["text"] == "Not done"
        assert f"<@{door.slack.users['Ana']}> is archiving this" in text_of(view)
        assert len(await door.commands("Invoice")) == 1


async def carried_out(door: SlackDoor, subject: str, role: str) -> None:
    """As if a worker had moved the mails: the command is done, and they lie there."""
    (command,) = await door.commands(subject)
    async with door.store.begin(door.feed.workspace.id) as uow:
        row = await uow.commands.lock(command.id)
        row.state, row.settled_at = CommandState.DONE, row.created_at
        folder = await uow.mailboxes.named(door.feed.account_id, role.title())
        folder.role, folder.uidvalidity = role, 1
        for placement, _ in await uow.ledger.live_of_conversation(door.id_of(subject)):
            placement.mailbox_id = folder.id
    assert command.type in {CommandType.ARCHIVE, CommandType.DELETE}
