"""Fixtures for every test; the ones that start a server live in tests/fixtures."""

import gc
from collections.abc import Iterator

import pytest
import structlog
from fastapi.dependencies import models as remembered

# By itself structlog draws a traceback with every local variable, which takes it a minute.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

pytest_plugins = [
    "tests.fixtures.spreading",
    "tests.fixtures.clock",
    "tests.fixtures.database",
    "tests.fixtures.mailservers",
    "tests.fixtures.three_servers",
    "tests.fixtures.sessions",
    "tests.fixtures.syncing",
    "tests.fixtures.feed",
    "tests.fixtures.sending",
    "tests.fixtures.stack",
    "tests.fixtures.web",
    "tests.fixtures.admin",
    "tests.rig.fixtures",
    "tests.fixtures.slack_door",
    "tests.fixtures.identity",
]


@pytest.fixture(autouse=True)
def forgotten_apps() -> Iterator[None]:
    """FastAPI remembers the functions of thousands of routes; ours hold an app and its database.

    Otherwise the process of the tests grows beyond a gigabyte, and looking for garbage stops it for
    seconds, in which Slack's time is up.
    """
    yield
    for one in vars(remembered).values():
        if hasattr(one, "cache_clear"):
            one.cache_clear()


@pytest.fixture(scope="module", autouse=True)
def little_to_look_through() -> Iterator[None]:
    """What is left of a file when it is over stays: from then on it is not looked at for garbage.

    That took a fifth of the time of tests, and stopped late ones for longer than Slack waits.
    """
    yield
    gc.collect()
    gc.freeze()


def pytest_collection_finish() -> None:
    """Nor are thousands of tests that were collected."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 20)


def pytest_addoption(parser: pytest.Parser) -> None:
    chaos = parser.getgroup("chaos", "workers that are killed and stopped at random")
    chaos.addoption("--chaos-seconds", type=float, default=12, help="for how long")
    chaos.addoption("--chaos-seed", type=int, default=1, help="what chance begins with")
