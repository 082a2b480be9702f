"""Socket Mode, with slack_sdk's own client and Bolt's own handler on the other side."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.sandbox.slack.local import LocalSlack
from app.sandbox.slack.sockets import MOST_LINKS, Farewell
from tests.integration.sandbox.bolt_app import BoltApp


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    """In Socket Mode, with minutes that last ten milliseconds."""
    async with LocalSlack(socket_mode=True, time_scale=0.01 / 60) as local:
        yield local


@pytest.fixture
async def app(slack: LocalSlack) -> AsyncIterator[BoltApp]:
    app = BoltApp(slack)
    async with app.serve_by_socket():
        yield app


async def new_url(client: AsyncWebClient, slack: LocalSlack) -> str:
    return str((await client.apps_connections_open(app_token=slack.app_token))["url"])


class TestConnectionsOpen:
    async def test_a_bots_token_is_of_the_wrong_kind(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        with pytest.raises(SlackApiError, match="not_allowed_token_type"):
            await client.apps_connections_open(app_token=slack.bot_token)

    async def test_an_apps_token_opens_nothing_else(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        client.token = slack.app_token

        with pytest.raises(SlackApiError, match="not_allowed_token_type"):
            await client.auth_test()

    async def test_a_url_works_once(
        self, slack: LocalSlack, client: AsyncWebClient, http: aiohttp.ClientSession
    ) -> None:
        url = await new_url(client, slack)
        async with http.ws_connect(url) as socket:
            hello = await socket.receive_json()
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await http.ws_connect(url)

        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        assert hello["connection_info"] == {"app_id": slack.app_id}

    async def test_a_url_that_nobody_handed_out(
        self, slack: LocalSlack, client: AsyncWebClient, http: aiohttp.ClientSession
    ) -> None:
        url = await new_url(client, slack)

        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await http.ws_connect(url.replace("ticket=", "ticket=x"))

    async def test_there_may_be_ten(
        self, slack: LocalSlack, client: AsyncWebClient, http: aiohttp.ClientSession
    ) -> None:
        sockets = [
            await http.ws_connect(await new_url(client, slack)) for _ in range(MOST_LINKS + 1)
        ]
        last = await sockets[-1].receive_json()

        assert (last["type"], last["reason"]) == ("disconnect", "too_many_websockets")
        assert slack.sockets_open == MOST_LINKS
        for socket in sockets:
            await socket.close()

    async def test_where_it_is_turned_off(
        self, slack: LocalSlack, client: AsyncWebClient, http: aiohttp.ClientSession
    ) -> None:
        await slack.set_socket_mode(enabled=False)

        async with http.ws_connect(await new_url(client, slack)) as socket:
            farewell = await socket.receive_json()

        assert farewell["reason"] == "link_disabled"


class TestInteractions:
    async def test_a_click(self, slack: LocalSlack, app: BoltApp) -> None:
        ts = await app.post_card()

        outcome = await slack.click("Ana", "support", ts, "assign")

        assert outcome.ok
        assert (await slack.wait_for(lambda: app.heard))[0]["user"]["name"] == "ana"
        await slack.wait_for(lambda: slack.message("support", ts)["text"] == "assigned to ana")

    async def test_a_form_from_errors_to_success(self, slack: LocalSlack, app: BoltApp) -> None:
        @app.bolt.view("form")
        async def check(ack: AsyncAck, view: dict[str, Any]) -> None:
            rude = view["state"]["values"]["body"]["text"]["value"] == "rude"
            await (ack(response_action="errors", errors={"body": "Be kind."}) if rude else ack())

        await slack.click("Ana", "support", await app.post_card(), "reply")
        await slack.wait_for(lambda: slack.views("Ana"))

        assert (await slack.submit_view("Ana", {"text": "rude"})).errors == {"body": "Be kind."}
        assert (await slack.submit_view("Ana", {"text": "kind"})).ok
        assert slack.views("Ana") == []

    async def test_suggestions(self, slack: LocalSlack, app: BoltApp) -> None:
        await slack.click("Ana", "support", await app.post_card(), "reply")
        await slack.wait_for(lambda: slack.views("Ana"))

        offered = await slack.suggest("Ana", "template", "refu")

        assert [one["value"] for one in offered.options] == ["Refund"]

    async def test_silence_is_told_in_words(self, slack: LocalSlack, app: BoltApp) -> None:
        @app.bolt.action("silent")
        async def never(ack: AsyncAck) -> None:
            await asyncio.sleep(1)
            await ack()

        slack.emulator.courier.ack_seconds = 0.2
        outcome = await slack.click("Ana", "support", await app.post_card(), "silent")

        assert (outcome.ok, outcome.problem) == (False, "no answer within 0.2 s")

    async def test_while_nobody_is_connected(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        app = BoltApp(slack)

        outcome = await slack.click("Ana", "support", await app.post_card(), "assign")

        assert (outcome.ok, outcome.problem) == (False, "no app is connected")


class TestEvents:
    async def test_one_is_acknowledged(self, slack: LocalSlack, app: BoltApp) -> None:
        heard: list[str] = []

        @app.bolt.event("message")
        async def note(event: dict[str, Any]) -> None:
            heard.append(event["text"])

        slack.post_as_user("Ana", "support", "a note")
        await slack.until_delivered()

        assert heard == ["a note"]
        delivery = slack.deliveries[-1]
        assert (delivery.kind, delivery.delivered, delivery.attempts) == ("message", True, 1)

    async def test_one_that_is_not_acknowledged_comes_again(
        self, slack: LocalSlack, client: AsyncWebClient, http: aiohttp.ClientSession
    ) -> None:
        slack.emulator.courier.ack_seconds = 0.1
        async with http.ws_connect(await new_url(client, slack)) as socket:
            await socket.receive_json()
            slack.post_as_user("Ana", "support", "a note")
            first, second = await socket.receive_json(), await socket.receive_json()
            await socket.send_json({"envelope_id": second["envelope_id"]})
            await slack.until_delivered()

        assert "retry_attempt" not in first
        assert (second["retry_attempt"], second["retry_reason"]) == (1, "http_timeout")
        assert second["payload"]["event_id"] == first["payload"]["event_id"]
        assert (first["type"], first["accepts_response_payload"]) == ("events_api", False)
        assert (slack.deliveries[-1].attempts, slack.deliveries[-1].delivered) == (2, True)

    async def test_what_is_no_acknowledgement_is_ignored(
        self, slack: LocalSlack, client: AsyncWebClient, http: aiohttp.ClientSession
    ) -> None:
        async with http.ws_connect(await new_url(client, slack)) as socket:
            await socket.receive_json()
            for nonsense in ("{", "[]", '{"envelope_id": "another"}', '{"envelope_id": 1}'):
                await socket.send_str(nonsense)
            slack.post_as_user("Ana", "support", "a note")
            event = await socket.receive_json()
            await socket.send_json({"envelope_id": event["envelope_id"], "payload": "nonsense"})
            await slack.until_delivered()

        assert slack.deliveries[-1].delivered

    async def test_they_take_turns_among_connections(
        self, slack: LocalSlack, client: AsyncWebClient, http: aiohttp.ClientSession
    ) -> None:
        sockets = [await http.ws_connect(await new_url(client, slack)) for _ in range(2)]
        for socket in sockets:
            await socket.receive_json()
        slack.post_as_user("Ana", "support", "one")
        slack.post_as_user("Ana", "support", "two")
        texts = []
        for socket in sockets:
            event = await socket.receive_json()
            texts.append(event["payload"]["event"]["text"])
            await socket.send_json({"envelope_id": event["envelope_id"]})
        await slack.until_delivered()

        assert sorted(texts) == ["one", "two"]
        for socket in sockets:
            await socket.close()

    async def test_nothing_goes_over_http_any_more(self, slack: LocalSlack) -> None:
        await slack.set_socket_mode(enabled=False)
        app = BoltApp(slack)
        async with app.serve():
            await slack.set_socket_mode(enabled=True)
            outcome = await slack.click("Ana", "support", await app.post_card(), "assign")

        assert outcome.problem == "no app is connected"
        assert app.heard == []


class TestFarewell:
    @pytest.mark.parametrize("reason", [Farewell.WARNING, Farewell.REFRESH])
    async def test_the_client_comes_back_and_goes_on(
        self, slack: LocalSlack, reason: Farewell
    ) -> None:
        app = BoltApp(slack)
        async with app.serve_by_socket() as client:
            ts = await app.post_card()
            before = await client.session_id()
            await slack.disconnect_sockets(reason)

            async with asyncio.timeout(30):  # a busy machine is a while between two sockets
                while await client.session_id() == before or slack.sockets_open != 1:
                    await asyncio.sleep(0.02)
                while not (await slack.click("Ana", "support", ts, "assign")).ok:
                    await asyncio.sleep(0.02)

    async def test_a_connection_that_breaks_before_the_acknowledgement(
        self, slack: LocalSlack, client: AsyncWebClient, http: aiohttp.ClientSession
    ) -> None:
        socket = await http.ws_connect(await new_url(client, slack))
        await socket.receive_json()
        app = BoltApp(slack)
        clicking = asyncio.create_task(
            slack.click("Ana", "support", await app.post_card(), "assign")
        )
        while (await socket.receive_json())["type"] != "interactive":
            pass
        await socket.close()

        assert (await clicking).problem == "the connection failed"
