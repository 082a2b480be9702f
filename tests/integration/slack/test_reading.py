"""Reading a mail from “More actions…”, by really signed deliveries."""

import asyncio
from typing import Any

import pytest

from app.core.ids import MessageId
from app.feed.channels import set_exposure
from app.store.models import Exposure
from app.store.new import NewAttachment
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually, text_of

RAW = (
    b"Authentication-Results: mx.example.com; spf=pass; dmarc=pass\r\n"
    b"From: ana@acme.example\r\nSubject: Invoice\r\n\r\nThe total is wrong.\r\n"
)


async def mail(door: SlackDoor, **values: Any) -> tuple[str, MessageId]:
    """A card whose mail has its original among the blobs."""
    digest = await door.feed.feeding.blobs.put(RAW)
    message_id = await door.feed.mail("Invoice", raw_sha256=digest, **values)
    await door.draw()
    return str(door.slack.messages("support")[-1]["ts"]), message_id


async def choose(door: SlackDoor, ts: str, action: str) -> Any:
    await door.slack.choose_overflow("Ana", "support", ts, "More actions…")
    await eventually(lambda: asyncio.sleep(0, door.slack.views("Ana")))
    return await door.slack.submit_view("Ana", {"more.action": action})


async def window(door: SlackDoor, title: str, words: str) -> str:
    """What the window of this title says, once it says these words."""

    async def look() -> str:
        for view in door.slack.views("Ana"):
            if view["title"]["text"] == title and words in text_of(view):
                return text_of(view)
        return ""

    return str(await eventually(look))


async def replies(door: SlackDoor, ts: str) -> list[Any]:
    """What stands in the thread, once something does: Slack shows an upload a moment later."""
    return list(await eventually(lambda: asyncio.sleep(0, door.slack.replies("support", ts))))


class TestWindows:
    async def test_why_tells_the_folder_and_the_proof(self, door: SlackDoor) -> None:
        ts, _ = await mail(door)

        assert (await choose(door, ts, "why")).ok

        shown = await window(door, "Why am I seeing this", "mx.example.com")
        assert "*INBOX*" in shown
        assert "SPF pass, DMARC pass" in shown
        assert "It began this conversation." in shown

    async def test_headers_are_those_of_the_original(self, door: SlackDoor) -> None:
        ts, _ = await mail(door)

        assert (await choose(door, ts, "headers")).ok

        shown = await window(door, "Headers", "Authentication-Results")
        assert "The total is wrong" not in shown

    @pytest.mark.both_ways
    async def test_a_long_mail_is_turned_page_by_page(self, door: SlackDoor) -> None:
        ts, _ = await mail(door, body="first\n" + "x" * 15_000 + "\nlast")
        await choose(door, ts, "full_mail")
        await window(door, "Mail", "first")

        await door.slack.act_in_view("Ana", "mail.page.on")

        assert "first" not in await window(door, "Mail", "last")

    async def test_the_link_is_that_of_our_own_page(self, door: SlackDoor) -> None:
        ts, _ = await mail(door)

        assert (await choose(door, ts, "link")).ok

        shown = await window(door, "Link", "/conversations/")
        assert f"/conversations/{door.id_of('Invoice')}```" in shown


class TestMore:
    """The button beside words that were cut."""

    @pytest.mark.both_ways
    async def test_opens_the_whole_of_that_mail(self, door: SlackDoor) -> None:
        ts, _ = await mail(door, excerpt="line\n" * 9, body="line\n" * 9 + "the end")
        await door.feed.mail("Later", "Invoice", body="something newer")

        outcome = await door.slack.click("Ana", "support", ts, "conversation.read")

        assert outcome.ok
        assert "something newer" not in await window(door, "Mail", "the end")
        assert "/conversations/" in str(door.slack.views("Ana")[0]["blocks"][-1])
        assert (await door.slack.act_in_view("Ana", "mail.in_browser")).ok

    async def test_shows_nothing_to_who_is_not_in_the_channel(self, door: SlackDoor) -> None:
        ts, _ = await mail(door, excerpt="line\n" * 9)
        value = door.slack.messages("support")[-1]["blocks"][2]["accessory"]["value"]
        door.slack.remove_user("Chidi", "support")

        await door.interaction(door.click(ts, "conversation.read", value, "Chidi"))

        assert door.slack.views("Chidi") == []

    async def test_shows_a_guest_no_more_than_their_channel_does(self, door: SlackDoor) -> None:
        ts, _ = await mail(door, excerpt="line\n" * 9)
        door.slack.change_person("Ben", guest=True)
        async with door.store.begin(door.feed.workspace.id) as uow:
            await set_exposure(uow, door.feed.channel, Exposure.LINES)

        await door.slack.click("Ben", "support", ts, "conversation.read")

        assert "and no more of it" in await door.told("Ben")
        assert door.slack.views("Ben") == []


class TestIntoTheThread:
    async def test_the_original_is_attached_once(self, door: SlackDoor) -> None:
        ts, _ = await mail(door)

        assert (await choose(door, ts, "original")).ok
        await door.draw()
        again = await choose(door, ts, "original")

        (line,) = await replies(door, ts)
        (file,) = line["files"]
        assert file["name"].endswith(".eml")
        assert file["size"] == len(RAW)
        assert "already" in again.errors["more.action"]

    async def test_files_are_attached_as_they_are(self, door: SlackDoor) -> None:
        ts, message_id = await mail(door)
        offset = RAW.index(b"The total")
        async with door.store.begin(door.feed.workspace.id) as uow:
            file = NewAttachment(
                workspace_id=door.feed.workspace.id, message_id=message_id, n=1,
                filename="total.txt", content_type="text/plain", size=19, content_id=None,
                inline=False, offset=offset, length=19, encoding="7bit",
            )  # fmt: skip
            await uow.messages.add_all([], [file])

        assert (await choose(door, ts, "files")).ok
        await door.draw()

        (line,) = await replies(door, ts)
        assert [(one["name"], one["size"]) for one in line["files"]] == [("total.txt", 19)]

    async def test_where_there_are_no_files_the_window_says_so(self, door: SlackDoor) -> None:
        ts, _ = await mail(door)

        outcome = await choose(door, ts, "files")

        assert "brought files" in outcome.errors["more.action"]
