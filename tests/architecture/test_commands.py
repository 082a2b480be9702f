"""Every command shows how it is used, and every target of make says what it does."""

import re
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from app.__main__ import cli
from app.core.config import PROJECT_ROOT


def commands() -> dict[str, Any]:
    """Each command under the words it is called by."""
    found: dict[str, Any] = {}

    def walk(command: Any, name: str) -> None:
        if isinstance(command, TyperGroup):
            for word, inner in command.commands.items():
                walk(inner, f"{name} {word}")
        else:
            found[name] = command

    walk(typer.main.get_command(cli), "sharedbox")
    return found


class TestCommands:
    @pytest.mark.parametrize("name", commands())
    def test_has_an_example_of_itself(self, name: str) -> None:
        words = (commands()[name].help or "").partition("Example: ")[2]

        assert name in words

    @pytest.mark.parametrize("name", commands())
    def test_describes_each_parameter(self, name: str) -> None:
        undescribed = [
            one.name
            for one in commands()[name].params
            if one.name != "help" and not getattr(one, "help", None)
        ]

        assert undescribed == []


class TestMake:
    def test_lists_every_target_that_people_call(self) -> None:
        makefile = (PROJECT_ROOT / "Makefile").read_text()
        (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
        described = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))

        assert set(phony.split()) - described == {"browser-tools", "pages", "test-servers"}
