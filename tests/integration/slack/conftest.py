"""Tests marked `both_ways` run once over HTTP and once more by Socket Mode."""

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("both_ways"):
        metafunc.parametrize("way", ["http", "socket"], indirect=True)
