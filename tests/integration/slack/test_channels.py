"""What becomes of channels that mail goes to: nothing is lost, nothing is shown to strangers."""

from typing import Any

import pytest

from app.core.access import Actor, Origin
from app.core.ids import ChannelId, SlackUserId
from app.feed.channels import accept_sharing
from app.feed.deliver import drain
from app.jobs import channels
from app.sandbox.slack.faults import FaultKind
from app.store.models import Channel, ChannelState
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually


async def channel(door: SlackDoor) -> Channel:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return await uow.channels.get(door.feed.channel)


async def until(door: SlackDoor, state: ChannelState) -> Channel:
    async def look() -> bool:
        return (await channel(door)).state is state

    await eventually(look)
    return await channel(door)


async def look(door: SlackDoor) -> Channel:
    """Run the job that asks Slack about the channel."""
    await channels.look(door.feed.feeding, door.feed.workspace.id, door.feed.channel)
    return await channel(door)


async def told(door: SlackDoor, change: int | None = None) -> list[str]:
    """Run the job that tells the admins; answers what Ana has been told by now."""
    workspace, id_ = door.feed.workspace.id, door.feed.channel
    ana = SlackUserId(door.slack.users["Ana"])
    change = (await channel(door)).changes if change is None else change
    await channels.tell(door.feed.feeding, [ana], workspace, id_, change)
    room = door.slack.emulator.workspace.direct_channel(ana)
    await drain(door.feed.feeding, workspace, ChannelId(room.id))
    return [str(one["text"]) for one in door.slack.messages(room.id)]


class TestArchived:
    async def test_nothing_is_posted_what_is_due_is_kept_and_goes_out_again(
        self, door: SlackDoor
    ) -> None:
        await door.card("First")

        door.slack.archive_channel("support")
        paused = await until(door, ChannelState.PAUSED)
        await door.feed.mail("Second")
        before = len(door.slack.writes)
        await door.draw()

        assert (paused.reason, len(door.slack.writes)) == ("archived", before)
        assert [one.type for one in await door.events()][-1] == "channel.paused"

        door.slack.archive_channel("support", archived=False)
        await door.slack.until_delivered()
        assert (await look(door)).state is ChannelState.OPEN
        await door.draw()
        assert [one.split(" - ")[1] for one in door.feed.shown()] == ["First", "Second"]
        assert [one.type for one in await door.events()][-1] == "channel.resumed"

    async def test_admins_are_told_once_in_words(self, door: SlackDoor) -> None:
        await door.card("First")
        door.slack.archive_channel("support")
        await until(door, ChannelState.PAUSED)
        await door.feed.mail("Second")

        await told(door)
        (text,) = await told(door)

        assert "archived" in text
        assert "1 message is kept" in text
        assert "support@example.com" in text

    async def test_what_is_over_is_told_to_nobody(self, door: SlackDoor) -> None:
        await door.card("First")
        door.slack.archive_channel("support")
        change = (await until(door, ChannelState.PAUSED)).changes
        door.slack.archive_channel("support", archived=False)
        await door.slack.until_delivered()
        await look(door)

        assert await told(door, change) == []

    async def test_an_event_of_another_channel_is_none_of_ours(self, door: SlackDoor) -> None:
        await door.card("First")

        door.slack.archive_channel("billing")
        await door.slack.until_delivered()

        assert (await channel(door)).state is ChannelState.OPEN
        async with door.store.begin(door.feed.workspace.id) as uow:
            known = await uow.channels.page(after=None, limit=10)
        assert [one.id for one in known] == [door.feed.channel]

    async def test_an_old_event_that_comes_twice_pauses_nothing(self, door: SlackDoor) -> None:
        await door.card("First")
        event = {"type": "channel_archive", "channel": door.feed.channel, "user": "U1"}
        await door.event(event, event_id="Ev1")
        await until(door, ChannelState.PAUSED)
        await look(door)

        await door.event(event, event_id="Ev1")
        await door.slack.until_delivered()

        assert (await look(door)).state is ChannelState.OPEN


class TestRemoved:
    async def test_from_a_public_channel_it_posts_nothing_until_it_is_invited(
        self, door: SlackDoor
    ) -> None:
        """Slack would still let us post there (`chat:write.public`); somebody wants us gone."""
        await door.card("First")

        door.slack.remove_bot("support")
        assert (await until(door, ChannelState.PAUSED)).reason == "left"
        assert (await look(door)).state is ChannelState.PAUSED
        await door.feed.mail("Second")
        await door.draw()
        assert len(door.feed.shown()) == 1

        door.slack.add_bot("support")
        await door.slack.until_delivered()
        assert (await look(door)).state is ChannelState.OPEN
        await door.draw()
        assert len(door.feed.shown()) == 2

    async def test_other_people_may_come_and_go(self, door: SlackDoor) -> None:
        await door.card("First")
        here = door.slack.emulator.workspace
        room, ben = here.channel("support"), door.slack.users["Ben"]

        here.leave(room, ben)
        here.join(room, ben)
        await door.slack.until_delivered()

        assert (await channel(door)).state is ChannelState.OPEN


