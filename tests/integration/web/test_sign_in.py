"""Signing in at a provider, by the two routes a browser takes, against npm's `emulate`.

Each refusal leaves the grant as it was, says why in words, and uses up what it was shown.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from app.core.config import Settings
from app.core.ids import AccountId
from app.providers.oauth.registry import oauth_providers
from app.store.models import Grant, GrantState
from app.web.app import create_app
from tests.fixtures.identity import STRANGER, Identity
from tests.fixtures.web import BOOTSTRAP_KEY, Web

HTTPS = "https://box.example.com"


@dataclass
class Door:
    """An installation that may sign in at both providers, and browsers that visit it."""

    web: Web
    app: Any
    identity: Identity
    provider: str
    browsers: list[httpx.AsyncClient]

    def browser(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app)
        self.browsers.append(httpx.AsyncClient(transport=transport, base_url=HTTPS))
        return self.browsers[-1]

    async def connect(self, who: str, **oauth: Any) -> dict[str, Any]:
        """Connect an account for this address; nobody has signed in yet."""
        answer = await self.browser().post(
            "/api/v1/accounts",
            json={
                "address": who,
                "oauth": {"provider": self.provider, **oauth},
                "channel": "C0SUPPORT",
            },
            headers={"Authorization": f"Bearer {BOOTSTRAP_KEY}"},
        )
        assert answer.status_code == 201, answer.text
        account: dict[str, Any] = answer.json()
        return account

    async def back(self, browser: httpx.AsyncClient, url: str, who: str, **changes: str) -> str:
        """Open the link and sign in as `who`; answers the path the browser is sent back to."""
        begun = await browser.get(url)
        assert begun.status_code == 303, begun.text
        back = await self.identity.agree(begun.headers["location"], who, **changes)
        assert back.startswith(f"{HTTPS}/oauth/{self.provider}/callback?")
        return back.removeprefix(HTTPS)

    async def execute(self, statement: str) -> None:
        async with self.web.store.begin(self.web.workspace_id) as uow:
            await uow.session.exec(text(statement))  # type: ignore[call-overload]

    async def count(self, table: str) -> int:
        async with self.web.store.begin(self.web.workspace_id) as uow:
            found = await uow.session.exec(text(f"SELECT count(*) FROM {table}"))  # type: ignore[call-overload]
            return int(found.scalar_one())

    async def revision(self, account: dict[str, Any]) -> int:
        async with self.web.store.begin(self.web.workspace_id) as uow:
            return (await uow.accounts.get(AccountId(UUID(account["id"])))).revision

    async def grant(self, account: dict[str, Any]) -> Grant:
        async with self.web.store.begin(self.web.workspace_id) as uow:
            row = await uow.accounts.get(AccountId(UUID(account["id"])))
            assert row.grant_id is not None
            return await uow.grants.get(row.grant_id)


@pytest.fixture
async def door(web: Web, identity: Identity, provider_name: str) -> AsyncIterator[Door]:
    given = identity.settings() | {"base_url": HTTPS}
    kept = web.container.settings.model_dump(exclude_unset=True)
    settings = Settings(_env_file=None, **(kept | given))
    container = replace(web.container, settings=settings, oauth=oauth_providers(settings))
    opened = Door(web, create_app(container, None), identity, provider_name, [])
    yield opened
    for browser in opened.browsers:
        await browser.aclose()


class TestSigningIn:
    async def test_lets_the_account_in(self, door: Door) -> None:
        who, browser = door.identity.take(), door.browser()
        account = await door.connect(who)
        assert account["oauth"]["state"] == "pending"

        path = await door.back(browser, account["sign_in_url"], who)
        page = await browser.get(path)

        assert page.status_code == 200
        assert f"SharedBox opens {who} as {who} now" in page.text
        grant = await door.grant(account)
        assert (grant.state, grant.identity) == (GrantState.ACTIVE, who)
        assert grant.access_token
        assert grant.refresh_token
        assert grant.expires_at

    async def test_marks_the_browser_by_a_cookie_no_script_and_no_other_host_can_reach(
        self, door: Door
    ) -> None:
        account = await door.connect(door.identity.take())

        begun = await door.browser().get(account["sign_in_url"])

        cookie = begun.headers["set-cookie"]
        assert cookie.startswith("__Host-sharedbox-sign-in=")
        assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
        assert begun.headers["cache-control"] == "no-store"
        assert begun.headers["referrer-policy"] == "no-referrer"

    async def test_keeps_no_token_in_the_clear(self, door: Door) -> None:
        who, browser = door.identity.take(), door.browser()
        account = await door.connect(who)
        await browser.get(await door.back(browser, account["sign_in_url"], who))
        grant = await door.grant(account)
        vault = door.web.container.vault
        tokens = [vault.open(one) for one in (grant.access_token, grant.refresh_token) if one]
        assert len(tokens) == 2

        shown = await browser.get(
            f"/api/v1/accounts/{account['id']}",
            headers={"Authorization": f"Bearer {BOOTSTRAP_KEY}"},
        )

        assert shown.json()["oauth"]["identity"] == who
        everywhere = shown.text + repr(grant)
        assert [one for one in tokens if one in everywhere] == []

    async def test_as_somebody_else_is_refused(self, door: Door) -> None:
        who, browser = door.identity.take(), door.browser()
        account = await door.connect(who)

        page = await browser.get(await door.back(browser, account["sign_in_url"], STRANGER))

        assert page.status_code == 400
        assert f"as {STRANGER}, and not as {who}" in page.text
        assert (await door.grant(account)).state is GrantState.PENDING

    async def test_as_somebody_else_is_right_for_a_shared_mailbox(self, door: Door) -> None:
        who, browser = door.identity.take(), door.browser()
        account = await door.connect(who, shared=True)

        page = await browser.get(await door.back(browser, account["sign_in_url"], STRANGER))

        assert page.status_code == 200
        grant = await door.grant(account)
        assert (grant.address, grant.identity) == (who, STRANGER)

    async def test_without_the_mailbox_is_refused(self, door: Door) -> None:
        who, browser = door.identity.take(), door.browser()
        account = await door.connect(who)

        path = await door.back(browser, account["sign_in_url"], who, scope="openid email profile")
        page = await browser.get(path)

        assert page.status_code == 400
        assert "no access to the mailbox" in page.text
        assert (await door.grant(account)).state is GrantState.PENDING


class TestTheLink:
    @pytest.fixture
    def provider_name(self) -> str:
        return "google"

    @pytest.mark.parametrize("ticket", ["", "nobody-made-this"])
    async def test_nobody_made_leads_nowhere(self, door: Door, ticket: str) -> None:
        page = await door.browser().get(f"/oauth/{door.provider}/start?ticket={ticket}")

        assert page.status_code == 400
        assert "This sign-in is over" in page.text

    async def test_for_another_provider_leads_nowhere(self, door: Door) -> None:
        account = await door.connect(door.identity.take())
        other = {"google": "microsoft", "microsoft": "google"}[door.provider]

        page = await door.browser().get(
            account["sign_in_url"].replace(f"/{door.provider}/", f"/{other}/")
        )

        assert page.status_code == 400

    async def test_for_a_provider_nobody_set_up_says_so(self, door: Door) -> None:
        page = await door.browser().get("/oauth/zoho/start?ticket=x")

        assert page.status_code == 404
        assert "not set up to sign in with zoho" in page.text

    async def test_that_another_browser_has_opened_leads_nowhere(self, door: Door) -> None:
        account = await door.connect(door.identity.take())
        assert (await door.browser().get(account["sign_in_url"])).status_code == 303

        page = await door.browser().get(account["sign_in_url"])

        assert page.status_code == 400

    async def test_may_be_opened_twice_in_the_same_browser(self, door: Door) -> None:
        browser, who = door.browser(), door.identity.take()
        account = await door.connect(who)
        await browser.get(account["sign_in_url"])

        page = await browser.get(await door.back(browser, account["sign_in_url"], who))

        assert page.status_code == 200

    async def test_is_made_anew_for_whoever_asks_with_a_key(self, door: Door) -> None:
        account = await door.connect(door.identity.take())
        url = f"/api/v1/accounts/{account['id']}/sign-in"

        refused = await door.browser().post(url)
        made = await door.browser().post(url, headers={"Authorization": f"Bearer {BOOTSTRAP_KEY}"})

        assert (refused.status_code, made.status_code) == (401, 201)
        assert made.json()["sign_in_url"] != account["sign_in_url"]


class TestComingBack:
    """Each of these was begun as it should be, and comes back otherwise."""

    @pytest.fixture
    def provider_name(self) -> str:
        return "microsoft"

    @pytest.fixture
    async def account(self, door: Door) -> dict[str, Any]:
        return await door.connect(door.identity.take())

    async def refuse(self, door: Door, account: dict[str, Any], page: httpx.Response) -> str:
        assert page.status_code in {400, 404, 503}
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["cache-control"] == "no-store"
        assert (await door.grant(account)).state is GrantState.PENDING
        return page.text

    async def test_without_a_state(self, door: Door, account: dict[str, Any]) -> None:
        browser = door.browser()
        path = await door.back(browser, account["sign_in_url"], account["address"])
        code = parse_qs(urlsplit(path).query)["code"][0]

        page = await browser.get(f"/oauth/{door.provider}/callback?code={code}")

        assert "This sign-in is over" in await self.refuse(door, account, page)

    async def test_with_a_state_nobody_gave(self, door: Door, account: dict[str, Any]) -> None:
        browser = door.browser()
        path = await door.back(browser, account["sign_in_url"], account["address"], state="x" * 43)

        page = await browser.get(path)

        assert "This sign-in is over" in await self.refuse(door, account, page)

    async def test_in_another_browser(self, door: Door, account: dict[str, Any]) -> None:
        path = await door.back(door.browser(), account["sign_in_url"], account["address"])

        page = await door.browser().get(path)

        assert "begun in another browser" in await self.refuse(door, account, page)

    async def test_in_another_browser_that_began_one_too(
        self, door: Door, account: dict[str, Any]
    ) -> None:
        """An attacker's own answer, slipped to somebody who is signing in (login CSRF)."""
        victim = door.browser()
        other = await door.connect(door.identity.take())
        await victim.get(other["sign_in_url"])
        path = await door.back(door.browser(), account["sign_in_url"], account["address"])

        page = await victim.get(path)

        assert "begun in another browser" in await self.refuse(door, account, page)
        assert (await door.grant(other)).state is GrantState.PENDING

    async def test_to_another_provider(self, door: Door, account: dict[str, Any]) -> None:
        """The answer of one provider must not be taken for another's (mix-up)."""
        browser = door.browser()
        path = await door.back(browser, account["sign_in_url"], account["address"])
        other = {"google": "microsoft", "microsoft": "google"}[door.provider]

        page = await browser.get(path.replace(f"/{door.provider}/", f"/{other}/"))

        assert "This sign-in is over" in await self.refuse(door, account, page)

    async def test_twice(self, door: Door, account: dict[str, Any]) -> None:
        browser = door.browser()
        path = await door.back(browser, account["sign_in_url"], account["address"])
        assert (await browser.get(path)).status_code == 200
        before = await door.grant(account)

        page = await browser.get(path)

        assert page.status_code == 400
        assert (await door.grant(account)).version == before.version

    async def test_too_late(self, door: Door, account: dict[str, Any]) -> None:
        browser = door.browser()
        path = await door.back(browser, account["sign_in_url"], account["address"])
        await door.execute("UPDATE oauth_sign_ins SET expires_at = now() - interval '1 s'")

        page = await browser.get(path)

        assert "This sign-in is over" in await self.refuse(door, account, page)

    async def test_with_a_code_that_was_used(self, door: Door, account: dict[str, Any]) -> None:
        browser, other = door.browser(), await door.connect(door.identity.take())
        used = await door.back(browser, other["sign_in_url"], other["address"])
        await browser.get(used)
        path = await door.back(browser, account["sign_in_url"], account["address"])
        mine = parse_qs(urlsplit(path).query)["code"][0]
        theirs = parse_qs(urlsplit(used).query)["code"][0]

        page = await browser.get(path.replace(mine, theirs))

        assert "did not work" in await self.refuse(door, account, page)

    async def test_with_a_refusal(self, door: Door, account: dict[str, Any]) -> None:
        browser = door.browser()
        path = await door.back(browser, account["sign_in_url"], account["address"])
        state = parse_qs(urlsplit(path).query)["state"][0]

        page = await browser.get(
            f"/oauth/{door.provider}/callback?state={state}&error=access_denied"
        )

        assert "was told not to give" in await self.refuse(door, account, page)
        assert (await browser.get(path)).status_code == 400, "the state was used up"

    async def test_with_markup_in_the_words_of_a_refusal(
        self, door: Door, account: dict[str, Any]
    ) -> None:
        browser = door.browser()
        path = await door.back(browser, account["sign_in_url"], account["address"])
        state = parse_qs(urlsplit(path).query)["state"][0]

        page = await browser.get(
            f"/oauth/{door.provider}/callback",
            params={
                "state": state,
                "error": "server_error",
                "error_description": "<script>alert(1)</script>\r\nSet-Cookie: x=1",
            },
        )

        text = await self.refuse(door, account, page)
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text
        assert "set-cookie" not in page.headers

    @pytest.mark.parametrize("name", ["next", "return_to", "redirect_uri"])
    async def test_with_a_place_to_go_to(
        self, door: Door, account: dict[str, Any], name: str
    ) -> None:
        browser = door.browser()
        path = await door.back(browser, account["sign_in_url"], account["address"])

        page = await browser.get(f"{path}&{name}=https://evil.example")

        assert page.status_code == 200
        assert "evil.example" not in page.text
        assert "location" not in page.headers


