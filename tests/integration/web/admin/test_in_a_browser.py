"""Every page in Chromium: readable by all, in light, in dark and on a phone; and live."""

import os
import re
from datetime import timedelta
from pathlib import Path

import aiohttp
import pyotp
import pytest
from playwright.async_api import Page, ViewportSize, expect

from app.accounts.keys import make_key
from app.accounts.pausing import pause
from app.core.access import Role, Scope
from app.core.ids import AccountId
from app.slack.client import http_session
from app.slack.installations import Installations
from app.slack.oauth import SlackOAuth
from app.slack.sign_in import SlackSignIn
from app.store.models import AccountState, BrowserSession
from app.team import joining, sessions
from tests.fixtures.admin import PASSWORD, Admin, Person
from tests.fixtures.browser import PHONE, WIDE, Colours, Window, chromium, serving, window
from tests.fixtures.reading import furnish_talks

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("SHAREDBOX_TEST_SHOTS")
"""A folder for pictures of each page, for whoever wants to look at them."""


async def furnish(admin: Admin) -> tuple[Person, AccountId, str]:
    """A team at work: people, keys, accounts that are well and that are not, and an invitation."""
    web, now = admin.web, admin.web.container.clock.now()
    ana = await admin.enter(await admin.teammate(email="ana@example.com", name="Ana Ruiz"))
    await admin.teammate(Role.AGENT, email="ben@example.com", name="Ben Okoro")
    tenant = await web.tenant()
    sales = await web.account(address="sales@example.com", channel_id="C0SALES")
    async with web.store.begin(web.workspace_id) as uow:
        support = await uow.accounts.get(tenant.account_id)
        support.state, support.synced_at, support.provider = AccountState.LIVE, now, "generic"
        support.smtp_host, support.smtp_port = "smtp.example.com", 465
        support.smtp_security, support.smtp_username = "tls", "support@example.com"
        for folder in (await uow.mailboxes.of_accounts([support.id]))[support.id]:
            folder.last_checked_at = now - timedelta(seconds=20)
            folder.last_reconciled_at = now - timedelta(minutes=9)
            folder.uids_on_server, folder.older = 1204, 1100
        refused = await uow.accounts.get(sales)
        refused.state = AccountState.REFUSED
        refused.detail = "sales@example.com: The server refused the password."
        await make_key(uow, "reporting", [Scope.READ])
        uow.emit("account.live", account_id=support.id)
        uow.emit("account.refused", account_id=sales, reason="The server refused the password.")
        teammate = await uow.members.lock(ana.teammate_id)
        _, secret = joining.invite(
            uow, sessions.actor_of(teammate), Role.AGENT, "Cleo, from billing", now=now
        )
        uow.members.add(
            BrowserSession(
                workspace_id=web.workspace_id, digest=b"another", teammate_id=ana.teammate_id,
                signed_in_by="password and code", address="192.0.2.7",
                browser="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Safari/604.1",
                created_at=now, seen_at=now - timedelta(hours=2), expires_at=now + timedelta(1),
            )
        )  # fmt: skip
    return ana, tenant.account_id, secret


async def furnish_work(ana: Person, account: str) -> list[str]:
    """A rule, a route, a template, a signature and a webhook; and the pages they are seen on."""
    given: dict[str, dict[str, str]] = {
        "/rules/new": {
            "name": "Invoices", "field_0": "subject", "test_0": "contains", "value_0": "invoice",
            "tags": "billing", "do_flag": "yes",
        },
        "/routes": {
            "account": account, "kind": "alias", "value": "billing@example.com",
            "channel": "C0BILLING",
        },
        "/templates/new": {"name": "Thanks", "text": "Thank you, {{ customer.first_name }}."},
        "/signatures/new": {"text": "Ana Ruiz\nSupport"},
        "/webhooks/new": {"url": "https://crm.example.com/hook", "description": "CRM"},
    }  # fmt: skip
    for path, fields in given.items():
        answer = await ana.post(path, **fields)
        assert answer.status_code in {200, 303}, (path, answer.text)
    pages = ["/channels", "/rules", "/templates", "/signatures", "/webhooks", "/senders/new"]
    pages += [path for path in given if path != "/routes"]
    for path in ("/rules", "/templates", "/signatures", "/webhooks"):
        found = re.search(rf'href="({path}/[0-9a-f-]{{36}})"', (await ana.get(path)).text)
        assert found is not None
        pages.append(found[1])
    return pages


