"""Snooze and Wake now, by really signed deliveries, and waking when the time has come."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.commands.snooze import wake_due
from app.sandbox.slack.faults import FaultKind
from app.store.models import CommandState, CommandType
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually, text_of


async def window(door: SlackDoor, ts: str, user: str = "Ana") -> None:
    """Press Snooze and wait until the window is filled in."""
    assert (await door.slack.click(user, "support", ts, "conversation.snooze")).ok

    async def filled() -> bool:
        views = door.slack.views(user)
        return bool(views) and len(views[-1]["blocks"]) > 1

    await eventually(filled)


class TestSnooze:
    @pytest.mark.both_ways
    async def test_until_they_reply_shows_on_the_card_and_wake_now_ends_it(
        self, door: SlackDoor
    ) -> None:
        ts = await door.card("Invoice")
        await window(door, ts)

        assert (await door.slack.submit_view("Ana", {"snooze.until": "reply"})).ok

        await door.draw()
        assert "💤 Snoozed until they reply" in text_of(door.slack.message("support", ts))
        assert (await door.slack.click("Ben", "support", ts, "conversation.wake")).ok
        assert not (await door.conversation("Invoice")).is_snoozed
        commands = await door.commands("Invoice")
        assert [one.type for one in commands] == [CommandType.SNOOZE, CommandType.WAKE]
        assert {one.state for one in commands} == {CommandState.DONE}

    async def test_undo_of_waking_lets_it_sleep_on(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await window(door, ts)
        await door.slack.submit_view("Ana", {"snooze.until": "1h"})
        until = (await door.conversation("Invoice")).snoozed_until
        await door.draw()
        await door.slack.click("Ana", "support", ts, "conversation.wake")
        await door.draw()

        assert (await door.slack.click("Ana", "support", ts, "conversation.undo")).ok

        assert until is not None
        assert (await door.conversation("Invoice")).snoozed_until == until

    async def test_offers_the_clock_of_whoever_asks(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        await window(door, ts, "Dana")

        options = door.slack.views("Dana")[-1]["blocks"][0]["element"]["options"]
        tomorrow = next(one for one in options if one["text"]["text"].startswith("Tomorrow"))
        there = datetime.fromtimestamp(int(tomorrow["value"]), UTC) + timedelta(hours=9)
        assert (there.hour, there.minute) == (9, 0)
        async with door.store.begin(door.feed.workspace.id) as uow:
            dana = await uow.teammates.by_slack_user(door.slack.users["Dana"], "dana")  # type: ignore[arg-type]
        assert dana.time_zone == "Asia/Tokyo"

    async def test_speaks_of_utc_where_slack_does_not_tell(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await door.slack.click("Ana", "support", ts, "conversation.assign_me")
        door.slack.fail_next("users.info", FaultKind.ERROR, error="ratelimited")

        await window(door, ts)

        assert "in UTC" in text_of(door.slack.views("Ana")[-1])

    async def test_until_a_moment_that_has_passed_stands_at_the_field(
        self, door: SlackDoor
    ) -> None:
        ts = await door.card("Invoice")
        await window(door, ts)

        outcome = await door.slack.submit_view(
            "Ana", {"snooze.until": "pick", "snooze.moment": 1_700_000_000}
        )

        assert "has passed" in outcome.errors["snooze.until"]
        assert not (await door.conversation("Invoice")).is_snoozed

    async def test_of_what_somebody_else_closed_says_so(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await window(door, ts)
        await door.slack.click("Ben", "support", ts, "conversation.done")

        await door.slack.submit_view("Ana", {"snooze.until": "1h"})

        assert "marked this as done" in text_of(door.slack.views("Ana")[-1])


class TestWaking:
    async def test_happens_once_however_many_workers_look(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        now = datetime.now(UTC)
        async with door.store.begin(door.feed.workspace.id) as uow:
            conversation = await uow.conversations.lock(door.id_of("Invoice"))
            conversation.snoozed_until = now - timedelta(seconds=1)

        async def look() -> int:
            async with door.store.across_workspaces() as fleet:
                due = await fleet.sleepers_due(now)
            woken = 0
            for workspace_id, ids in due.items():
                async with door.store.begin(workspace_id) as uow:
                    woken += await wake_due(uow, ids, now=now)
            return woken

        assert sum(await asyncio.gather(*(look() for _ in range(5)))) == 1

        types = [event.type for event in await door.events()]
        assert types.count("conversation.woke") == 1
        await door.draw()
        assert "💤" not in text_of(door.slack.message("support", ts))

    async def test_not_before_the_time_has_come(self, door: SlackDoor) -> None:
        await door.card("Invoice")
        now = datetime.now(UTC)
        async with door.store.begin(door.feed.workspace.id) as uow:
            conversation = await uow.conversations.lock(door.id_of("Invoice"))
            conversation.snoozed_until = now + timedelta(minutes=1)

        async with door.store.across_workspaces() as fleet:
            assert await fleet.sleepers_due(now) == {}
        async with door.store.begin(door.feed.workspace.id) as uow:
            assert await wake_due(uow, [door.id_of("Invoice")], now=now) == 0
        assert (await door.conversation("Invoice")).is_snoozed
