"""Emoji on a card, through the whole way: who may, what they do, and what taking them away does."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.core.ids import SlackUserId, TeammateId
from app.feed.channels import set_emoji_actions
from app.feed.ids import ActionId
from app.store.models import Channel, CommandState, CommandType, Conversation, ConversationStatus
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually, text_of


@pytest.fixture
async def card(door: SlackDoor) -> str:
    """In a channel that wants emoji to act."""
    ts = await door.card("Invoice")
    await switch(door, on=True)
    return ts


async def switch(door: SlackDoor, *, on: bool) -> None:
    async with door.store.begin(door.feed.workspace.id) as uow:
        await set_emoji_actions(uow, door.feed.channel, on=on)


async def channel(door: SlackDoor) -> Channel:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return await uow.channels.get(door.feed.channel)


async def until(door: SlackDoor, **wanted: object) -> Conversation:
    async def look() -> Conversation | None:
        found = await door.conversation("Invoice")
        return found if all(getattr(found, name) == one for name, one in wanted.items()) else None

    found = await eventually(look)
    assert isinstance(found, Conversation)
    return found


async def teammate(door: SlackDoor, user: str) -> TeammateId:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return (await uow.teammates.by_slack_user(SlackUserId(door.slack.users[user]), user)).id


async def afterwards(door: SlackDoor, card: str) -> None:
    """Once a later delivery has come through: someone types in the thread of the card."""
    door.slack.post_as_user("Ana", "support", "Later.", card)

    async def kept() -> bool:
        async with door.store.begin(door.feed.workspace.id) as uow:
            notes = await uow.notes.of_conversation(door.id_of("Invoice"))
        return any(one.text == "Later." for one in notes)

    await eventually(kept)


def reaction(
    door: SlackDoor, ts: str, name: str, user: str = "Ana", *, added: bool = True, at: int = 0
) -> dict[str, object]:
    """An event (docs.slack.dev/reference/events/reaction_added), `at` so many seconds."""
    return {
        "type": "reaction_added" if added else "reaction_removed",
        "user": door.slack.users[user],
        "reaction": name,
        "item_user": door.slack.bot_user_id,
        "item": {"type": "message", "channel": door.feed.channel, "ts": ts},
        "event_ts": f"{2_000_000_000 + at}.000100",
    }


class TestAnEmoji:
    async def test_does_nothing_where_nobody_wanted_it(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        await door.event(reaction(door, ts, "white_check_mark"))

        await afterwards(door, ts)
        assert await door.commands("Invoice") == []

    @pytest.mark.parametrize("change", [{"guest": True}, {"home": "T0ELSEWHERE"}])
    async def test_of_somebody_who_only_looks_does_nothing(
        self, door: SlackDoor, card: str, change: dict[str, object]
    ) -> None:
        door.slack.change_person("Ben", **change)  # type: ignore[arg-type]

        door.slack.react_as_user("Ben", "support", card, "white_check_mark")

        assert "read the mail here" in await door.told("Ben")
        assert (await door.conversation("Invoice")).status == "open"

    async def test_of_somebody_outside_the_channel_does_nothing(
        self, door: SlackDoor, card: str
    ) -> None:
        door.slack.remove_user("Ben", "support")

        await door.event(reaction(door, card, "eyes", "Ben"))

        await afterwards(door, card)
        assert (await door.conversation("Invoice")).assignee_id is None

    @pytest.mark.parametrize("name", ["tada", "heavy_check_mark"])
    async def test_of_another_kind_does_nothing(
        self, door: SlackDoor, card: str, name: str
    ) -> None:
        await door.event(reaction(door, card, name))

        await afterwards(door, card)
        assert await door.commands("Invoice") == []

    async def test_on_another_message_does_nothing(self, door: SlackDoor, card: str) -> None:
        ts = door.slack.post_as_user("Ana", "support", "I look into it", card)

        await door.event(reaction(door, ts, "white_check_mark"))

        await afterwards(door, card)
        assert await door.commands("Invoice") == []

    @pytest.mark.both_ways
    async def test_takes_the_conversation(self, door: SlackDoor, card: str) -> None:
        door.slack.react_as_user("Ben", "support", card, "eyes")

        await until(door, assignee_id=await teammate(door, "Ben"))

    async def test_marks_it_as_done(self, door: SlackDoor, card: str) -> None:
        door.slack.react_as_user("Ben", "support", card, "white_check_mark")

        done = await until(door, status="done")
        assert done.done_by_id == await teammate(door, "Ben")
        await door.draw()
        assert "Done by" in text_of(door.slack.message("support", card))

    async def test_snoozes_it_until_nine_on_their_clock(self, door: SlackDoor, card: str) -> None:
        door.slack.react_as_user("Dana", "support", card, "zzz")

        async def moment() -> datetime | None:
            return (await door.conversation("Invoice")).snoozed_until

        asleep = await eventually(moment)
        assert isinstance(asleep, datetime)
        assert asleep.astimezone(ZoneInfo("Asia/Tokyo")).hour == 9

    @pytest.mark.parametrize(
        ("name", "type_"),
        [("wastebasket", CommandType.DELETE), ("pushpin", CommandType.FLAG)],
    )
    async def test_asks_for_what_the_mail_server_does(
        self, door: SlackDoor, card: str, name: str, type_: CommandType
    ) -> None:
        door.slack.react_as_user("Ben", "support", card, name)

        async def queued() -> bool:
            found = await door.commands("Invoice")
            return [(one.type, one.state) for one in found] == [(type_, CommandState.QUEUED)]

        await eventually(queued)

        door.slack.react_as_user("Ben", "support", card, name, remove=True)

        async def cancelled() -> bool:
            (one,) = await door.commands("Invoice")
            return one.state is CommandState.CANCELLED

        await eventually(cancelled)

    async def test_that_slack_tells_of_twice_acts_once(self, door: SlackDoor, card: str) -> None:
        told = reaction(door, card, "white_check_mark")
        await door.event(told, event_id="Ev1")
        await until(door, status="done")
        async with door.store.begin(door.feed.workspace.id) as uow:
            conversation = await uow.conversations.lock(door.id_of("Invoice"))
            conversation.status = ConversationStatus.OPEN

        await door.event(told, event_id="Ev1")

        await afterwards(door, card)
        assert (await door.conversation("Invoice")).status == "open"

    async def test_of_whoever_comes_second_changes_nothing(
        self, door: SlackDoor, card: str
    ) -> None:
        await door.slack.click("Ana", "support", card, ActionId.ASSIGN_ME)

        door.slack.react_as_user("Ben", "support", card, "eyes")

        assert "took this" in await door.told("Ben")
        assert (await door.conversation("Invoice")).assignee_id == await teammate(door, "Ana")


class TestTakingItAway:
    @pytest.mark.both_ways
    async def test_takes_back_what_it_did(self, door: SlackDoor, card: str) -> None:
        door.slack.react_as_user("Ben", "support", card, "eyes")
        await until(door, assignee_id=await teammate(door, "Ben"))
        door.slack.react_as_user("Ben", "support", card, "white_check_mark")
        await until(door, status="done")

        door.slack.react_as_user("Ben", "support", card, "white_check_mark", remove=True)
        await until(door, status="open", assignee_id=await teammate(door, "Ben"))
        door.slack.react_as_user("Ben", "support", card, "eyes", remove=True)
        await until(door, assignee_id=None)

    async def test_takes_back_nothing_of_a_colleague(self, door: SlackDoor, card: str) -> None:
        await door.slack.click("Ana", "support", card, ActionId.DONE)
        await until(door, status="done")

        await door.event(reaction(door, card, "white_check_mark", "Ben", added=False))

        await afterwards(door, card)
        assert (await door.conversation("Invoice")).status == "done"

    async def test_takes_it_from_nobody_it_was_given_to(self, door: SlackDoor, card: str) -> None:
        door.slack.react_as_user("Ben", "support", card, "eyes")
        await until(door, assignee_id=await teammate(door, "Ben"))
        chidi = await teammate(door, "Chidi")
        async with door.store.begin(door.feed.workspace.id) as uow:
            (await uow.conversations.lock(door.id_of("Invoice"))).assignee_id = chidi

        await door.event(reaction(door, card, "eyes", "Ben", added=False))

        await afterwards(door, card)
        assert (await door.conversation("Invoice")).assignee_id == chidi

    async def test_closes_nothing_that_a_colleague_reopened(
        self, door: SlackDoor, card: str
    ) -> None:
        door.slack.react_as_user("Ben", "support", card, "white_check_mark")
        await until(door, status="done")
        await door.draw()
        await door.slack.click("Ana", "support", card, ActionId.REOPEN)
        await until(door, status="open")

        await door.event(reaction(door, card, "white_check_mark", "Ben", added=False))

        await afterwards(door, card)
        assert [one.state for one in await door.commands("Invoice")] == [CommandState.DONE] * 2


async def heard(door: SlackDoor, *events: dict[str, object]) -> None:
    """Slack tells of these, one after the other, by whichever way it reaches us."""
    for event in events:
        door.slack.emulator._deliver(event, None)
        await door.slack.until_delivered()


class TestOutOfOrder:
    """Whatever the order in which Slack tells of it, what was there last is what counts."""

    @pytest.mark.both_ways
    @pytest.mark.parametrize("order", [(1, 0, 0), (0, 1, 0), (1, 1, 0)])
    async def test_an_emoji_that_was_taken_away_leaves_nothing(
        self, door: SlackDoor, card: str, order: tuple[int, ...]
    ) -> None:
        moments = (
            reaction(door, card, "white_check_mark", "Ben", at=1),
            reaction(door, card, "white_check_mark", "Ben", added=False, at=2),
        )

        await heard(door, *(moments[one] for one in order))

        assert (await door.conversation("Invoice")).status == "open"

    @pytest.mark.both_ways
    @pytest.mark.parametrize("order", [(2, 1, 0), (0, 2, 1), (1, 0, 2, 1)])
    async def test_an_emoji_that_was_set_again_stands(
        self, door: SlackDoor, card: str, order: tuple[int, ...]
    ) -> None:
        moments = (
            reaction(door, card, "white_check_mark", "Ben", at=1),
            reaction(door, card, "white_check_mark", "Ben", added=False, at=2),
            reaction(door, card, "white_check_mark", "Ben", at=3),
        )

        await heard(door, *(moments[one] for one in order))

        assert (await door.conversation("Invoice")).status == "done"
        assert door.slack.ephemerals("Ben", "support") == []

    async def test_told_at_the_same_time_comes_to_the_same(
        self, door: SlackDoor, card: str
    ) -> None:
        both = (
            reaction(door, card, "eyes", "Ben", at=1),
            reaction(door, card, "eyes", "Ben", added=False, at=2),
        )

        answers = await asyncio.gather(*(door.event(one) for one in both * 3))

        assert {one.status_code for one in answers} == {200}
        assert (await door.conversation("Invoice")).assignee_id is None

    async def test_of_one_person_says_nothing_of_another(self, door: SlackDoor, card: str) -> None:
        await heard(
            door,
            reaction(door, card, "eyes", "Ana", added=False, at=5),
            reaction(door, card, "white_check_mark", "Ben", added=False, at=5),
            reaction(door, card, "eyes", "Ben", at=1),
        )

        assert (await door.conversation("Invoice")).assignee_id == await teammate(door, "Ben")


class TestTheSwitch:
    async def test_is_for_admins(self, door: SlackDoor) -> None:
        await door.card("Invoice")

        await door.slack.run_command("Ben", "support", "/inbox emoji on")

        assert "Only admins" in await door.told("Ben")
        assert not (await channel(door)).emoji_actions

    async def test_is_not_there_in_a_channel_without_mail(self, door: SlackDoor) -> None:
        await door.slack.run_command("Ana", "sales", "/inbox emoji on")

        async def told() -> bool:
            return any("gets mail" in str(one) for one in door.slack.ephemerals("Ana", "sales"))

        await eventually(told)

    async def test_turns_it_on_and_off(self, door: SlackDoor) -> None:
        await door.card("Invoice")

        for said, on in (("on", True), ("OFF", False)):
            await door.slack.run_command("Ana", "support", f"/inbox emoji {said}")

            async def switched(on: bool = on) -> bool:
                return (await channel(door)).emoji_actions is on

            await eventually(switched)
