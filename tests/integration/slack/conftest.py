"""Tests marked `both_ways` run once over HTTP and once more by Socket Mode."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.fixtures.slack_door import SlackDoor


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("both_ways"):
        metafunc.parametrize("way", ["http", "socket"], indirect=True)


@pytest.fixture
async def browser(door: SlackDoor) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=door.settings.base_url, timeout=20, headers={"Accept": "text/html"}
    ) as client:
        yield client
