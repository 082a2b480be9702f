"""Finding mail from the Home tab, by really signed deliveries."""

import asyncio

from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually, text_of


async def opened(door: SlackDoor, user: str) -> None:
    door.slack.open_home(user)
    await eventually(lambda: asyncio.sleep(0, door.slack.home(user)))
    home = door.slack.home(user) or {}
    assert (await door.slack.act_in_view(user, "home.find", view_id=home["id"])).ok
    await eventually(lambda: asyncio.sleep(0, door.slack.views(user)))


class TestFinding:
    async def test_shows_what_was_found_and_can_be_asked_again(self, door: SlackDoor) -> None:
        await door.card("Invoice 4471")
        await door.card("Delivery")
        await opened(door, "Ana")

        assert (await door.slack.submit_view("Ana", {"find.words": "4471"})).ok
        first = text_of(door.slack.views("Ana")[0])
        assert (await door.slack.submit_view("Ana", {"find.words": "nowhere"})).ok

        assert "|Invoice 4471>" in first
        assert "Delivery" not in first
        assert "Nothing was found for “nowhere”" in text_of(door.slack.views("Ana")[0])

    async def test_shows_nothing_of_channels_one_is_not_in(self, door: SlackDoor) -> None:
        await door.card("Invoice 4471")
        door.slack.remove_user("Ben", "support")
        await opened(door, "Ben")

        await door.slack.submit_view("Ben", {"find.words": "4471"})

        assert "Invoice 4471" not in text_of(door.slack.views("Ben")[0])