LOOKS: tuple[tuple[str, Colours, ViewportSize], ...] = (
    ("light", "light", WIDE),
    ("dark", "dark", WIDE),
    ("phone", "light", PHONE),
)


class TestEveryPage:
    @pytest.mark.timeout(300)
    async def test_has_no_violation_and_no_complaint(self, admin: Admin) -> None:
        ana, account, secret = await furnish(admin)
        paused = await admin.web.account(address="billing@example.com", channel_id="C0BILLING")
        async with admin.web.store.begin(admin.web.workspace_id) as uow:
            await pause(uow, paused, by="Ana Ruiz", now=admin.web.container.clock.now())
        inside = [
            f"/accounts/{paused}", "/channels/names",
            "/", "/accounts", f"/accounts/{account}", f"/accounts/{account}/change",
            f"/accounts/{account}/import", f"/accounts/{account}/delete", "/team",
            "/team/invite", "/keys", "/keys/new", "/audit", "/profile", "/profile/password",
            "/profile/slack/disconnect", "/outbox", "/commands",
            "/profile/second-factor", "/start", "/connect", "/settings", "/health",
            *await furnish_work(ana, str(account)), *await furnish_talks(admin, account, ana),
        ]  # fmt: skip
        wrong = []
        async with serving(admin) as base, chromium() as browser:
            for person, paths in ((ana, inside), (None, ["/sign-in", f"/join/{secret}"])):
                async with window(browser, base, person=person) as seen:
                    for path in paths:
                        await seen.goto(path)
                        wrong += [
                            f"{path}, {name}: {one}"
                            for name, colours, size in LOOKS
                            for one in await _faults(seen, path, name, colours, size)
                        ]
                    wrong += seen.complaints

        assert not wrong, "\n".join(wrong)


async def _faults(
    seen: Window, path: str, name: str, colours: Colours, size: ViewportSize
) -> list[str]:
    """What is wrong with a page that is seen like this; it follows without being loaded anew."""
    await seen.be_seen(colours, size)
    await _shoot(seen.page, f"{name}-{path}")
    return await seen.violations() + ["wider than the window"] * await seen.overflows()


@pytest.mark.parametrize(
    ("name", "colours", "size"), [("dark", "dark", WIDE), ("phone", "light", PHONE)]
)
class TestPagesSeenOnce:
    async def test_have_no_violation_either(
        self, admin: Admin, name: str, colours: Colours, size: ViewportSize
    ) -> None:
        ana, _, _ = await furnish(admin)
        wrong: list[str] = []
        async with (
            serving(admin) as base,
            chromium() as browser,
            window(browser, base, colours=colours, size=size, person=ana) as seen,
        ):
            form = seen.page.locator("main form")

            async def look(what: str, words: str) -> None:
                await expect(seen.page.get_by_text(words).first).to_be_visible()
                wrong.extend(f"{what}: {one}" for one in await seen.violations())
                wrong.extend([f"{what}: wider than the window"] * await seen.overflows())
                await _shoot(seen.page, f"{name}-once-{what}")

            await seen.goto("/keys/new")
            await seen.page.get_by_label("What is it for?").fill("reporting")
            await form.get_by_role("checkbox").first.check()
            await form.locator("button[type=submit]").last.click()
            await look("key", "sbx_")
            await seen.goto("/team/invite")
            await form.get_by_role("radio").first.check()
            await form.locator("button[type=submit]").last.click()
            await look("invitation", "/join/")
            await seen.goto("/profile/second-factor")
            secret = await seen.page.locator("main code").first.inner_text()
            await seen.page.get_by_label("Your password").fill(PASSWORD)
            code = pyotp.TOTP(secret.replace(" ", "")).at(admin.web.container.clock.now())
            await seen.page.get_by_label("Code").fill(code)
            await form.locator("button[type=submit]").last.click()
            await look("codes", "recovery code")
            await seen.goto("/webhooks/new")
            await seen.page.get_by_label("Address").fill("https://crm.example.com/hook")
            await form.locator("button[type=submit]").last.click()
            await look("webhook", "whsec_")
            async with http_session() as http:
                _offer_slack(admin, http)
                # Slack is not there: what leads on to it stays where it is.
                await seen.page.route("**/openid/**", lambda route: route.fulfill(status=204))
                await seen.goto("/profile/slack")
                await look("slack", "Slack asks you to sign in there.")
                await seen.page.get_by_label("Your password").fill(PASSWORD)
                await form.locator("button[type=submit]").last.click()
                await look("onward", "Go on to Slack")
            wrong += seen.complaints

        assert not wrong, "\n".join(wrong)