class TestSigningInAgain:
    @pytest.fixture
    def provider_name(self) -> str:
        return "google"

    @pytest.fixture
    async def dead(self, door: Door) -> dict[str, Any]:
        """An account whose grant has died."""
        account = await door.connect(door.identity.take())
        browser = door.browser()
        path = await door.back(browser, account["sign_in_url"], account["address"])
        await browser.get(path)
        await door.execute("UPDATE oauth_grants SET state = 'dead', detail = 'Revoked.'")
        return account

    def again(self, door: Door, account: dict[str, Any]) -> str:
        return f"/oauth/{door.provider}/start?account={account['id']}"

    async def test_takes_one_link_and_no_key(self, door: Door, dead: dict[str, Any]) -> None:
        browser = door.browser()

        page = await browser.get(await door.back(browser, self.again(door, dead), dead["address"]))

        assert page.status_code == 200
        grant = await door.grant(dead)
        assert (grant.state, grant.detail) == (GrantState.ACTIVE, "")

    async def test_has_the_account_connected_anew(self, door: Door, dead: dict[str, Any]) -> None:
        browser = door.browser()
        before = await door.revision(dead)

        await browser.get(await door.back(browser, self.again(door, dead), dead["address"]))

        assert await door.revision(dead) == before + 1

    async def test_as_another_is_refused(self, door: Door, dead: dict[str, Any]) -> None:
        browser = door.browser()

        page = await browser.get(await door.back(browser, self.again(door, dead), STRANGER))

        assert page.status_code == 400
        assert f"{STRANGER} is not who signed in for {dead['address']} before" in page.text
        assert (await door.grant(dead)).state is GrantState.DEAD

    async def test_is_nothing_where_nothing_is_wrong(
        self, door: Door, dead: dict[str, Any]
    ) -> None:
        await door.execute("UPDATE oauth_grants SET state = 'active'")

        page = await door.browser().get(self.again(door, dead))

        assert page.status_code == 409
        assert "needs nobody to sign in" in page.text

    async def test_for_an_account_there_is_not_says_no_more(self, door: Door) -> None:
        nobody = {"id": "0197f6a0-0000-7000-8000-000000000000"}

        page = await door.browser().get(self.again(door, nobody))

        assert page.status_code == 404


