"""Fixtures for every test; the ones that start a server live in tests/fixtures."""

pytest_plugins = [
    "tests.fixtures.clock",
    "tests.fixtures.database",
    "tests.fixtures.mailservers",
    "tests.fixtures.sessions",
    "tests.fixtures.syncing",
    "tests.fixtures.feed",
    "tests.fixtures.tending",
    "tests.fixtures.stack",
]
