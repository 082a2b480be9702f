"""A day with a shared inbox, worked through the page of the demo: what people do every day.

One demo and one browser serve all of it; each task has a mail of its own, and looks at the mail
server or the API where the page alone could be wrong.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.fixtures.browser import chromium, window
from tests.fixtures.demo import RunningDemo, card, demo, demo_folder
from tests.fixtures.stack import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
SECONDS = 20
"""For what passes the mail server, SharedBox and the workspace on its way to the page."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[RunningDemo]:
    expect.set_options(timeout=SECONDS * 1000)
    with demo_folder() as folder:
        async with demo(folder) as running:
            # A card that comes in moves those above it, and so what is about to be clicked.
            await running.says("The sample mails are in", within=120)
            yield running
    expect.set_options(timeout=5_000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@dataclass
class Desk:
    """The page, and somebody before it."""

    page: Page
    demo: RunningDemo

    @property
    def dialog(self) -> Locator:
        return self.page.locator("dialog.modal")

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("log", name="Thread")

    def card(self, subject: str) -> Locator:
        return card(self.page, subject)

    async def be(self, name: str) -> None:
        await self.page.get_by_label("Act as").select_option(label=name)

    async def write(self, subject: str, text: str = "Please have a look.") -> Locator:
        """Write to the inbox as the customer, and answer the card that comes of it."""
        await self.page.get_by_role("tab", name="Customer").click()
        pane = self.page.get_by_role("tabpanel", name="Customer")
        await pane.get_by_label("Subject").fill(subject)
        await pane.get_by_label("Text").fill(text)
        await pane.get_by_role("button", name="Send mail").click()
        await expect(self.card(subject)).to_be_visible()
        return self.card(subject)

    async def choose(self, mail: Locator, option: str) -> None:
        """From the menu of a card."""
        await mail.get_by_role("button", name="More actions", exact=True).click()
        await self.page.get_by_role("menuitem", name=option).click()

    async def more(self, mail: Locator, action: str) -> None:
        """One of the rarer actions of a card."""
        await self.choose(mail, "More actions…")
        await self.pick("What should happen?", action)
        await self.dialog.get_by_role("button", name="Do it").click()

    async def pick(self, label: str, option: str) -> None:
        """An option of a select in the window."""
        await self.dialog.get_by_label(label).click()
        await self.dialog.get_by_role("option", name=option).first.click()

    async def open_thread(self, mail: Locator) -> None:
        await mail.hover()
        await mail.get_by_role("button", name="Reply in thread").click()
        await expect(self.thread).to_be_visible()

    async def go_to(self, channel: str) -> None:
        await self.page.get_by_role("link", name=channel).click()
        await expect(self.page.get_by_label(f"Message #{channel}")).to_be_visible()

    async def command(self, text: str, answer: str) -> None:
        """Type a slash command in the channel that is open, and wait for what it answers."""
        channel = await self.page.locator("[aria-label^='Message #']").get_attribute("aria-label")
        said = self.page.locator(".feed .whispered").filter(has_text=answer)
        before = await said.count()
        await self.say(channel or "", text)
        await expect(said).to_have_count(before + 1)

    async def say(self, where: str, text: str) -> None:
        await self.page.get_by_label(where).fill(text)
        await self.page.keyboard.press("Enter")

    async def api(self, path: str, **query: str) -> Any:
        async with httpx.AsyncClient(
            base_url=self.demo.told["api_url"],
            headers={"Authorization": f"Bearer {self.demo.told['api_key']}"},
        ) as client:
            return (await client.get(path, params=query)).raise_for_status().json()

    async def sign(self, text: str) -> None:
        """Have everything that is sent signed."""
        async with httpx.AsyncClient(
            base_url=self.demo.told["api_url"],
            headers={"Authorization": f"Bearer {self.demo.told['api_key']}"},
        ) as client:
            (await client.put("/signatures", json={"text": text})).raise_for_status()

    async def conversation(self, subject: str) -> Any:
        found = await self.api("/conversations", q=subject)
        return next(one for one in found["items"] if one["subject"] == subject)


@pytest_asyncio.fixture(loop_scope="module")
async def desk(running: RunningDemo, browser: Browser) -> AsyncIterator[Desk]:
    """Ana before the page; nothing is ever wrong on its console."""
    async with window(browser, running.told["slack_url"]) as found:
        await found.goto("")
        await expect(found.page.locator("#online.on")).to_be_visible()
        yield Desk(found.page, running)
        assert found.complaints == []


class TestReading:
    async def test_a_long_mail_to_its_end(self, desk: Desk) -> None:
        lines = "\n".join(f"Line {number} of what happened." for number in range(600))
        mail = await desk.write("The whole story", lines)

        await desk.more(mail, "Show full mail")
        await expect(desk.dialog).to_contain_text("Page 1 of 2")
        await expect(desk.dialog).to_contain_text("The whole story")
        await desk.dialog.get_by_role("button", name="Next page").click()

        await expect(desk.dialog).to_contain_text("Line 599 of what happened.")


class TestAssigning:
    async def test_to_me_and_to_a_colleague_who_hears_of_it(self, desk: Desk) -> None:
        mail = await desk.write("A printer for the office")
        await mail.get_by_role("button", name="Assign to me").click()
        await expect(mail.get_by_text("@Ana")).to_be_visible()

        await desk.more(mail, "Assign to…")
        await desk.pick("To whom?", "Ben")
        await desk.dialog.get_by_label("Note").fill("You know our printers.")
        await desk.dialog.get_by_role("button", name="Assign").click()
        await expect(mail.get_by_text("@Ben")).to_be_visible()

        await desk.be("Ben")
        await desk.page.locator("#rail").get_by_role("link", name="SharedBox").click()
        await desk.page.locator("#views").get_by_role("button", name="Messages").click()
        told = desk.page.locator(".feed .message").filter(has_text="A printer for the office")
        await expect(told).to_contain_text("You know our printers.")


class TestAnswering:
    async def test_previewed_taken_back_sent_and_answered(self, desk: Desk) -> None:
        await desk.sign("Ana, Example Ltd")
        mail = await desk.write("When do you open?")
        await mail.get_by_role("button", name="Reply", exact=True).click()
        await desk.dialog.get_by_label("Add somebody").click()
        await desk.page.keyboard.type("boss@fjord.example")
        await desk.dialog.get_by_role("option", name="boss@fjord.example").last.click()
        copy = desk.dialog.get_by_role("textbox", name="Cc (optional)", exact=True)
        await expect(copy).to_have_value("boss@fjord.example")
        await desk.dialog.get_by_label("Message").fill("We open at *nine*.")
        await desk.dialog.get_by_role("button", name="Preview").click()
        await expect(desk.page.get_by_role("dialog", name="Preview")).to_contain_text(
            "We open at nine."
        )
        await desk.dialog.locator("footer").get_by_role("button", name="Back").click()
        await desk.pick("When", "In 1 hour")
        await desk.dialog.get_by_role("button", name="Schedule").click()

        await desk.open_thread(mail)
        await expect(desk.thread).to_contain_text("We open at nine.")
        await desk.thread.get_by_role("button", name="Cancel").click()
        await expect(desk.thread).to_contain_text("was taken back and not sent")

        await mail.get_by_role("button", name="Reply", exact=True).click()
        await desk.dialog.get_by_label("Message").fill("We open at eight.")
        await desk.pick("When", "Now")
        await desk.dialog.get_by_role("button", name="Send").click()
        await expect(desk.dialog).to_have_count(0)
        await expect(mail).to_contain_text("is sending a reply")

        await mail.get_by_role("button", name="Snooze").click()
        await desk.dialog.get_by_label("Until they reply").check()
        await desk.dialog.get_by_role("button", name="Snooze").click()
        await expect(mail).to_contain_text("Snoozed")

        await desk.page.get_by_role("tab", name="Customer").click()
        pane = desk.page.get_by_role("tabpanel", name="Customer")
        answer = pane.get_by_text("Re: When do you open?")
        await expect(answer).to_be_visible(timeout=2 * SECONDS * 1000)
        await answer.click()
        await expect(pane).to_contain_text("We open at eight.")
        received = pane.get_by_role("listitem").filter(has_text="Re: When do you open?")
        arrived = await received.inner_text()
        assert "support@example.com" in arrived
        assert "To mira" in arrived
        assert "References <" in arrived
        assert arrived.count("Ana, Example Ltd") == 1
        await expect(mail).to_contain_text("replied")
        await received.get_by_role("button", name="Answer").click()
        await pane.get_by_label("Text").fill("Thank you, see you then.")
        await pane.get_by_role("button", name="Send mail").click()

        await expect(mail).not_to_contain_text("Snoozed")
        await desk.open_thread(mail)
        await expect(desk.thread).to_contain_text("Thank you, see you then.")


class TestNotes:
    async def test_written_mended_and_deleted(self, desk: Desk) -> None:
        mail = await desk.write("Our contract ends")
        await desk.open_thread(mail)
        await desk.say("Write a note in this thread", "Ask Dana firrst")
        note = desk.thread.locator(".message").filter(has_text="Ask Dana")
        await expect(desk.thread.get_by_text("This stays internal")).to_be_visible()
        where = f"/conversations/{(await desk.conversation('Our contract ends'))['id']}"

        async def notes() -> list[str]:
            return [one["text"] for one in (await desk.api(where))["notes"]]

        await note.hover()
        await note.get_by_label("More actions for this message").click()
        await desk.page.get_by_role("menuitem", name="Edit message").click()
        await note.get_by_label("Edit message").fill("Ask Dana first")
        await note.get_by_role("button", name="Save").click()
        await expect(note).to_contain_text("(edited)")
        await eventually(_being(notes, ["Ask Dana first"]), within=SECONDS)

        await note.hover()
        await note.get_by_label("More actions for this message").click()
        await desk.page.get_by_role("menuitem", name="Delete message").click()
        await desk.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(note).to_have_count(0)
        await eventually(_being(notes, []), within=SECONDS)


class TestFiling:
    async def test_under_a_tag_and_in_a_folder_that_is_found_by_typing(self, desk: Desk) -> None:
        mail = await desk.write("Two chairs are broken")
        await desk.more(mail, "Tags…")
        await desk.dialog.get_by_label("New tags").fill("furniture")
        await desk.dialog.get_by_role("button", name="Save").click()
        await expect(mail).to_contain_text("furniture")

        await desk.choose(mail, "Move to…")
        await desk.dialog.get_by_label("Folder").click()
        await desk.page.keyboard.type("arch")
        await expect(desk.dialog.get_by_role("option")).to_have_text(["Archive"])
        await desk.page.keyboard.press("Enter")
        await desk.dialog.get_by_role("button", name="Move").click()

        await expect(mail).to_contain_text("Archive")
        await eventually(_is_in(desk, "Archive", "Two chairs are broken"), within=SECONDS)

    async def test_as_spam_and_back_again(self, desk: Desk) -> None:
        mail = await desk.write("You have won")
        await desk.choose(mail, "Mark as spam")
        await desk.dialog.get_by_role("button", name="Mark as spam").click()
        await expect(mail).to_contain_text("Spam by")
        assert "You have won" in desk.demo.mails("Junk")

        await mail.get_by_role("button", name="Undo").click()
        await expect(mail).to_contain_text("Unassigned")
        await eventually(_is_in(desk, "INBOX", "You have won"), within=SECONDS)


class TestBeingDone:
    async def test_and_open_again(self, desk: Desk) -> None:
        mail = await desk.write("Thanks for the fish")
        await mail.get_by_role("button", name="Done").click()
        await expect(mail).to_contain_text("Done by")
        await mail.get_by_role("button", name="Reopen").click()

        await expect(mail).to_contain_text("Unassigned")
        assert (await desk.conversation("Thanks for the fish"))["status"] == "open"


class TestFinding:
    async def test_old_mail_from_the_home_tab_and_by_a_command(self, desk: Desk) -> None:
        await desk.page.locator("#rail").get_by_role("link", name="SharedBox").click()
        await expect(desk.page.get_by_role("heading", name="Your inbox")).to_be_visible()
        await desk.page.get_by_role("button", name="Find mail").click()
        await desk.dialog.get_by_label("What is to be found?").fill("invoice 4471")
        await desk.dialog.get_by_role("button", name="Find").click()
        await expect(desk.dialog).to_contain_text("Invoice 4471 is WRONG")
        await desk.dialog.locator("footer").get_by_role("button", name="Close").click()

        await desk.page.get_by_role("link", name="support").click()
        await desk.say("Message #support", "/inbox search meter")

        found = desk.page.locator(".feed .whispered").filter(has_text="Meter readings")
        await expect(found).to_be_visible()


class TestShortcuts:
    async def test_on_a_message_and_by_emoji_where_the_channel_wants_it(self, desk: Desk) -> None:
        mail = await desk.write("A question about wood")
        await mail.hover()
        await mail.get_by_label("More actions for this message").click()
        await desk.page.get_by_role("menuitem", name="Assign to me").click()
        await expect(mail.get_by_text("@Ana")).to_be_visible()

        await desk.say("Message #support", "/inbox emoji on")
        await expect(desk.page.locator(".feed .whispered").last).to_contain_text("Emoji")
        await desk.be("Ben")
        await mail.hover()
        await mail.get_by_role("button", name="React", exact=True).click()
        await desk.page.get_by_role("menuitem", name="white_check_mark").click()

        await expect(mail).to_contain_text("Done by")


class TestRouting:
    async def test_brings_mail_to_the_channel_where_somebody_says_here(self, desk: Desk) -> None:
        try:
            await desk.go_to("sales")
            await desk.command("/inbox here", "comes to")

            mail = await desk.write("A hundred chairs, please")
            await mail.get_by_role("button", name="Assign to me").click()
            await expect(mail.get_by_text("@Ana")).to_be_visible()
        finally:
            await desk.go_to("support")
            await desk.command("/inbox here", "comes to")
        await expect(desk.card("A hundred chairs, please")).to_have_count(0)


class TestRules:
    async def test_made_from_a_mail_holds_for_the_next_one_until_it_is_turned_off(
        self, desk: Desk
    ) -> None:
        mail = await desk.write("Our first wood of the year")
        await desk.more(mail, "Make a rule from this mail…")
        await desk.dialog.get_by_label("All mail from anybody at").check()
        await desk.dialog.get_by_label("Tag it").fill("timber")
        await desk.dialog.get_by_role("button", name="Make it").click()
        await expect(desk.dialog).to_have_count(0)

        await expect(await desk.write("Our second wood of the year")).to_contain_text("timber")
        await expect(mail).not_to_contain_text("timber")

        await desk.page.locator("#rail").get_by_role("link", name="SharedBox").click()
        await expect(desk.page.get_by_text("Mail from fjord.example")).to_be_visible()
        await desk.page.get_by_role("button", name="Turn off").click()
        await expect(desk.page.get_by_role("button", name="Turn on")).to_be_visible()
        await desk.go_to("support")
        third = await desk.write("Our third wood of the year")
        await expect(third).to_contain_text("Unassigned")
        await expect(third).not_to_contain_text("timber")


class TestASecondWorkspace:
    async def test_gets_the_app_and_sees_nothing_of_the_first(self, desk: Desk) -> None:
        await desk.write("Only for Acme")
        await desk.page.get_by_role("button", name="Birch Workshop").click()
        await expect(desk.page.get_by_text("SharedBox is not in Birch Workshop")).to_be_visible()

        async with desk.page.expect_popup() as opened:
            await desk.page.get_by_role("link", name="Add SharedBox").click()
        consent = await opened.value
        await consent.get_by_role("button", name="Allow").click()
        await expect(consent.get_by_text("Birch Workshop is connected")).to_be_visible()
        await consent.close()

        await desk.page.locator("#rail").get_by_role("link", name="SharedBox").click()
        await expect(desk.page.get_by_text("No mailbox is connected yet")).to_be_visible()
        async with desk.page.expect_popup() as admin:
            await desk.page.get_by_role("button", name="Connect a mailbox").click()
        await expect((await admin.value).get_by_role("link", name="Slack")).to_be_visible()
        await (await admin.value).close()
        await desk.page.get_by_role("link", name="orders").click()
        await desk.say("Message #orders", "/inbox search acme")
        said = desk.page.locator(".feed .whispered")
        await expect(said).to_be_visible()
        await expect(said).not_to_contain_text("Only for Acme")

        await desk.page.get_by_role("button", name="Acme").click()
        await expect(desk.card("Only for Acme")).to_be_visible()


class TestFiles:
    async def test_of_a_mail_are_shown_in_its_thread_and_downloaded(self, desk: Desk) -> None:
        mail = desk.card("Meter readings since January")
        in_the_admin = re.compile(r"/messages/[0-9a-f-]+/files/\d+$")
        link = mail.get_by_role("link", name="readings.csv")
        await expect(link).to_have_attribute("href", in_the_admin)

        await desk.more(mail, "Show files")
        await desk.open_thread(mail)
        file = desk.thread.locator("a[download]", has_text="readings.csv")
        async with desk.page.expect_download() as download:
            await file.click()

        assert (await (await download.value).path()).stat().st_size > 800_000


def _being(look: Any, wanted: object) -> Any:
    async def matches() -> bool:
        return bool(await look() == wanted)

    return matches


def _is_in(desk: Desk, folder: str, subject: str) -> Any:
    async def look() -> bool:
        return subject in desk.demo.mails(folder)

    return look
