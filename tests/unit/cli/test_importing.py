"""`sharedbox import`: one window at a time."""

import pytest
from typer.testing import CliRunner

from app.__main__ import cli


class TestImport:
    @pytest.mark.parametrize(
        "words",
        [
            ["--all", "--days", "3"],
            ["--since", "2026-01-01", "--cancel"],
            ["--since", "yesterday"],
            ["--days", "0"],
        ],
    )
    def test_of_no_clear_window_is_wrong_usage(self, words: list[str]) -> None:
        answer = CliRunner().invoke(cli, ["import", "support@example.com", *words])

        assert answer.exit_code == 2