def _offer_slack(admin: Admin, http: aiohttp.ClientSession) -> None:
    parts = admin.web.container
    installed = Installations(parts.store, parts.vault)
    oauth = SlackOAuth(parts.settings, parts.store, parts.vault, installed, http)
    admin.web.app.state.slack_sign_in = SlackSignIn(oauth)


async def _shoot(page: Page, name: str) -> None:
    if SHOTS:
        file = re.sub(r"[^a-z]+", "-", re.sub(r"[0-9a-f-]{36}", "one", name)).strip("-")
        await page.screenshot(path=Path(SHOTS) / f"{file}.png", full_page=True)


class TestSigningIn:
    async def test_works_by_the_keyboard_alone(self, admin: Admin) -> None:
        await admin.teammate(email="ana@example.com", name="Ana Ruiz")
        async with serving(admin) as base, chromium() as browser, window(browser, base) as seen:
            await seen.goto("/team")
            await seen.page.get_by_label("E-mail address").focus()
            await seen.page.keyboard.type("ana@example.com")
            await seen.page.keyboard.press("Tab")
            await seen.page.keyboard.type(PASSWORD)
            await seen.page.keyboard.press("Enter")

            await expect(
                seen.page.get_by_role("heading", name="Team", exact=True, level=1)
            ).to_be_visible()
            await seen.page.get_by_role("button", name="Sign out").click()
            await expect(seen.page.get_by_text("You are signed out.")).to_be_visible()
            assert seen.complaints == []


class TestConnecting:
    async def test_goes_from_the_address_by_a_test_to_the_account(self, admin: Admin) -> None:
        ana = await admin.person()
        async with (
            serving(admin) as base,
            chromium() as browser,
            window(browser, base, person=ana) as seen,
        ):
            await seen.goto("/connect")
            await seen.page.get_by_label("E-mail address").fill("support@fastmail.com")
            await seen.page.get_by_role("button", name="Look for its servers").click()
            await seen.page.get_by_label("Password of the mailbox").fill("an app password")
            assert await seen.violations() == []
            await seen.page.get_by_role("button", name="Test it first").click()
            await expect(seen.page.get_by_text("A worker takes it up")).to_be_visible()
            assert await seen.violations() == []
            await _shoot(seen.page, "light-connect-how")
            await seen.page.get_by_label("Slack channel").fill("C0SUPPORT")
            await seen.page.get_by_role("button", name="Connect", exact=True).click()

            await expect(
                seen.page.get_by_role("heading", name="support@fastmail.com")
            ).to_be_visible()
            assert seen.complaints == []

    async def test_is_done_by_the_keyboard_alone(self, admin: Admin) -> None:
        ana = await admin.person()
        async with (
            serving(admin) as base,
            chromium() as browser,
            window(browser, base, person=ana) as seen,
        ):
            await seen.goto("/connect")
            keyboard = seen.page.keyboard
            await keyboard.type("support@fastmail.com")
            await keyboard.press("Enter")
            await expect(seen.page.get_by_label("Password of the mailbox")).to_be_visible()
            await seen.page.locator("main").focus()
            stops = await _stops(seen.page, until="Test it first")
            assert stops == [
                "Another address", "Password of the mailbox", "Servers", "Slack channel",
                "Folders, history and sent mail", "Connect", "Test it first",
            ]  # fmt: skip
            await keyboard.press("Shift+Tab")
            await keyboard.press("Shift+Tab")
            await keyboard.press("Enter")
            await keyboard.press("Tab")
            await expect(seen.page.get_by_label("Folders to watch")).to_be_focused()
            await keyboard.press("Shift+Tab")
            await keyboard.press("Shift+Tab")
            await keyboard.type("C0SUPPORT")
            await keyboard.press("Shift+Tab")
            await keyboard.press("Shift+Tab")
            await keyboard.type("an app password")
            await keyboard.press("Enter")

            await expect(
                seen.page.get_by_role("heading", name="support@fastmail.com")
            ).to_be_visible()
            assert seen.complaints == []


_STOP = """() => {
  const at = document.activeElement, style = getComputedStyle(at);
  const name = (at.labels?.[0] ?? at).innerText.trim();
  return [name, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0];
}"""


