"""From an address that somebody types to the first card in Slack, in Chromium.

Everything is real but the provider, which is npm's `emulate` as Microsoft and as Google. Only where
the servers of the domain are is told here, as it is of the large providers.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Locator, expect

from app.providers import domains
from app.providers.domains import KnownDomain, KnownServer
from tests.e2e.test_signing_in import SignedIn, signed_in
from tests.fixtures.browser import Window, chromium
from tests.fixtures.sessions import mail
from tests.fixtures.stack import Stack, text_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
__all__ = ["signed_in"]
PASSWORD = "four words in a row"
_PATIENCE = 60_000


def at_home(
    monkeypatch: pytest.MonkeyPatch, stack: Stack, *, oauth: str | None, takes_passwords: bool
) -> None:
    """Have the domain of the mailbox known, as one whose servers are the Dovecot."""
    inbox = stack.inbox
    server = KnownServer(inbox.host, inbox.port, inbox.security)
    domain = inbox.username.partition("@")[2]
    known = KnownDomain(
        title="Example Mail", imap=server, smtp=server, domains=(domain,), oauth=oauth,
        takes_passwords=takes_passwords,
    )  # fmt: skip
    monkeypatch.setattr(domains, "_BY_DOMAIN", {domain: known})


@asynccontextmanager
async def owner(stack: Stack) -> AsyncIterator[Window]:
    """A browser in which somebody has just become the owner, by the link of the terminal."""
    code, link = await stack.sharedbox("owner")
    assert code == 0, link
    async with chromium() as browser:
        # The certificate of the emulated Microsoft is of an authority that no browser knows.
        context = await browser.new_context(ignore_https_errors=True, reduced_motion="reduce")
        page = await context.new_page()
        page.set_default_timeout(_PATIENCE)
        seen = Window(page, str(stack.settings.base_url))
        page.on("console", lambda one: _note(seen, one.type, one.text))
        found = re.search(r"http\S+/join/\S+", link)
        assert found is not None, link
        await page.goto(found[0])
        await page.get_by_label("Your name").fill("Ana Ruiz")
        await page.get_by_label("E-mail address").fill("ana@example.com")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name=re.compile("Create the owner|Join")).click()
        await page.wait_for_url(f"{seen.base}/**")
        await expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=_PATIENCE)
        yield seen
        await context.close()


def _note(seen: Window, kind: str, text: str) -> None:
    if kind == "error":
        seen.complaints.append(text)


async def look_for_servers(seen: Window, stack: Stack) -> None:
    await seen.goto("/connect")
    await seen.page.get_by_label("E-mail address").fill(stack.inbox.username)
    await seen.page.get_by_role("button", name="Look for its servers").click()


async def choose(form: Locator, stack: Stack, *, folders: str | None = None) -> None:
    """The channel, the history, and the folders where no test has listed them."""
    await form.get_by_label("Slack channel").fill("#support")
    await form.get_by_text("Folders, history and sent mail").click()
    await form.get_by_label("Mail", exact=True).select_option("30")
    if folders is not None:
        await form.get_by_label("Folders to watch").fill(folders)
    await form.get_by_label("Send mail from this mailbox").set_checked(False)


async def every_step_is_good(seen: Window) -> None:
    await expect(seen.page.get_by_text("Everything works")).to_be_visible(timeout=_PATIENCE)
    login = seen.page.get_by_role("listitem").filter(has=seen.page.get_by_text("Login", exact=True))
    await expect(login.get_by_text("good", exact=True)).to_be_visible()
    await expect(seen.page.get_by_text("failed", exact=True)).to_have_count(0)


async def is_connected(seen: Window, stack: Stack) -> None:
    """The page says so by itself; what was there is brought in silently, and new mail is a card."""
    page = seen.page
    await expect(page.get_by_text("Connected: new mail comes in.")).to_be_visible(timeout=_PATIENCE)
    await expect(page.get_by_text("1 mail brought in of the last 30 days")).to_be_visible(
        timeout=_PATIENCE
    )
    assert stack.cards() == []
    await stack.inbox.deliver(mail("First", "first@acme.example"))
    await stack.card("First")
    (card,) = stack.cards()
    assert "Before" not in text_of(card)


class TestByASignIn:
    async def test_goes_from_the_address_to_the_first_card(
        self, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack, title = signed_in.stack, signed_in.provider.capitalize()
        at_home(monkeypatch, stack, oauth=signed_in.provider, takes_passwords=False)
        await stack.start_web()
        await stack.start_worker()
        await stack.inbox.deliver(mail("Before", "before@acme.example"))
        async with owner(stack) as seen:
            page = seen.page
            await look_for_servers(seen, stack)
            form = page.locator("form[action='/connect/sign-in']")
            await choose(form, stack, folders="INBOX\nArchive")
            await form.get_by_role("button", name=f"Sign in with {title}").click()
            await page.get_by_role("button", name=signed_in.who).click()
            await expect(page.get_by_role("heading", name=signed_in.who)).to_be_visible(
                timeout=_PATIENCE
            )

            await is_connected(seen, stack)
            await expect(page.get_by_role("rowheader", name="Archive")).to_be_visible()
            await page.get_by_role("button", name="Test every step").click()
            await every_step_is_good(seen)

            assert seen.complaints == []


class TestByAPassword:
    async def test_goes_from_the_address_to_the_first_card(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at_home(monkeypatch, stack, oauth=None, takes_passwords=True)
        await stack.inbox.deliver(mail("Before", "before@acme.example"))
        async with owner(stack) as seen:
            page = seen.page
            await look_for_servers(seen, stack)
            form = page.locator("form[action='/connect/password']")
            await form.get_by_label("Password of the mailbox").fill(stack.inbox.password)
            await form.get_by_text("Servers", exact=True).click()
            await choose(form, stack)
            await form.get_by_role("button", name="Test it first").click()
            await every_step_is_good(seen)
            await form.get_by_label("Archive").check()
            await form.get_by_role("button", name="Connect", exact=True).click()

            await is_connected(seen, stack)
            await expect(page.get_by_role("rowheader", name="Archive")).to_be_visible()

            assert seen.complaints == []
