"""The control API for other processes, and the guard of the page."""

import aiohttp
import pytest

from app.sandbox.slack.local import LocalSlack
from app.sandbox.slack.serving import PortTaken
from app.sandbox.slack.wire import JSON
from tests.integration.sandbox.bolt_app import BoltApp


class TestControl:
    async def do(
        self, slack: LocalSlack, http: aiohttp.ClientSession, verb: str, **arguments: object
    ) -> tuple[int, JSON]:
        headers = {"X-Control-Secret": slack.control_secret}
        async with http.post(slack.control_url + verb, json=arguments, headers=headers) as answer:
            return answer.status, await answer.json()

    async def test_without_the_secret_nothing(
        self, slack: LocalSlack, http: aiohttp.ClientSession
    ) -> None:
        async with http.post(slack.control_url + "reset", json={}) as answer:
            assert answer.status == 403

    async def test_acts_as_a_person(
        self, slack: LocalSlack, app: BoltApp, http: aiohttp.ClientSession
    ) -> None:
        where = {"user": "Ana", "channel": "support"}
        status, posted = await self.do(slack, http, "post_as_user", **where, text="hi")
        card = {**where, "ts": await app.post_card()}
        _, clicked = await self.do(slack, http, "click", **card, action_id="assign")

        assert (status, slack.messages("support")[0]["ts"]) == (200, posted["result"])
        assert clicked["result"]["ok"]

    async def test_makes_trouble(self, slack: LocalSlack, http: aiohttp.ClientSession) -> None:
        fault = {"method": "auth.test", "kind": "http", "status": 503, "times": 1}
        await self.do(slack, http, "fail_next", **fault)

        async with http.post(slack.api_url + "auth.test") as answer:
            assert answer.status == 503

    async def test_reads_what_happened(
        self, slack: LocalSlack, app: BoltApp, http: aiohttp.ClientSession
    ) -> None:
        await app.post_card()

        _, messages = await self.do(slack, http, "messages", channel="support")
        _, writes = await self.do(slack, http, "writes")
        _, deliveries = await self.do(slack, http, "deliveries")

        assert messages["result"][0]["text"] == "A mail"
        assert writes["result"][0]["method"] == "chat.postMessage"
        assert deliveries["result"][0]["kind"] == "url_verification"

    @pytest.mark.parametrize(
        ("verb", "arguments", "status"),
        [
            ("sing", {}, 404),
            ("__init__", {}, 404),
            ("messages", {}, 422),
            ("messages", {"channel": "support", "loudly": True}, 422),
            ("messages", {"channel": "nowhere"}, 409),
        ],
    )
    async def test_refusals(
        self,
        slack: LocalSlack,
        http: aiohttp.ClientSession,
        verb: str,
        arguments: JSON,
        status: int,
    ) -> None:
        assert (await self.do(slack, http, verb, **arguments))[0] == status


class TestStart:
    async def test_a_port_that_is_taken_is_said_so(self, slack: LocalSlack) -> None:
        port = int(slack.page_url.rsplit(":", 1)[1].strip("/"))

        with pytest.raises(PortTaken, match=f"Port {port}"):
            LocalSlack(port=port)

    async def test_only_loopback_is_listened_on(self, slack: LocalSlack) -> None:
        assert slack.api_url.startswith("http://127.0.0.1:")

    async def test_every_workspace_has_its_own_secrets(self, slack: LocalSlack) -> None:
        async with LocalSlack() as other:
            ours = {slack.bot_token, slack.signing_secret, slack.control_secret}
            theirs = {other.bot_token, other.signing_secret, other.control_secret}

        assert ours.isdisjoint(theirs)


class TestPageGuard:
    async def load(self, slack: LocalSlack, browser: aiohttp.ClientSession) -> None:
        """Load the page, and so get a session."""
        async with browser.get(slack.page_url) as page:
            assert page.status == 200

    async def test_without_a_session_nothing(
        self, slack: LocalSlack, http: aiohttp.ClientSession
    ) -> None:
        for path in ("page/state", "page/stream", "page/messages/C1", "page/files/F1"):
            async with http.get(slack.page_url + path) as answer:
                assert answer.status == 403

    async def test_a_change_needs_our_origin(self, slack: LocalSlack) -> None:
        body = {"user": "Ana", "channel": "support", "text": "hi"}
        url = f"{slack.page_url}page/do/post_as_user"
        own = slack.page_url.rstrip("/")
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as browser:
            await self.load(slack, browser)
            statuses = []
            for headers in (
                {},
                {"Origin": "https://evil.example"},
                {"Origin": own, "Sec-Fetch-Site": "cross-site"},
                {"Origin": own, "Sec-Fetch-Site": "same-origin"},
            ):
                async with browser.post(url, json=body, headers=headers) as answer:
                    statuses.append(answer.status)

        assert statuses == [403, 403, 403, 200]
        assert len(slack.messages("support")) == 1

    async def test_another_host_name_is_refused(
        self, slack: LocalSlack, http: aiohttp.ClientSession
    ) -> None:
        headers = {"Host": "rebound.example"}

        async with http.get(slack.page_url, headers=headers) as answer:
            assert answer.status == 400

    async def test_no_script_but_ours_may_run(
        self, slack: LocalSlack, http: aiohttp.ClientSession
    ) -> None:
        async with http.get(slack.page_url) as answer:
            policy = answer.headers["Content-Security-Policy"]
            page = await answer.text()

        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "Local emulator, not Slack" in page
        assert "<script>" not in page

    @pytest.mark.parametrize("name", ["index.html", "..%2Flocal.py", "seed.py"])
    async def test_only_the_page_s_own_files_are_served(
        self, slack: LocalSlack, http: aiohttp.ClientSession, name: str
    ) -> None:
        async with http.get(f"{slack.page_url}page/{name}") as answer:
            assert answer.status == 404

    async def test_tests_cannot_be_run_from_the_page(self, slack: LocalSlack) -> None:
        jar = aiohttp.CookieJar(unsafe=True)
        headers = {"Origin": slack.page_url.rstrip("/")}
        async with aiohttp.ClientSession(cookie_jar=jar, headers=headers) as browser:
            await self.load(slack, browser)
            async with browser.post(f"{slack.page_url}page/do/fail_next", json={}) as answer:
                assert answer.status == 404