async def _stops(page: Page, *, until: str) -> list[str]:
    """What Tab comes to from here, each with a ring around it."""
    found: list[str] = []
    while not found or found[-1] != until:
        await page.keyboard.press("Tab")
        name, has_ring = await page.evaluate(_STOP)
        assert has_ring, f"{name} shows no ring"
        assert len(found) < 30, found
        found.append(name)
    return found


class TestARoute:
    async def test_asks_for_an_address_only_where_there_is_one(self, admin: Admin) -> None:
        ana = await admin.person()
        await admin.web.account()
        async with (
            serving(admin) as base,
            chromium() as browser,
            window(browser, base, person=ana) as seen,
        ):
            await seen.goto("/channels")
            value = seen.page.get_by_label("The address or the folder")
            await expect(value).to_be_hidden()
            await seen.page.get_by_label("What was written to an address").check()
            await expect(value).to_be_visible()
            await expect(value).to_have_js_property("required", True)
            await expect(seen.page.get_by_text("optional")).to_have_count(0)
            assert await seen.violations() == []
            await seen.page.get_by_label("All that no other route is for").check()
            await expect(value).to_be_hidden()
            await seen.page.get_by_label("Channel", exact=True).fill("C0ANYWHERE")
            await seen.page.get_by_role("button", name="Set the route").click()

            await expect(seen.page.get_by_text("goes to C0ANYWHERE.")).to_be_visible()
            assert seen.complaints == []


class TestALivePage:
    async def test_shows_what_happens_without_being_loaded_again(self, admin: Admin) -> None:
        ana, account, _ = await furnish(admin)
        async with (
            serving(admin) as base,
            chromium() as browser,
            window(browser, base, person=ana) as seen,
        ):
            await seen.goto(f"/accounts/{account}")
            await expect(seen.page.get_by_text("Connected: new mail comes in.")).to_be_visible()
            await seen.page.evaluate("() => { window.isTheSamePage = true; }")

            async with admin.web.store.begin(admin.web.workspace_id) as uow:
                (await uow.accounts.get(account)).state = AccountState.STOPPED
                uow.emit("account.stopped", account_id=account, reason="Its server is gone.")

            await expect(seen.page.get_by_text("Given up. Its server is gone.")).to_be_visible()
            assert await seen.page.evaluate("() => window.isTheSamePage")
            assert seen.complaints == []


class TestAQuestion:
    async def test_is_asked_before_a_key_is_revoked(self, admin: Admin) -> None:
        ana, _, _ = await furnish(admin)
        async with (
            serving(admin) as base,
            chromium() as browser,
            window(browser, base, person=ana) as seen,
        ):
            await seen.goto("/keys")
            await seen.page.get_by_role("button", name="Revoke").first.click()
            await expect(seen.page.get_by_role("dialog")).to_be_visible()
            assert await seen.violations() == []
            await seen.page.keyboard.press("Escape")
            await expect(seen.page.get_by_role("dialog")).to_be_hidden()
            await expect(seen.page.get_by_role("button", name="Revoke").first).to_be_focused()
            await seen.page.get_by_role("button", name="Revoke").first.click()
            await seen.page.get_by_role("button", name="Revoke it").click()

            await expect(seen.page.get_by_text("is refused from now on")).to_be_visible()
            assert seen.complaints == []


class TestTheMenuOfANarrowWindow:
    async def test_is_opened_and_closed_by_the_keyboard(self, admin: Admin) -> None:
        ana = await admin.person()
        async with (
            serving(admin) as base,
            chromium() as browser,
            window(browser, base, size=PHONE, person=ana) as seen,
        ):
            await seen.goto("/")
            button = seen.page.get_by_role("button", name="Menu")
            menu = seen.page.get_by_role("navigation", name="Main")
            await expect(menu).to_be_hidden()
            await button.press("Enter")
            await seen.page.keyboard.press("Tab")
            await expect(menu.get_by_role("link", name="Overview")).to_be_focused()
            assert await seen.violations() == []
            await seen.page.keyboard.press("Escape")

            await expect(menu).to_be_hidden()
            await expect(button).to_be_focused()
            assert seen.complaints == []


class TestColours:
    async def test_that_were_chosen_stay(self, admin: Admin) -> None:
        ana = await admin.person()
        async with (
            serving(admin) as base,
            chromium() as browser,
            window(browser, base, person=ana) as seen,
        ):
            await seen.goto("/")
            button = seen.page.get_by_role("button", name="Colours")
            await button.click()
            await button.click()
            await seen.goto("/team")

            theme = await seen.page.evaluate("() => document.documentElement.dataset.bsTheme")
            assert theme == "dark"