class TestWhatIsAskedOfTheApi:
    @pytest.fixture
    def provider_name(self) -> str:
        return "google"

    async def test_with_a_password_as_well_is_refused(self, door: Door) -> None:
        answer = await door.browser().post(
            "/api/v1/accounts",
            json={
                "address": "ana@example.com",
                "oauth": {"provider": door.provider},
                "imap": {
                    "host": "imap.gmail.com", "port": 993, "security": "tls",
                    "username": "ana@example.com", "password": "x",
                },
                "channel": "C0SUPPORT",
            },
            headers={"Authorization": f"Bearer {BOOTSTRAP_KEY}"},
        )  # fmt: skip

        assert answer.status_code == 400
        assert "not both" in answer.json()["detail"]

    async def test_to_show_tokens_to_a_stranger_is_refused(self, door: Door) -> None:
        answer = await door.browser().post(
            "/api/v1/accounts",
            json={
                "address": "ana@example.com",
                "oauth": {"provider": door.provider},
                "imap": {
                    "host": "imap.evil.example", "port": 993, "security": "tls",
                    "username": "ana@example.com",
                },
                "channel": "C0SUPPORT",
            },
            headers={"Authorization": f"Bearer {BOOTSTRAP_KEY}"},
        )  # fmt: skip

        assert answer.status_code == 400
        assert "is not shown its tokens" in answer.json()["detail"]

    async def test_to_move_an_account_to_a_stranger_is_refused(self, door: Door) -> None:
        account = await door.connect(door.identity.take())

        answer = await door.browser().patch(
            f"/api/v1/accounts/{account['id']}",
            json={
                "imap": {
                    "host": "imap.evil.example", "port": 993, "security": "tls",
                    "username": account["address"],
                }
            },
            headers={"Authorization": f"Bearer {BOOTSTRAP_KEY}"},
        )  # fmt: skip

        assert answer.status_code == 400
        assert "is not shown its tokens" in answer.json()["detail"]

    async def test_to_remove_it_takes_its_tokens_away(self, door: Door) -> None:
        account = await door.connect(door.identity.take())

        await door.browser().delete(
            f"/api/v1/accounts/{account['id']}",
            headers={"Authorization": f"Bearer {BOOTSTRAP_KEY}"},
        )

        assert await door.count("oauth_grants") == 0
        assert await door.count("oauth_sign_ins") == 0
