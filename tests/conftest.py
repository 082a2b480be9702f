"""Fixtures for every test; the ones that start a server live in tests/fixtures."""

import pytest
import structlog

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


def pytest_addoption(parser: pytest.Parser) -> None:
    chaos = parser.getgroup("chaos", "workers that are killed and stopped at random")
    chaos.addoption("--chaos-seconds", type=float, default=12, help="for how long")
    chaos.addoption("--chaos-seed", type=int, default=1, help="what chance begins with")
