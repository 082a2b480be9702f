"""Giving conversations to a user group by turns, passing over who is away."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.core.access import Origin
from app.core.ids import new_id
from app.jobs.rotation import give
from app.sandbox.slack.faults import FaultKind
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually


async def by_turns(
    door: SlackDoor, subject: str, group: str, key: str = "", since: datetime | None = None
) -> str | None:
    """Do the job; answers the name of whoever got it."""
    await give(
        door.feed.feeding,
        door.feed.workspace.id,
        door.id_of(subject),
        group,
        "oncall",
        None,
        Origin.API,
        key or str(new_id()),
        since=since,
    )
    conversation = await door.conversation(subject)
    async with door.store.begin(door.feed.workspace.id) as uow:
        if conversation.assignee_id is None:
            return None
        mates = await uow.teammates.get_many([conversation.assignee_id])
    names = {id_: name for name, id_ in door.slack.users.items()}
    return names[mates[conversation.assignee_id].slack_user_id or ""]


async def cards(door: SlackDoor, *subjects: str) -> None:
    for subject in subjects:
        await door.card(subject)


class TestTurns:
    async def test_go_round_and_pass_over_who_is_away_who_keeps_the_turn(
        self, door: SlackDoor
    ) -> None:
        group = door.slack.make_group("oncall", "Ana", "Ben", "Chidi")
        await cards(door, "1", "2", "3", "4", "5")

        got = [await by_turns(door, "1", group)]
        door.slack.be("Ben", away=True)
        got += [await by_turns(door, one, group) for one in ("2", "3")]
        door.slack.be("Ben")
        got += [await by_turns(door, one, group) for one in ("4", "5")]

        assert got == ["Ana", "Chidi", "Ana", "Ben", "Chidi"]

    async def test_pass_over_who_rests_or_says_so(self, door: SlackDoor) -> None:
        group = door.slack.make_group("oncall", "Ana", "Ben", "Chidi")
        door.slack.be("Ana", resting=True)
        door.slack.be("Ben", status="On vacation")
        await cards(door, "1")

        assert await by_turns(door, "1", group) == "Chidi"

    async def test_with_nobody_there_leave_it_unassigned_and_say_so(self, door: SlackDoor) -> None:
        group = door.slack.make_group("oncall", "Ana", "Ben")
        door.slack.be("Ana", resting=True)
        door.slack.be("Ben", away=True)
        ts = await door.card("1")

        assert await by_turns(door, "1", group) is None

        await door.draw()
        (line,) = door.slack.replies("support", ts)
        assert "Still unassigned: nobody of *@oncall* is there just now" in line["text"]
        assert "1 do not want to be disturbed and 1 are away" in line["text"]
        assert "conversation.nobody_available" in {one.type for one in await door.events()}

    async def test_of_a_group_that_is_gone_say_so(self, door: SlackDoor) -> None:
        ts = await door.card("1")

        assert await by_turns(door, "1", "S0NOWHERE") is None

        await door.draw()
        assert "no_such_subteam" in door.slack.replies("support", ts)[0]["text"]


class TestAJobThatRunsTwice:
    async def test_gives_it_away_once(self, door: SlackDoor) -> None:
        group = door.slack.make_group("oncall", "Ana", "Ben")
        await cards(door, "1")

        got = [await by_turns(door, "1", group, "one key") for _ in range(2)]

        assert got == ["Ana", "Ana"]
        assert len(await door.commands("1")) == 1

    async def test_where_slack_limits_us_is_left_for_later(self, door: SlackDoor) -> None:
        group = door.slack.make_group("oncall", "Ana")
        await cards(door, "1")
        door.slack.fail_next("dnd.teamInfo", FaultKind.RATE_LIMITED)

        first = await by_turns(door, "1", group, "one key")
        second = await by_turns(door, "1", group, "one key")

        assert (first, second) == (None, "Ana")


class TestAnAppThatWasRemoved:
    async def test_is_waited_for_for_a_day_and_then_nobody_got_it(self, door: SlackDoor) -> None:
        group = door.slack.make_group("oncall", "Ana")
        await cards(door, "1")
        door.slack.revoke_token()
        door.feed.installations._tokens.clear()
        now = door.feed.feeding.clock.now()

        await by_turns(door, "1", group, "one key", since=now - timedelta(hours=23))
        waiting = await waiting_turns(door)
        await by_turns(door, "1", group, "one key", since=now - timedelta(hours=25))

        assert [one["since"] for one in waiting] == [(now - timedelta(hours=23)).isoformat()]
        assert len(await waiting_turns(door)) == 1
        events = [one for one in await door.events() if one.type == "conversation.nobody_available"]
        assert [one.data["reason"] for one in events] == ["Slack could not be asked for a day."]

    async def test_is_waited_for_from_the_first_refusal_on(self, door: SlackDoor) -> None:
        group = door.slack.make_group("oncall", "Ana")
        await cards(door, "1")
        door.slack.revoke_token()
        before = door.feed.feeding.clock.now()

        await by_turns(door, "1", group, "one key")

        (job,) = await waiting_turns(door)
        assert datetime.fromisoformat(job["since"]) >= before


async def waiting_turns(door: SlackDoor) -> list[dict[str, Any]]:
    """What the jobs say that were left for later."""
    async with door.store.begin(door.feed.workspace.id) as uow:
        rows = await uow.session.exec(
            text("SELECT args FROM procrastinate_jobs WHERE task_name = 'team.rotate'")  # type: ignore[call-overload]
        )
        return [one.args for one in rows]


class TestTheWindow:
    async def test_offers_groups_and_leaves_the_job(self, door: SlackDoor) -> None:
        group = door.slack.make_group("oncall", "Ana")
        ts = await door.card("Invoice")
        await door.slack.choose_overflow("Ben", "support", ts, "More actions…")
        await eventually(lambda: asyncio.sleep(0, door.slack.views("Ben")))
        await door.slack.submit_view("Ben", {"more.action": "assign"})
        chosen: dict[str, Any] = {
            "text": {"type": "plain_text", "text": "@oncall"},
            "value": group,
        }

        both = await door.slack.submit_view(
            "Ben", {"assign.group": chosen, "assign.who": door.slack.users["Ana"]}
        )
        outcome = await door.slack.submit_view("Ben", {"assign.group": chosen, "assign.who": ""})

        assert "either a person or a group" in both.errors["assign.group"]
        assert outcome.ok
        async with door.store.begin(door.feed.workspace.id) as uow:
            connection = await uow.session.connection()
            rows = await connection.execute(
                text("SELECT args FROM procrastinate_jobs WHERE task_name = 'team.rotate'")
            )
            (args,) = [row.args for row in rows]
        assert (args["group_id"], args["group"]) == (group, "oncall")
