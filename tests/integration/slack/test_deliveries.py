"""Slack delivers at least once, in any order, now and then late: each thing happens once."""

import asyncio
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text

from app.feed.channels import set_emoji_actions
from app.jobs.scheduler import _KEEP_REQUESTS
from app.store.models import Note
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually

SAID: Final = "1772442000.000100"
"""When something was typed, by Slack."""


def mention(door: SlackDoor, ts: str, words: str) -> dict[str, Any]:
    return {
        "type": "app_mention", "channel": door.feed.channel, "user": door.slack.users["Ben"],
        "text": f"<@{door.slack.bot_user_id}> {words}", "ts": SAID, "thread_ts": ts,
    }  # fmt: skip


def typed(door: SlackDoor, ts: str, words: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "message", "channel": door.feed.channel, "user": door.slack.users["Ben"],
        "text": words, "ts": SAID, "thread_ts": ts, **more,
    }  # fmt: skip


def edited(door: SlackDoor, ts: str, words: str, at: str) -> dict[str, Any]:
    """An event (docs.slack.dev/reference/events/message/message_changed)."""
    message = typed(door, ts, words, edited={"user": door.slack.users["Ben"], "ts": at})
    return {
        "type": "message", "subtype": "message_changed", "channel": door.feed.channel,
        "hidden": True, "ts": at, "message": message,
    }  # fmt: skip


def reaction(door: SlackDoor, ts: str, at: str, *, added: bool) -> dict[str, Any]:
    return {
        "type": "reaction_added" if added else "reaction_removed",
        "user": door.slack.users["Ben"], "reaction": "eyes", "event_ts": at,
        "item": {"type": "message", "channel": door.feed.channel, "ts": ts},
    }  # fmt: skip


async def hear(door: SlackDoor, event: dict[str, Any], **how: Any) -> None:
    assert (await door.event(event, **how)).status_code == 200


async def wishes(door: SlackDoor) -> list[str]:
    return [str(one.type) for one in await door.commands("Invoice")]


async def until_wished(door: SlackDoor, *expected: str) -> None:
    async def look() -> bool:
        return await wishes(door) == list(expected)

    await eventually(look)


async def notes(door: SlackDoor) -> list[Note]:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return list(await uow.notes.of_conversation(door.id_of("Invoice")))


async def until_later(door: SlackDoor, ts: str) -> None:
    """Once what was delivered before has surely come through."""
    door.slack.post_as_user("Ana", "support", "Later.", ts)

    async def look() -> bool:
        return any(one.text == "Later." for one in await notes(door))

    await eventually(look)


async def pass_time(door: SlackDoor, by: timedelta) -> None:
    """As if so much time had passed, with everything that is forgotten in it."""
    async with door.store.begin(door.feed.workspace.id) as uow:
        connection = await uow.session.connection()
        await connection.execute(
            text("UPDATE slack_requests SET seen_at = seen_at - make_interval(secs => :secs)"),
            {"secs": by.total_seconds()},
        )
    async with door.store.across_workspaces() as fleet:
        await fleet.forget_old(requests=_KEEP_REQUESTS, answers=timedelta(days=1))


class TestAnEvent:
    @pytest.mark.parametrize("seconds", [0, 61, 301])
    async def test_that_comes_once_more_later_acts_once(
        self, door: SlackDoor, seconds: int
    ) -> None:
        ts = await door.card("Invoice")
        event = mention(door, ts, "done")
        await hear(door, event, event_id="Ev1")
        await until_wished(door, "done")
        await door.draw()
        await door.slack.click("Ana", "support", ts, "conversation.reopen")
        await until_wished(door, "done", "reopen")
        await pass_time(door, timedelta(seconds=seconds))

        await hear(door, event, event_id="Ev1")
        await until_later(door, ts)

        assert await wishes(door) == ["done", "reopen"]
        assert (await door.conversation("Invoice")).status == "open"

    async def test_that_comes_as_a_retry_only_is_not_dropped(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        retry = {"X-Slack-Retry-Num": "3", "X-Slack-Retry-Reason": "http_timeout"}

        await hear(door, mention(door, ts, "done"), headers=retry)

        await until_wished(door, "done")


class TestWhatOvertakes:
    async def test_an_edit_before_the_one_before_it(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await hear(door, typed(door, ts, "One."))

        await hear(door, edited(door, ts, "Three.", "1772442007.000100"))
        await hear(door, edited(door, ts, "Two.", "1772442006.000100"))
        await until_later(door, ts)

        assert [one.text for one in await notes(door)] == ["Three.", "Later."]

    async def test_an_emoji_that_was_taken_away_before_we_heard_of_it(
        self, door: SlackDoor
    ) -> None:
        ts = await door.card("Invoice")
        async with door.store.begin(door.feed.workspace.id) as uow:
            await set_emoji_actions(uow, door.feed.channel, on=True)

        await hear(door, reaction(door, ts, "1772442006.000100", added=False))
        await hear(door, reaction(door, ts, "1772442005.000100", added=True))
        await until_later(door, ts)
        assert await wishes(door) == []

        await hear(door, reaction(door, ts, "1772442007.000100", added=True))
        await until_wished(door, "assign")


class TestAClick:
    async def test_delivered_many_times_at_once_acts_once(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        payload = door.click(ts, "conversation.done", door.value("Invoice"))

        answers = await asyncio.gather(*(door.interaction(payload) for _ in range(5)))

        assert {one.status_code for one in answers} == {200}
        assert await wishes(door) == ["done"]
        assert door.slack.ephemerals("Ana", "support") == []
