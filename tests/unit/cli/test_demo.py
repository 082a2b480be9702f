"""`sharedbox demo` at the terminal, up to where servers begin."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.__main__ import cli
from app.cli.demo_output import has_screen


class TestDemoCommand:
    def test_beside_real_credentials(self) -> None:
        ran = CliRunner().invoke(
            cli, ["demo"], env={"SHAREDBOX_SLACK_BOT_TOKEN": "xoxb-real", "COLUMNS": "300"}
        )

        assert ran.exit_code == 1
        assert "SHAREDBOX_SLACK_BOT_TOKEN is set" in ran.stderr
        assert "xoxb-real" not in ran.output

    def test_a_port_that_is_none(self) -> None:
        assert CliRunner().invoke(cli, ["demo", "--port", "70000"]).exit_code == 2

    def test_a_folder_that_is_in_use(self, tmp_path: Path) -> None:
        (tmp_path / "precious").touch()

        ran = CliRunner().invoke(cli, ["demo", "--data", str(tmp_path)], env={"COLUMNS": "300"})

        assert ran.exit_code == 1
        assert "is not empty" in ran.stderr

    def test_help_has_an_example(self) -> None:
        assert "Example: sharedbox demo" in CliRunner().invoke(cli, ["demo", "--help"]).stdout


class TestHasScreen:
    @pytest.mark.parametrize(
        ("environment", "platform", "answer"),
        [
            ({}, "linux", False),
            ({"DISPLAY": ""}, "linux", False),
            ({"DISPLAY": ":0"}, "linux", True),
            ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
            ({"BROWSER": "firefox"}, "linux", True),
            ({}, "darwin", True),
        ],
    )
    def test_where_there_is_one(
        self, environment: dict[str, str], platform: str, answer: bool
    ) -> None:
        assert has_screen(environment, platform) is answer
