"""The listeners by Socket Mode: the local workspace, a real database, no route."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import structlog
from slack_sdk.errors import SlackApiError

from app.container import Container
from app.core.clock import SystemClock
from app.sandbox.slack.seed import ChannelSeed, PersonSeed, Seed
from app.sandbox.slack.sockets import Farewell
from app.slack import socket as sockets
from app.slack.bolt import build_apps
from app.slack.client import http_session, web_client
from app.slack.scopes import SCOPES
from app.slack.socket import SocketMode
from app.slack.socket import _refused as waits_after
from app.store.queue import open_queue
from tests.fixtures.feed import Feed
from tests.fixtures.stack import eventually
from tests.fixtures.web import settings


@pytest.fixture
async def container(feed: Feed, tmp_path: Path) -> Container:
    url = feed.workspace.url
    return Container(
        settings=settings(url, tmp_path, slack_api_url=feed.slack.api_url),
        url=url,
        store=feed.workspace.store,
        queue=open_queue(url),
        blobs=feed.feeding.blobs,
        hub=feed.feeding.hub,
        vault=feed.vault,
        clock=SystemClock(),
    )


@pytest.fixture
async def socket(feed: Feed, container: Container) -> AsyncIterator[SocketMode]:
    await feed.slack.set_socket_mode(enabled=True)
    async with http_session() as http:
        apps = build_apps(container, feed.installations, http)
        async with SocketMode(apps, feed.slack.app_token) as running:
            await eventually(running.is_connected)
            yield running


async def card(feed: Feed) -> str:
    await feed.mail("Invoice")
    await feed.drain()
    return str(feed.slack.messages("support")[-1]["ts"])


async def commands(feed: Feed) -> list[str]:
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        found = await uow.commands.of_conversation(feed.conversations["Invoice"])
        return [str(one.type) for one in found][::-1]


def _is_busy(socket: SocketMode) -> bool:
    return socket._link is not None and bool(socket._link.busy)


class TestSocketMode:
    async def test_a_wrong_token_is_told_with_what_to_do(
        self, feed: Feed, container: Container
    ) -> None:
        async with http_session() as http:
            apps = build_apps(container, feed.installations, http)
            with structlog.testing.capture_logs() as logs:
                async with SocketMode(apps, "xapp-wrong") as running:

                    async def refused() -> bool:
                        return any(one["event"] == "slack.socket_refused" for one in logs)

                    await eventually(refused)
                    assert not await running.is_connected()

        said = next(one for one in logs if one["event"] == "slack.socket_refused")
        assert "connections:write" in said["fix"]

    async def test_clicks_act_once(self, feed: Feed, socket: SocketMode) -> None:
        ts = await card(feed)

        for action in ("assign_me", "done"):
            assert (await feed.slack.click("Ana", "support", ts, f"conversation.{action}")).ok
            await feed.drain()

        assert await commands(feed) == ["assign", "done"]

    async def test_a_connection_that_the_server_ends_comes_back(
        self, feed: Feed, socket: SocketMode
    ) -> None:
        ts = await card(feed)
        await feed.slack.disconnect_sockets()

        async def assigned() -> bool:
            return (await feed.slack.click("Ana", "support", ts, "conversation.assign_me")).ok

        await eventually(assigned)
        assert await commands(feed) == ["assign"]

    async def test_the_end_leaves_no_connection(self, feed: Feed, container: Container) -> None:
        await feed.slack.set_socket_mode(enabled=True)
        async with http_session() as http:
            apps = build_apps(container, feed.installations, http)
            async with SocketMode(apps, feed.slack.app_token) as running:
                await eventually(running.is_connected)

        async with asyncio.timeout(5):
            while feed.slack.sockets_open:
                await asyncio.sleep(0.02)

    async def test_what_is_delivered_again_acts_once(self, feed: Feed, socket: SocketMode) -> None:
        ts = await card(feed)
        await feed.slack.click("Ana", "support", ts, "conversation.assign_me")
        payload = feed.slack.deliveries[-1].sent
        assert payload is not None

        again = await feed.slack.emulator.courier.interaction(payload)

        assert again.delivered
        assert await commands(feed) == ["assign"]

    async def test_an_event_whose_envelope_names_no_retry_acts_once(
        self, feed: Feed, socket: SocketMode
    ) -> None:
        ts = await card(feed)
        feed.slack.post_as_user("Ben", "support", "@sharedbox done", ts)

        async def done() -> bool:
            return await commands(feed) == ["done"]

        await eventually(done)
        await feed.drain()
        await feed.slack.click("Ana", "support", ts, "conversation.reopen")
        (sent,) = [one.sent for one in feed.slack.deliveries if one.kind == "app_mention"]
        assert sent is not None

        feed.slack.emulator.courier.event(sent)
        await feed.slack.until_delivered()

        assert await commands(feed) == ["done", "reopen"]

    async def test_two_processes_that_get_the_same_click_act_once(
        self, feed: Feed, container: Container, socket: SocketMode
    ) -> None:
        ts = await card(feed)
        async with http_session() as http:
            apps = build_apps(container, feed.installations, http)
            async with SocketMode(apps, feed.slack.app_token) as other:
                await eventually(other.is_connected)
                assert feed.slack.sockets_open == 2
                await feed.slack.click("Ana", "support", ts, "conversation.done")
                payload = feed.slack.deliveries[-1].sent
                assert payload is not None

                courier = feed.slack.emulator.courier
                again = await asyncio.gather(*(courier.interaction(payload) for _ in range(4)))

        assert all(one.delivered for one in again)
        assert await commands(feed) == ["done"]

    async def test_a_click_that_is_under_way_as_its_connection_is_recycled_happens_once(
        self, feed: Feed, socket: SocketMode
    ) -> None:
        """The person sees a warning, and presses once more."""
        ts = await card(feed)
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            await uow.conversations.lock(feed.conversations["Invoice"])
            clicking = asyncio.create_task(
                feed.slack.click("Ana", "support", ts, "conversation.assign_me")
            )
            await eventually(lambda: asyncio.sleep(0, _is_busy(socket)))
            await feed.slack.disconnect_sockets(Farewell.REFRESH)
            await clicking

        await eventually(socket.is_connected)
        assert (await feed.slack.click("Ana", "support", ts, "conversation.assign_me")).ok

        assert await commands(feed) == ["assign"]

    @pytest.mark.parametrize("reason", [Farewell.WARNING, Farewell.REFRESH])
    async def test_a_connection_that_is_recycled_is_replaced(
        self, feed: Feed, socket: SocketMode, reason: Farewell
    ) -> None:
        ts = await card(feed)
        with structlog.testing.capture_logs() as logs:
            await feed.slack.disconnect_sockets(reason)

            async def replaced() -> bool:
                connected = any(one["event"] == "slack.socket_connected" for one in logs)
                return connected and feed.slack.sockets_open == 1

            await eventually(replaced)

        assert await socket.is_connected()
        assert (await feed.slack.click("Ana", "support", ts, "conversation.done")).ok
        assert not any(one["event"] == "slack.socket_lost" for one in logs)

    async def test_one_connection_serves_every_workspace(
        self, feed: Feed, socket: SocketMode
    ) -> None:
        seed = Seed(team="Globex", people=(PersonSeed("Gus"),), channels=(ChannelSeed("support"),))
        other = feed.slack.add_workspace(seed)
        async with http_session() as http:
            token = other.emulator.install(frozenset(SCOPES))
            client = web_client(http, feed.slack.api_url, token)
            async with feed.workspace.store.across_workspaces() as fleet:
                theirs = await fleet.workspace_of_team(other.team_id, is_named=False)
            await feed.installations.adopt(theirs, client)

        other.open_home("Gus")
        feed.slack.open_home("Ben")

        async def drawn() -> bool:
            return other.home("Gus") is not None and feed.slack.home("Ben") is not None

        await eventually(drawn)
        assert feed.slack.sockets_open == 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("reason", "words"),
        [(Farewell.TOO_MANY, "run fewer"), (Farewell.DISABLED, "turned off")],
    )
    async def test_say_what_to_do_and_are_not_answered_at_once(
        self, feed: Feed, container: Container, reason: Farewell, words: str
    ) -> None:
        await feed.slack.set_socket_mode(enabled=True)
        async with http_session() as http:
            apps = build_apps(container, feed.installations, http)
            with structlog.testing.capture_logs() as logs:
                async with SocketMode(apps, feed.slack.app_token, first_wait=600) as running:
                    await eventually(running.is_connected)
                    await feed.slack.disconnect_sockets(reason)

                    async def lost() -> bool:
                        return not await running.is_connected()

                    await eventually(lost)

        said = [one for one in logs if one["event"] == "slack.socket_lost"]
        assert [words in one["fix"] for one in said] == [True]
        assert [one["event"] for one in logs].count("slack.socket_connected") == 1

    def test_wait_as_long_as_slack_says(self) -> None:
        def refused(code: str, **headers: str) -> SlackApiError:
            answer = SimpleNamespace(headers=headers, get={"error": code}.get, data={})
            return SlackApiError("no", cast("Any", answer))  # type: ignore[no-untyped-call]

        assert waits_after(refused("ratelimited", **{"Retry-After": "37"})) == 37
        assert waits_after(refused("ratelimited")) == 60
        assert waits_after(refused("invalid_auth")) is None


class TestLateness:
    async def test_does_not_cost_the_acknowledgement_of_a_click(
        self, feed: Feed, container: Container
    ) -> None:
        await feed.slack.set_socket_mode(enabled=True)
        ts = await card(feed)
        async with http_session() as http:
            apps = build_apps(container, feed.installations, http)
            async with SocketMode(apps, feed.slack.app_token, ack_seconds=0.5) as running:
                await eventually(running.is_connected)
                async with feed.workspace.store.begin(feed.workspace.id) as uow:
                    await uow.conversations.lock(feed.conversations["Invoice"])
                    late = await feed.slack.click("Ana", "support", ts, "conversation.done")
                    assert late.ok

                async def done() -> bool:
                    return await commands(feed) == ["done"]

                await eventually(done)


class TestTrouble:
    async def test_is_told_by_readyz_once_it_lasts(
        self, feed: Feed, container: Container, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sockets, "PATIENCE_SECONDS", 0)
        async with http_session() as http:
            apps = build_apps(container, feed.installations, http)
            running = SocketMode(apps, "xapp-1-A1-x")
            assert "does not reach" in str(running.trouble())
            await feed.slack.set_socket_mode(enabled=True)
            async with SocketMode(apps, feed.slack.app_token) as running:
                await eventually(running.is_connected)
                assert running.trouble() is None
