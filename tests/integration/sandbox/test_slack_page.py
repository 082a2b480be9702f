"""The page in a real browser: people click, type and choose; a Bolt app answers.

One browser serves all of it, with a fresh context for each test; so all of it shares one loop.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect
from slack_bolt.async_app import AsyncAck

from app.sandbox.slack.local import LocalSlack
from tests.integration.sandbox.bolt_app import CARD, BoltApp, button, form, words
from tests.integration.sandbox.test_slack_invocations import SEED

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
WIDE = ViewportSize(width=1280, height=800)
NARROW = ViewportSize(width=390, height=844)
HOSTILE = "<img src=x onerror=alert(1)> <script>alert(2)</script> <javascript:alert(3)|click me>"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def slack() -> AsyncIterator[LocalSlack]:
    async with LocalSlack(SEED, time_scale=0.01 / 60) as local:
        yield local


@pytest_asyncio.fixture(loop_scope="module")
async def app(slack: LocalSlack) -> AsyncIterator[BoltApp]:
    app = BoltApp(slack)
    async with app.serve():
        yield app


@pytest_asyncio.fixture(loop_scope="module")
async def page(slack: LocalSlack, browser: Browser) -> AsyncIterator[Page]:
    """The page, wide, with nothing ever wrong on its console."""
    complaints: list[str] = []
    page = await browser.new_page(viewport=WIDE)
    page.set_default_timeout(5_000)
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    await page.context.close()
    assert complaints == []


def card(page: Page, ts: str) -> Any:
    return page.locator(f".feed .message[data-ts='{ts}']")


class TestCards:
    async def test_a_click_changes_the_card(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        ts = await app.post_card()
        await page.goto(slack.page_url)

        await page.get_by_role("button", name="Assign to me").click()

        await expect(card(page, ts)).to_contain_text("assigned to ana")

    async def test_silence_shows_as_a_warning_in_words(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        @app.bolt.action("silent")
        async def never(ack: AsyncAck) -> None:
            await asyncio.sleep(1)
            await ack()

        ts = await app.post_card()
        slack.emulator.courier.ack_seconds = 0.5
        await page.goto(slack.page_url)

        await page.get_by_role("button", name="Stay silent").click()

        await expect(card(page, ts).locator(".spinner")).to_be_visible()
        await expect(card(page, ts).get_by_role("alert")).to_have_text("no answer within 0.5 s")
        await expect(card(page, ts).locator(".spinner")).to_have_count(0)

    async def test_hostile_text_is_text(self, slack: LocalSlack, app: BoltApp, page: Page) -> None:
        section = {"type": "section", "text": {"type": "mrkdwn", "text": HOSTILE}}
        posted = await app.client.chat_postMessage(channel="support", text="x", blocks=[section])
        await page.goto(slack.page_url)

        message = card(page, posted["ts"])
        await expect(message).to_contain_text("<script>alert(2)</script>")
        await expect(message).to_contain_text("click me")
        assert await message.locator("img, script, a[href^=javascript]").count() == 0

    async def test_marks_links_mentions_and_dates(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        text = (
            f"*bold* _it_ ~no~ `code` <https://a.example/x|a link> <@{slack.users['Ben']}> "
            "<!date^1700000000^{date_num}|then> 5*3*2 &lt;b&gt; :eyes: :unheard_of:\n&gt; quoted"
        )
        ts = (await app.client.chat_postMessage(channel="support", text=text))["ts"]
        await page.goto(slack.page_url)

        body = card(page, ts).locator(".text")
        await expect(body.locator("strong")).to_have_text("bold")
        await expect(body.locator("em")).to_have_text("it")
        await expect(body.locator("s")).to_have_text("no")
        await expect(body.locator("code")).to_have_text("code")
        await expect(body.locator("a")).to_have_attribute("href", "https://a.example/x")
        await expect(body.locator(".mention")).to_have_text("@Ben")
        await expect(body.locator("time")).to_have_text("2023-11-14")
        await expect(body.locator("blockquote")).to_have_text("quoted")
        await expect(body.get_by_role("img", name="eyes")).to_be_visible()
        await expect(body).to_contain_text("5*3*2 <b>")
        await expect(body).to_contain_text(":unheard_of:")

    async def test_an_unknown_block_shows_as_a_labelled_box(
        self, slack: LocalSlack, page: Page
    ) -> None:
        ts = slack.post_as_user("Ana", "support", "x")
        slack.emulator.workspace.channel("support").messages[ts].shown["blocks"] = [
            {"type": "data_table", "block_id": "b"}
        ]
        await page.goto(slack.page_url)

        await expect(card(page, ts)).to_contain_text("Block “data_table” is not drawn")

    async def test_an_overflow_menu_by_keyboard(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        ts = await app.post_card()
        await page.goto(slack.page_url)

        await card(page, ts).get_by_role("button", name="More actions", exact=True).focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("menuitem", name="Archive")).to_be_focused()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")

        await slack.wait_for(lambda: app.heard)
        assert app.heard[0]["actions"][0]["selected_option"]["value"] == "delete"

    async def test_a_question_comes_first_where_one_is_asked(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        app.bolt.action("wipe")(app._note)
        confirm = {"title": words("Wipe?"), "text": words("For good."), "confirm": words("Wipe it")}
        wipe = button("Wipe", "wipe", style="danger", confirm=confirm)
        blocks = [{"type": "actions", "elements": [wipe]}]
        await app.client.chat_postMessage(channel="support", text="x", blocks=blocks)
        await page.goto(slack.page_url)

        await page.get_by_role("button", name="Wipe").click()
        await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        assert app.heard == []
        await page.get_by_role("button", name="Wipe").click()
        await page.get_by_role("dialog").get_by_role("button", name="Wipe it").click()

        await slack.wait_for(lambda: app.heard)


class TestModals:
    async def test_from_errors_to_success(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        @app.bolt.view("form")
        async def check(ack: AsyncAck, view: dict[str, Any]) -> None:
            rude = view["state"]["values"]["body"]["text"]["value"] == "rude"
            await (ack(response_action="errors", errors={"body": "Be kind."}) if rude else ack())

        await app.post_card()
        await page.goto(slack.page_url)
        await page.get_by_role("button", name="Reply", exact=True).click()
        dialog = page.get_by_role("dialog", name="Reply")
        text = dialog.get_by_label("Text")
        await expect(text).to_be_focused()

        await dialog.get_by_role("button", name="Send").click()
        await expect(dialog.get_by_role("alert")).to_have_text("Please fill this in.")
        await text.fill("rude")
        await dialog.get_by_role("button", name="Send").click()
        await expect(dialog.get_by_role("alert")).to_have_text("Be kind.")
        await expect(text).to_have_attribute("aria-invalid", "true")
        await expect(text).to_have_value("rude")
        await text.fill("kind")
        await dialog.get_by_role("button", name="Send").click()

        await expect(dialog).to_have_count(0)
        assert slack.views("Ana") == []

    async def test_submit_waits_for_the_app(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        go_on = asyncio.Event()

        @app.bolt.view("form")
        async def slowly(ack: AsyncAck) -> None:
            await go_on.wait()
            await ack()

        await app.post_card()
        await page.goto(slack.page_url)
        await page.get_by_role("button", name="Reply", exact=True).click()
        dialog = page.get_by_role("dialog", name="Reply")
        await dialog.get_by_label("Text").fill("hi")

        await dialog.get_by_role("button", name="Send").click()

        await expect(dialog.locator("button[type=submit]")).to_be_disabled()
        go_on.set()
        await expect(dialog).to_have_count(0)

    async def test_escape_closes_and_focus_stays_inside(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        await app.post_card()
        await page.goto(slack.page_url)
        await page.get_by_role("button", name="Reply", exact=True).click()
        dialog = page.get_by_role("dialog", name="Reply")
        await expect(dialog).to_be_visible()

        for _ in range(12):
            await page.keyboard.press("Tab")
            outside = "!['BODY', 'HTML'].includes(document.activeElement.tagName)"
            inside = "Boolean(document.activeElement.closest('dialog'))"
            assert await page.evaluate(f"!({outside}) || {inside}")
        await page.keyboard.press("Escape")

        await expect(dialog).to_have_count(0)
        assert slack.views("Ana") == []

    async def test_the_focus_goes_back_to_its_button_though_the_card_changed(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        ts = await app.post_card()
        await page.goto(slack.page_url)
        reply = card(page, ts).get_by_role("button", name="Reply", exact=True)
        await reply.focus()
        await page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Reply")
        await expect(dialog).to_be_visible()

        changed = [{"type": "section", "text": words("Ana writes")}, *CARD]
        await app.client.chat_update(
            channel=slack.channels["support"], ts=ts, text="A mail", blocks=changed
        )
        await expect(card(page, ts)).to_contain_text("Ana writes")
        await page.keyboard.press("Escape")

        await expect(dialog).to_have_count(0)
        await expect(reply).to_be_focused()

    async def test_an_external_select_follows_what_is_typed(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        app.bolt.view("form")(app._note)
        await app.post_card()
        await page.goto(slack.page_url)
        await page.get_by_role("button", name="Reply", exact=True).click()
        dialog = page.get_by_role("dialog", name="Reply")

        await dialog.get_by_label("Template").click()
        await page.keyboard.type("refu")
        await expect(dialog.get_by_role("option")).to_have_text(["Refund"])
        await page.keyboard.press("Enter")
        await dialog.get_by_label("Text").fill("hi")
        await dialog.get_by_role("button", name="Send").click()

        await slack.wait_for(lambda: app.heard)
        state = app.heard[0]["view"]["state"]["values"]["template"]["template"]
        assert state["selected_option"]["value"] == "Refund"

    async def test_files_are_chosen_and_reach_the_app(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        app.bolt.view("form")(app._note)
        element = {"type": "file_input", "action_id": "files", "max_files": 2}
        block = {"type": "input", "block_id": "files", "label": words("Files"), "element": element}

        @app.bolt.shortcut("compose")
        async def compose(ack: AsyncAck, body: dict[str, Any]) -> None:
            await ack()
            view = form("Compose", blocks=[block])
            await app.client.views_open(trigger_id=body["trigger_id"], view=view)

        await page.goto(slack.page_url)
        await slack.use_shortcut("Ana", "compose")
        dialog = page.get_by_role("dialog", name="Compose")
        kinds = [{"name": f"{name}.txt", "mimeType": "text/plain", "buffer": b"x"} for name in "ab"]
        await dialog.get_by_label("Files").set_input_files(kinds)  # type: ignore[arg-type]
        await dialog.get_by_role("button", name="Remove a.txt").click()
        await dialog.get_by_role("button", name="Send").click()

        await slack.wait_for(lambda: app.heard)
        (file,) = app.heard[0]["view"]["state"]["values"]["files"]["files"]["files"]
        assert (file["name"], file["user"]) == ("b.txt", slack.users["Ana"])
        assert slack.file_bytes(file["id"]) == b"x"


class TestConversation:
    async def test_a_note_in_a_thread(self, slack: LocalSlack, app: BoltApp, page: Page) -> None:
        ts = await app.post_card()
        await page.goto(slack.page_url)

        await card(page, ts).hover()
        await card(page, ts).get_by_role("button", name="Reply in thread").click()
        await page.get_by_label("Write a note in this thread").fill("I called her")
        await page.keyboard.press("Enter")

        await expect(card(page, ts).get_by_role("button", name="1 reply")).to_be_visible()
        await expect(page.get_by_role("log", name="Thread")).to_contain_text("I called her")
        assert [one["text"] for one in slack.replies("support", ts)] == ["I called her"]

    async def test_a_channel_elsewhere_turns_bold(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        await page.goto(slack.page_url)
        await expect(page.locator("#online.on")).to_be_visible()

        await app.client.chat_postMessage(channel="sales", text="a lead")

        entry = page.get_by_role("navigation", name="Channels").get_by_role("link", name="sales")
        await expect(entry).to_have_class("unread")
        await entry.click()
        await expect(page.locator(".feed")).to_contain_text("a lead")
        await expect(entry).not_to_have_class("unread")

    async def test_what_is_whispered_only_one_person_sees(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        ben = slack.users["Ben"]
        await app.client.chat_postEphemeral(channel="support", user=ben, text="psst")
        await page.goto(slack.page_url)
        await expect(page.get_by_text("Nothing has been said here yet.")).to_be_visible()

        await page.get_by_label("Act as").select_option(label="Ben")

        await expect(page.locator(".feed .whispered")).to_contain_text("Only visible to you")

    async def test_direct_messages_from_the_app(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        await page.goto(slack.page_url)
        await expect(page.locator("#online.on")).to_be_visible()

        await app.client.chat_postMessage(channel=slack.users["Ana"], text="yours now")

        entry = page.locator("#rail a.unread")
        await expect(entry).to_contain_text("SharedBox")
        await entry.click()
        await expect(page.locator(".feed")).to_contain_text("yours now")

    async def test_an_edit_by_blocks_shows_no_mark_and_one_by_text_does(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        quiet, loud = await app.post_card(), slack.post_as_user("Ana", "support", "before")
        section = {"type": "section", "text": words("changed")}
        support = slack.channels["support"]
        await app.client.chat_update(channel=support, ts=quiet, text="x", blocks=[section])
        slack.edit_as_user("Ana", "support", loud, "after")
        await page.goto(slack.page_url)

        await expect(card(page, loud).get_by_text("(edited)")).to_be_visible()
        await expect(card(page, quiet).get_by_text("(edited)")).to_have_count(0)

    async def test_a_message_is_deleted_from_its_menu(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        ts = await app.post_card()
        await page.goto(slack.page_url)

        await card(page, ts).hover()
        await card(page, ts).get_by_label("More actions for this message").click()
        await page.get_by_role("menuitem", name="Delete message").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()

        await expect(card(page, ts)).to_have_count(0)
        assert slack.messages("support") == []

    async def test_a_permalink_opens_the_thread_of_a_reply(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        head = slack.post_as_user("Ana", "sales", "head")
        reply = slack.post_as_user("Ben", "sales", "the answer", head)
        link = await app.client.chat_getPermalink(channel=slack.channels["sales"], message_ts=reply)

        await page.goto(link["permalink"])

        await expect(page.get_by_role("heading", name="sales")).to_be_visible()
        found = page.get_by_role("log", name="Thread").locator(".found")
        await expect(found).to_contain_text("the answer")

    async def test_a_file_is_downloaded(self, slack: LocalSlack, app: BoltApp, page: Page) -> None:
        await app.client.files_upload_v2(
            channel=slack.channels["support"], content="bytes", filename="a.eml", title="A mail"
        )
        await page.goto(slack.page_url)

        async with page.expect_download() as download:
            await page.get_by_role("link", name="A mail").click()

        assert (await (await download.value).path()).read_bytes() == b"bytes"


@dataclass
class Mira:
    """A customer who remembers what she sent."""

    address: str = "support@acme.example"
    sent: list[tuple[str, str, str, str]] = field(default_factory=list)
    answered: list[str | None] = field(default_factory=list)

    async def send(
        self,
        sender_name: str,
        sender_address: str,
        subject: str,
        text: str,
        *,
        in_reply_to: str | None = None,
    ) -> None:
        self.sent.append((sender_name, sender_address, subject, text))
        self.answered.append(in_reply_to)

    async def received(self) -> list[dict[str, Any]]:
        return [
            {
                "from": self.address,
                "subject": f"Re: {one[2]}",
                "text": "Done.",
                "message_id": f"<{number}@acme.example>",
            }
            for number, one in enumerate(self.sent)
        ]


class TestPanes:
    async def test_the_customer_writes_and_reads(self, page: Page) -> None:
        mira = Mira()
        async with LocalSlack(customer=mira) as slack:
            await page.goto(slack.page_url)
            pane = page.get_by_role("tabpanel", name="Customer")
            await pane.get_by_label("Your address").fill("mira@example.com")
            await pane.get_by_label("Subject").fill("Invoice")
            await pane.get_by_label("Text").fill("It is wrong.")
            await pane.get_by_role("button", name="Send mail").click()

            await expect(pane.locator(".mails")).to_contain_text("Re: Invoice")
            await page.goto("about:blank")
        assert mira.sent == [("Mira Olsen", "mira@example.com", "Invoice", "It is wrong.")]

    async def test_an_example_is_sent_and_its_answer_answered(self, page: Page) -> None:
        mira = Mira()
        async with LocalSlack(customer=mira) as slack:
            await page.goto(slack.page_url)
            pane = page.get_by_role("tabpanel", name="Customer")
            await pane.get_by_role("button", name="Fill in an example").click()
            await expect(pane.get_by_role("button", name="Send mail")).to_be_focused()
            await page.keyboard.press("Enter")
            await pane.get_by_text("Re: Where is my parcel?").click()
            await pane.get_by_role("button", name="Answer").click()
            await page.keyboard.type("It came.")
            await pane.get_by_role("button", name="Send mail").click()
            await expect(pane.get_by_text("Re: Re: Where is my parcel?")).to_be_visible()
            await page.goto("about:blank")
        assert mira.sent[1][2:] == ("Re: Where is my parcel?", "It came.")
        assert mira.answered == [None, "<0@acme.example>"]

    async def test_without_a_customer_there_is_no_such_pane(
        self, slack: LocalSlack, page: Page
    ) -> None:
        await page.goto(slack.page_url)

        await expect(page.get_by_role("tab")).to_have_text(["Thread", "Inspector"])

    async def test_the_inspector_lists_deliveries(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        await page.goto(slack.page_url)
        await slack.click("Ana", "support", await app.post_card(), "silent")

        newest = page.get_by_role("tabpanel", name="Inspector").get_by_role("listitem").first
        await expect(newest).to_contain_text("block_actions")
        await expect(newest).to_contain_text("the app answered 404")

    async def test_the_inspector_opens_what_was_said(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        await page.goto(slack.page_url)
        ts = await app.post_card()
        await slack.click("Ana", "support", ts, "assign")

        pane = page.get_by_role("tabpanel", name="Inspector")
        delivery = pane.get_by_role("listitem").filter(has_text="block_actions")
        await expect(delivery).to_contain_text("assign")
        await delivery.locator("summary").click()
        await expect(delivery.locator("pre").first).to_contain_text('"action_id": "assign"')
        await pane.get_by_role("button", name="From the app").click()
        await expect(delivery).to_have_count(0)
        call = pane.get_by_role("listitem").filter(has_text="chat.update")
        await call.locator("summary").click()
        await expect(call.locator("pre").last).to_contain_text('"text": "assigned to ana"')

    async def test_the_home_tab(self, slack: LocalSlack, app: BoltApp, page: Page) -> None:
        @app.bolt.event("app_home_opened")
        async def publish(event: dict[str, Any]) -> None:
            home = {"type": "home", "blocks": [{"type": "header", "text": words("Your work")}]}
            await app.client.views_publish(user_id=event["user"], view=home)

        await page.goto(slack.page_url)
        await page.get_by_role("navigation", name="Channels").get_by_text("SharedBox").click()

        await expect(page.get_by_role("heading", name="Your work")).to_be_visible()


class TestNarrow:
    async def test_one_part_is_seen_at_a_time_and_nothing_sticks_out(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        await page.set_viewport_size(NARROW)
        ts = await app.post_card()
        slack.post_as_user("Ana", "support", "x" * 300, ts)
        await page.goto(slack.page_url)

        await card(page, ts).get_by_role("button", name="1 reply").click()
        await expect(page.get_by_role("log", name="Thread")).to_be_visible()
        await expect(page.locator(".feed")).to_be_hidden()
        await page.get_by_role("navigation", name="Panes").get_by_text("Channels").click()
        await page.get_by_role("link", name="support").click()
        await expect(card(page, ts)).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]


class TestCommandsAndShortcuts:
    async def test_a_command_is_completed_by_keyboard_and_answered(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        @app.bolt.command("/inbox")
        async def say(ack: AsyncAck, command: dict[str, Any]) -> None:
            await ack(f"You asked for “{command['text']}”.")

        await page.goto(slack.page_url)
        await page.get_by_label("Message #support").press_sequentially("/in")
        await expect(page.get_by_role("option", name="/inbox")).to_be_visible()
        await page.keyboard.press("Tab")
        await page.keyboard.type("mine")
        await page.keyboard.press("Enter")

        whispered = page.locator(".feed .whispered")
        await expect(whispered).to_contain_text("You asked for “mine”.")
        await expect(whispered).to_contain_text("Only visible to you")

    async def test_a_command_that_nobody_has_stays_in_the_box(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        await page.goto(slack.page_url)
        box = page.get_by_label("Message #support")
        await box.fill("/outbox now")
        await page.keyboard.press("Enter")

        await expect(page.get_by_text("The app has no such command.")).to_be_visible()
        await expect(box).to_have_value("/outbox now")

    async def test_a_global_shortcut_opens_a_modal(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        @app.bolt.shortcut("compose")
        async def compose(ack: AsyncAck, body: dict[str, Any]) -> None:
            await ack()
            await app.client.views_open(trigger_id=body["trigger_id"], view=form("Compose"))

        await page.goto(slack.page_url)
        await page.get_by_role("button", name="Shortcuts").click()
        await page.get_by_role("menuitem", name="Compose e-mail").click()

        await expect(page.get_by_role("dialog", name="Compose")).to_be_visible()

    async def test_a_shortcut_on_a_message(
        self, slack: LocalSlack, app: BoltApp, page: Page
    ) -> None:
        app.bolt.shortcut("from_message")(app._note)
        ts = slack.post_as_user("Ben", "support", "Please order paper")
        await page.goto(slack.page_url)

        await card(page, ts).hover()
        await card(page, ts).get_by_label("More actions for this message").click()
        await page.get_by_role("menuitem", name="Create e-mail from message").click()

        assert (await slack.wait_for(lambda: app.heard))[0]["message_ts"] == ts
