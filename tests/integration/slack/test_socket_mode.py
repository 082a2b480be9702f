"""The listeners by Socket Mode: the local workspace, a real database, no route."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from app.container import Container
from app.core.clock import SystemClock
from app.slack.bolt import build_app
from app.slack.client import http_session
from app.slack.socket import SocketMode
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
        bolt = build_app(container, feed.installations, http)
        async with SocketMode(bolt, feed.slack.app_token) as running:
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


class TestSocketMode:
    async def test_a_wrong_token_is_told_with_what_to_do(
        self, feed: Feed, container: Container
    ) -> None:
        async with http_session() as http:
            bolt = build_app(container, feed.installations, http)
            with structlog.testing.capture_logs() as logs:
                async with SocketMode(bolt, "xapp-wrong") as running:

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
            bolt = build_app(container, feed.installations, http)
            async with SocketMode(bolt, feed.slack.app_token) as running:
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
