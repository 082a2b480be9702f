"""What people type in a card's thread, by really signed events."""

import asyncio

import pytest
from sqlmodel import select

from app.commands.notes import keep_note
from app.core.access import Actor, Origin
from app.core.ids import ChannelId, SlackUserId
from app.slack.listeners.notes import HINT
from app.store.models import Note, Outgoing
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually


async def notes(door: SlackDoor, subject: str = "Invoice") -> list[Note]:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return list(await uow.notes.of_conversation(door.id_of(subject)))


async def texts(door: SlackDoor, count: int) -> list[str]:
    """What the notes say, once there are so many."""

    async def look() -> list[str]:
        found = [one.text for one in await notes(door)]
        return found if len(found) == count else []

    return list(await eventually(look))


class TestTyping:
    @pytest.mark.both_ways
    async def test_in_a_thread_is_a_note_and_is_hinted_at_once(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        door.slack.post_as_user("Ben", "support", "I know her.", ts)
        assert await texts(door, 1) == ["I know her."]
        assert await door.told("Ben") == HINT
        door.slack.post_as_user("Ben", "support", "She is right.", ts)

        assert await texts(door, 2) == ["I know her.", "She is right."]
        assert len(door.slack.ephemerals("Ben", "support")) == 1
        first = (await notes(door))[0]
        assert first.author_name == "Ben"
        assert [event.type for event in await door.events()].count("note.added") == 2

    async def test_for_the_first_time_is_hinted_at_after_a_note_in_a_window_too(
        self, door: SlackDoor
    ) -> None:
        ts, elsewhere = await door.card("Invoice"), await door.card("Parcel")
        door.slack.post_as_user("Ana", "support", "She is new.", elsewhere)
        assert await door.told("Ana") == HINT
        async with door.store.begin(door.feed.workspace.id) as uow:
            ben = await uow.teammates.by_slack_user(SlackUserId(door.slack.users["Ben"]), "Ben")
            actor = Actor(uow.workspace_id, Origin.SLACK, teammate_id=ben.id)
            await keep_note(uow, actor, door.id_of("Invoice"), "Yours.")

        door.slack.post_as_user("Ben", "support", "I know her.", ts)

        assert await door.told("Ben") == HINT

    async def test_elsewhere_is_nothing_of_ours(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        other = door.slack.post_as_user("Ana", "support", "Lunch?")

        door.slack.post_as_user("Ben", "support", "Yes.", other)
        door.slack.post_as_user("Ben", "sales", "Hello.")
        door.slack.post_as_user("Ben", "support", "About the invoice.", ts)

        assert await texts(door, 1) == ["About the invoice."]
        assert door.slack.ephemerals("Ana", "support") == []

    async def test_by_our_own_bot_is_none(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await door.feed.mail("Re: Invoice", "Invoice")
        await door.draw()

        door.slack.post_as_user("Ben", "support", "Mine.", ts)

        assert await texts(door, 1) == ["Mine."]

    async def test_that_slack_tells_of_twice_is_one_note(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        event = {
            "type": "message", "channel": door.feed.channel, "user": door.slack.users["Ben"],
            "text": "Once.", "ts": "1772442000.000100", "thread_ts": ts,
        }  # fmt: skip

        await asyncio.gather(*(door.event(event) for _ in range(3)))

        assert await texts(door, 1) == ["Once."]

    async def test_is_never_mailed(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        door.slack.post_as_user("Ben", "support", "Between us: she is right.", ts)
        await texts(door, 1)

        async with door.store.begin(door.feed.workspace.id) as uow:
            assert (await uow.session.exec(select(Outgoing))).all() == []


class TestChangingOnesMind:
    @pytest.mark.both_ways
    async def test_an_edit_changes_the_note(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        said = door.slack.post_as_user("Ben", "support", "She is wrong.", ts)
        await texts(door, 1)

        door.slack.edit_as_user("Ben", "support", said, "She is right.")

        async def edited() -> bool:
            return (await notes(door))[0].text == "She is right."

        await eventually(edited)
        assert (await notes(door))[0].edited_at is not None

    async def test_a_deletion_forgets_what_it_said(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        said = door.slack.post_as_user("Ben", "support", "She is wrong.", ts)
        await texts(door, 1)

        door.slack.delete_as_user("Ben", "support", said)

        async def gone() -> bool:
            return await notes(door) == []

        await eventually(gone)
        async with door.store.begin(door.feed.workspace.id) as uow:
            kept = await uow.notes.lock_message(ChannelId(door.feed.channel), said)
        assert kept is not None
        assert kept.text == ""
        assert "note.deleted" in [event.type for event in await door.events()]