class TestShared:
    async def test_nothing_is_shown_to_strangers_until_an_admin_says_yes(
        self, door: SlackDoor
    ) -> None:
        await door.card("First")

        door.slack.share_channel("support")
        held = await until(door, ChannelState.HELD)
        await door.feed.mail("Second")
        await door.feed.change("First")
        before = len(door.slack.writes)
        await door.draw()
        assert len(door.slack.writes) == before
        assert "another organisation" in held.detail
        assert "another organisation" in (await told(door))[0]

        async with door.store.begin(door.feed.workspace.id) as uow:
            actor = Actor(uow.workspace_id, Origin.API, name="a key")
            await accept_sharing(uow, actor, door.feed.channel, accepted=True)
        await door.draw()
        assert len(door.feed.shown()) == 2

    async def test_a_yes_does_not_outlive_the_sharing(self, door: SlackDoor) -> None:
        await door.card("First")
        door.slack.share_channel("support")
        await until(door, ChannelState.HELD)
        async with door.store.begin(door.feed.workspace.id) as uow:
            actor = Actor(uow.workspace_id, Origin.API, name="a key")
            await accept_sharing(uow, actor, door.feed.channel, accepted=True)

        door.slack.share_channel("support", shared=False)
        await door.slack.until_delivered()
        assert not (await look(door)).sharing_accepted
        door.slack.share_channel("support")

        await until(door, ChannelState.HELD)

    async def test_before_we_post_there_the_first_time(self, door: SlackDoor) -> None:
        """The account was connected to a channel that is shared already: no event tells of it."""
        door.slack.share_channel("support")
        await door.slack.until_delivered()
        await door.feed.mail("First")

        assert (await look(door)).state is ChannelState.HELD
        await door.draw()

        assert door.feed.shown() == []


class TestOtherChanges:
    async def test_renamed_and_made_private_it_goes_on(self, door: SlackDoor) -> None:
        await door.card("First")

        door.slack.rename_channel("support", "helpdesk")
        door.slack.make_channel_private("helpdesk")
        await door.slack.until_delivered()

        seen = await look(door)
        assert (seen.name, seen.is_private, seen.state) == ("helpdesk", True, ChannelState.OPEN)

    async def test_deleted(self, door: SlackDoor) -> None:
        await door.card("First")

        door.slack.delete_channel("support")

        assert (await until(door, ChannelState.PAUSED)).reason == "deleted"
        assert (await look(door)).state is ChannelState.PAUSED

    async def test_with_another_id_everything_goes_along(self, door: SlackDoor) -> None:
        await door.card("First")
        event = {
            "type": "channel_id_changed",
            "old_channel_id": door.feed.channel,
            "new_channel_id": "C0MOVED",
        }

        await door.event(event)

        async def moved() -> bool:
            async with door.store.begin(door.feed.workspace.id) as uow:
                return (await uow.accounts.get(door.feed.account_id)).channel_id == "C0MOVED"

        await eventually(moved)
        (card,) = await door.feed.posts()
        assert card.channel_id == "C0MOVED"
        async with door.store.begin(door.feed.workspace.id) as uow:
            known = await uow.channels.page(after=None, limit=10)
        assert [one.id for one in known] == ["C0MOVED"]


class TestAsking:
    @pytest.mark.parametrize("kind", [FaultKind.RATE_LIMITED, FaultKind.ERROR])
    async def test_later_where_slack_does_not_answer(
        self, door: SlackDoor, kind: FaultKind
    ) -> None:
        await door.card("First")
        door.slack.fail_next("conversations.info", kind, error="internal_error")

        assert (await look(door)).state is ChannelState.OPEN

        async with door.store.begin(door.feed.workspace.id) as uow:
            jobs: Any = await uow.session.connection()
            rows = await jobs.exec_driver_sql(
                "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'channel.look'"
            )
            assert rows.scalar() == 1

    async def test_of_a_private_channel_we_are_not_in_says_what_to_do(
        self, door: SlackDoor
    ) -> None:
        door.slack.make_channel_private("support")
        here = door.slack.emulator.workspace
        here.channel("support").members.pop(door.slack.bot_user_id)

        seen = await look(door)

        assert seen.state is ChannelState.PAUSED
        assert "/invite @SharedBox" in seen.detail
