"""A local workspace for each test, and a client of it that retries nothing by itself."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from app.sandbox.slack.local import LocalSlack
from tests.integration.sandbox.bolt_app import BoltApp


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    """With minutes that last ten milliseconds."""
    async with LocalSlack(time_scale=0.01 / 60) as local:
        yield local


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


@pytest.fixture
def client(slack: LocalSlack) -> AsyncWebClient:
    return AsyncWebClient(
        token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=3
    )


@pytest.fixture
async def app(slack: LocalSlack) -> AsyncIterator[BoltApp]:
    """A real Bolt app on a real FastAPI server, connected to the workspace."""
    app = BoltApp(slack)
    async with app.serve():
        yield app
