"""An event is acknowledged once its effect is committed; otherwise Slack sends it again."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
from sqlalchemy import text

from app.core.ids import new_id
from tests.fixtures.slack_door import IMPATIENT_SECONDS, SlackDoor
from tests.fixtures.stack import eventually

_POISON = (
    """
    CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'nobody foresaw this'; END $$
    """,
    """
    CREATE TRIGGER poison BEFORE INSERT ON notes FOR EACH ROW
    WHEN (NEW.text = 'Poison.') EXECUTE FUNCTION poison()
    """,
)


@asynccontextmanager
async def poisoned(door: SlackDoor) -> AsyncIterator[None]:
    """While it lasts, the database refuses a note that says “Poison.”."""
    async with door.store.begin(door.feed.workspace.id) as uow:
        for statement in _POISON:
            await uow.session.exec(text(statement))  # type: ignore[call-overload]
    yield
    async with door.store.begin(door.feed.workspace.id) as uow:
        await uow.session.exec(text("DROP FUNCTION poison CASCADE"))  # type: ignore[call-overload]


async def notes(door: SlackDoor) -> list[str]:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return [one.text for one in await uow.notes.of_conversation(door.id_of("Invoice"))]


def typed(door: SlackDoor, ts: str, said: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "message", "channel": door.feed.channel, "user": door.slack.users["Ben"],
        "text": said, "ts": "1772442000.000100", "thread_ts": ts, **more,
    }  # fmt: skip


class TestAnEventThatComesToNothing:
    @pytest.mark.both_ways
    async def test_is_not_acknowledged_comes_again_and_holds_up_no_other(
        self, door: SlackDoor
    ) -> None:
        ts = await door.card("Invoice")
        async with poisoned(door):
            door.slack_waits(IMPATIENT_SECONDS)  # over a socket, nothing is said at all
            door.slack.post_as_user("Ben", "support", "Poison.", ts)
            (told,) = [one for one in door.slack.deliveries if "Poison." in str(one.sent)]

            async def tried_again() -> bool:
                return told.attempts > 1 and not told.delivered

            await eventually(tried_again)
            door.slack_waits()
            door.slack.post_as_user("Ben", "support", "Bread.", ts)

            async def taken() -> bool:
                return await notes(door) == ["Bread."]

            await eventually(taken)

        await door.slack.until_delivered()

        assert told.delivered
        assert sorted(await notes(door)) == ["Bread.", "Poison."]
        assert [event.type for event in await door.events()].count("note.added") == 2

    async def test_is_answered_500_and_counted(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        async with poisoned(door):
            with structlog.testing.capture_logs() as logs:
                answer = await door.event(typed(door, ts, "Poison."))

        assert answer.status_code == 500
        (said,) = [one for one in logs if one["event"] == "slack.event_failed"]
        assert (said["type"], said["retry"]) == ("message", "0")
        metrics = (await door.client.get(door.url.replace("/slack/events", "/metrics"))).text
        assert 'sharedbox_slack_events_failed_total{type="message"}' in metrics

    async def test_for_the_last_time_is_said_to_be_lost(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        body = {
            "type": "event_callback",
            "event_id": "EvLost",
            "team_id": door.slack.team_id,
            "event": typed(door, ts, "Poison."),
        }

        async with poisoned(door):
            with structlog.testing.capture_logs() as logs:
                answer = await door.deliver(
                    json.dumps(body).encode(),
                    "application/json",
                    headers={"X-Slack-Retry-Num": "3", "X-Slack-Retry-Reason": "http_error"},
                )

        assert answer.status_code == 500
        (said,) = [one for one in logs if one["event"] == "slack.event_lost"]
        assert said["event_id"] == "EvLost"

    async def test_because_the_database_is_in_no_state_to_answer(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        event, id_ = typed(door, ts, "Later."), f"Ev{new_id().hex}"
        async with door.store.begin(door.feed.workspace.id) as uow:
            await uow.session.exec(text("ALTER TABLE installations RENAME TO away"))  # type: ignore[call-overload]
        door.feed.installations._teams.clear()
        refused = await door.event(event, event_id=id_)
        async with door.store.begin(door.feed.workspace.id) as uow:
            await uow.session.exec(text("ALTER TABLE away RENAME TO installations"))  # type: ignore[call-overload]

        taken = await door.event(event, event_id=id_)

        assert (refused.status_code, taken.status_code) == (500, 200)
        assert await notes(door) == ["Later."]


class TestAnEventThatTakesTooLong:
    async def test_is_left_to_slack_and_has_one_effect(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        event, id_ = typed(door, ts, "Slowly."), f"Ev{new_id().hex}"
        door.be_impatient()
        async with door.store.begin(door.feed.workspace.id) as uow:
            await uow.session.exec(text("LOCK TABLE notes IN SHARE MODE"))  # type: ignore[call-overload]
            answers = [await door.event(event, event_id=id_) for _ in range(2)]

        async def answered() -> bool:
            return (await door.event(event, event_id=id_)).status_code == 200

        await eventually(answered)

        assert [one.status_code for one in answers] == [503, 503]
        assert await notes(door) == ["Slowly."]
        assert [event.type for event in await door.events()].count("note.added") == 1


class TestAnEventThatIsRefusedForGood:
    async def test_is_acknowledged_and_told(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        door.slack.change_person("Ben", guest=True)
        async with door.store.begin(door.feed.workspace.id) as uow:
            channel = await uow.channels.get(door.feed.channel)
            channel.emoji_actions = True

        answer = await door.event({
            "type": "reaction_added", "user": door.slack.users["Ben"], "reaction": "eyes",
            "item": {"type": "message", "channel": door.feed.channel, "ts": ts},
        })  # fmt: skip

        assert answer.status_code == 200
        assert "Guests can read" in await door.told("Ben")


class TestWhatIsHeardInAnotherOrder:
    async def test_an_edit_before_what_was_said_is_the_note(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        changed = {
            "type": "message", "subtype": "message_changed", "channel": door.feed.channel,
            "message": typed(door, ts, "She is right."),
        }  # fmt: skip

        await door.event(changed)
        await door.event(typed(door, ts, "She is wrong."))

        assert await notes(door) == ["She is right."]

    async def test_what_was_deleted_before_it_was_heard_of_is_not_kept(
        self, door: SlackDoor
    ) -> None:
        ts = await door.card("Invoice")
        said = typed(door, ts, "She is wrong.")
        deleted = {
            "type": "message", "subtype": "message_deleted", "channel": door.feed.channel,
            "deleted_ts": said["ts"], "previous_message": said,
        }  # fmt: skip

        await door.event(deleted)
        await door.event(said)

        assert await notes(door) == []
        assert "note.added" not in [event.type for event in await door.events()]
