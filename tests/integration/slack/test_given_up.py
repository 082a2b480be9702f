"""A wish that the mail server would not fulfil: whoever had it is told, once for each time."""

import pytest

from app.core.clock import SystemClock
from app.core.ids import CommandId, new_id
from app.jobs.telling_asker import tell
from app.sandbox.slack.faults import FaultKind
from app.store.models import CommandState
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import text_of
from tests.integration.slack.test_team import direct


@pytest.fixture
async def given_up(door: SlackDoor) -> CommandId:
    """Ana's Archive, which the server refused for good."""
    ts = await door.card("Invoice <!here>")
    await door.slack.choose_overflow("Ana", "support", ts, "Archive")
    (command,) = await door.commands("Invoice <!here>")
    await refuse(door, command.id)
    return command.id


async def refuse(door: SlackDoor, command_id: CommandId) -> None:
    async with door.store.begin(door.feed.workspace.id) as uow:
        command = await uow.commands.lock(command_id)
        command.state, command.detail = CommandState.FAILED, "The mailbox is full."
        command.settled_at = SystemClock().now()


async def told(door: SlackDoor, command_id: CommandId) -> list[str]:
    for _ in range(2):
        await tell(door.feed.feeding, door.feed.workspace.id, command_id)
    return [text_of(one) for one in await direct(door, "Ana")]


class TestWhoeverAsked:
    async def test_is_told_once_what_and_why_with_the_way_to_the_card(
        self, door: SlackDoor, given_up: CommandId
    ) -> None:
        (said,) = await told(door, given_up)

        assert "⚠️ Archive failed: The mailbox is full." in said
        assert "|Invoice &lt;!here&gt;> (support@example.com)" in said
        assert "_Retry stands on the card._" in said

    async def test_is_told_again_when_it_is_given_up_again(
        self, door: SlackDoor, given_up: CommandId
    ) -> None:
        await told(door, given_up)
        await refuse(door, given_up)

        assert len(await told(door, given_up)) == 2

    async def test_is_told_nothing_of_what_went_on_meanwhile(
        self, door: SlackDoor, given_up: CommandId
    ) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            (await uow.commands.lock(given_up)).state = CommandState.QUEUED

        assert await told(door, given_up) == []

    async def test_is_told_once_slack_can_be_asked(
        self, door: SlackDoor, given_up: CommandId
    ) -> None:
        door.slack.fail_next("conversations.open", FaultKind.RATE_LIMITED)

        await tell(door.feed.feeding, door.feed.workspace.id, given_up)
        before = await direct(door, "Ana")

        assert before == []
        assert len(await told(door, given_up)) == 1

    async def test_and_is_nobody_we_can_write_to_ends_nothing(self, door: SlackDoor) -> None:
        assert await told(door, CommandId(new_id())) == []
