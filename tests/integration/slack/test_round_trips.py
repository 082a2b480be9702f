"""How often Postgres is waited for between a click and its acknowledgement.

Each time takes about a millisecond, and more on a busy machine; Slack waits for three seconds and
the person for less. Whoever needs one more statement sees whether it can go with another one.
"""

import pytest

from app.store.models import CommandType
from tests.fixtures.round_trips import round_trips
from tests.fixtures.slack_door import SlackDoor

PERMITTED = 1
"""Until it is known that the person may."""
ASSIGNED = 12
ARCHIVED = 14


@pytest.fixture
async def ts(door: SlackDoor) -> str:
    """A card, clicked at by somebody of whom Slack was asked within the last minute."""
    known = await door.card("Known")
    await door.slack.click("Ana", "support", known, "conversation.assign_me")
    return await door.card("Invoice")


def before_it_begins(sent: list[str]) -> int:
    """How many statements are sent before those of the transaction that acts."""
    return next(n for n, one in enumerate(sent) if one.startswith("BEGIN")) - 1


class TestTheWayOfAClick:
    async def test_that_assigns(self, door: SlackDoor, ts: str) -> None:
        with round_trips() as sent:
            outcome = await door.slack.click("Ana", "support", ts, "conversation.assign_me")

        assert outcome.ok
        (command,) = await door.commands("Invoice")
        assert command.type is CommandType.ASSIGN
        assert before_it_begins(sent) <= PERMITTED, sent
        assert len(sent) <= ASSIGNED, sent

    async def test_that_archives(self, door: SlackDoor, ts: str) -> None:
        with round_trips() as sent:
            outcome = await door.slack.choose_overflow("Ana", "support", ts, "Archive")

        assert outcome.ok
        (command,) = await door.commands("Invoice")
        assert command.type is CommandType.ARCHIVE
        assert before_it_begins(sent) <= PERMITTED, sent
        assert len(sent) <= ARCHIVED, sent
