"""Links to our own pages: told of where the mail is shown anyway, and nowhere else."""

from typing import Any

import pytest

from app.core.ids import new_id
from app.feed.channels import note_sharing, set_exposure
from app.sandbox.slack.wire import JSON
from app.slack.listeners.links import conversation_in
from app.store.models import Exposure
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually, text_of

SITE = "https://sharedbox.example.com"


def link(door: SlackDoor, subject: str = "Invoice") -> str:
    return f"{door.settings.base_url}/conversations/{door.id_of(subject)}"


async def shared(door: SlackDoor, text: str, user: str = "Ana", channel: str = "support") -> str:
    return door.slack.post_as_user(user, channel, text)


async def told(door: SlackDoor, ts: str, channel: str = "support") -> JSON:
    """The attachment below a message, once there is one."""

    async def look() -> Any:
        return door.slack.message(channel, ts).get("attachments")

    (found,) = await eventually(look)
    return dict(found)


async def afterwards(door: SlackDoor) -> None:
    """Once a later link has been told of."""
    await told(door, await shared(door, link(door)))


def unfurls(door: SlackDoor) -> list[str]:
    return [str(one.arguments["ts"]) for one in door.slack.writes if one.method == "chat.unfurl"]


class TestALink:
    async def test_in_another_channel_stays_a_link(self, door: SlackDoor) -> None:
        await door.card("Invoice")

        ts = await shared(door, link(door), channel="sales")

        await afterwards(door)
        assert ts not in unfurls(door)

    @pytest.mark.parametrize(
        ("user", "source"), [("Ben", "conversations_history"), ("Ana", "composer")]
    )
    async def test_of_who_may_not_see_it_or_still_types_stays_a_link(
        self, door: SlackDoor, user: str, source: str
    ) -> None:
        """Ana's own is told of once; an event that says otherwise of it changes nothing."""
        await door.card("Invoice")
        ts = await shared(door, link(door))
        await told(door, ts)
        door.slack.remove_user("Ben", "support")

        await door.event({
            "type": "link_shared", "channel": door.feed.channel, "source": source,
            "user": door.slack.users[user], "message_ts": ts,
            "links": [{"domain": "127.0.0.1", "url": link(door)}],
        })  # fmt: skip

        await afterwards(door)
        assert unfurls(door).count(ts) == 1

    async def test_to_nothing_of_ours_stays_a_link(self, door: SlackDoor) -> None:
        await door.card("Invoice")

        ts = await shared(door, f"{door.settings.base_url}/conversations/{new_id()}")

        await afterwards(door)
        assert ts not in unfurls(door)

    @pytest.mark.both_ways
    async def test_says_what_it_leads_to(self, door: SlackDoor) -> None:
        await door.card("Invoice")

        ts = await shared(door, f"see {link(door)} please", "Ben")

        attachment = await told(door, ts)
        said = text_of(attachment)
        assert "Invoice" in said
        assert "Unassigned" in said
        assert "The total is wrong." in said
        assert attachment["blocks"][0]["accessory"]["url"] == link(door)

    async def test_says_no_more_than_the_channel_shows(self, door: SlackDoor) -> None:
        await door.card("Invoice")
        async with door.store.begin(door.feed.workspace.id) as uow:
            await set_exposure(uow, door.feed.channel, Exposure.HEADERS)

        said = text_of(await told(door, await shared(door, link(door))))

        assert "Invoice" in said
        assert "The total is wrong." not in said

    async def test_where_strangers_read_along_stays_a_link(self, door: SlackDoor) -> None:
        await door.card("Invoice")
        async with door.store.begin(door.feed.workspace.id) as uow:
            await note_sharing(uow, door.feed.channel, is_shared=True)
        ts = await shared(door, link(door))

        await door.slack.run_command("Ana", "support", "/inbox")

        await door.told("Ana")
        assert ts not in unfurls(door)


class TestConversationIn:
    @pytest.mark.parametrize(
        "url",
        [
            "https://elsewhere.example.com/conversations/{id}",
            SITE + ".evil.example/conversations/{id}",
            SITE + "/accounts/{id}",
            SITE + "/conversations/{id}/more",
            SITE + "/conversations/" + "-" * 36,
            SITE,
        ],
    )
    def test_is_nothing_in_another_link(self, url: str) -> None:
        assert conversation_in(url.format(id=new_id()), SITE) is None

    @pytest.mark.parametrize("after", ["", "/", "?page=2", "#latest"])
    def test_is_what_the_link_names(self, after: str) -> None:
        id_ = new_id()

        assert conversation_in(f"{SITE}/conversations/{id_}{after}", SITE + "/") == id_
