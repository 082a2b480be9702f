"""Every part of the application is under the import rules of `.importlinter`.

`make imports` checks the rules; this checks that no part was forgotten in them.
"""

import re
from configparser import ConfigParser

import pytest

from app.core.config import PROJECT_ROOT

PARTS = {
    path.stem
    for path in (PROJECT_ROOT / "app").iterdir()
    if path.suffix == ".py" or (path / "__init__.py").exists()
} - {"__init__"}
OUTSIDE = {
    # Who may do what the contract forbids all others.
    "slack": {"slack"},
    "sql": {"store", "__main__", "bootstrap", "container", "web", "jobs"},
    "queue": {"store", "jobs", "bootstrap", "container"},
    "sandbox": {"sandbox", "__main__", "cli"},
}
"""Of `sql`: these name the database's URL and its errors, and write no statement."""


def contracts() -> dict[str, dict[str, str]]:
    parser = ConfigParser()
    parser.read(PROJECT_ROOT / ".importlinter")
    prefix = "importlinter:contract:"
    return {
        name.removeprefix(prefix): dict(parser[name])
        for name in parser.sections()
        if name.startswith(prefix)
    }


def parts_in(text: str) -> set[str]:
    return set(re.findall(r"\bapp\.(\w+)", text))


class TestTheLine:
    def test_names_every_part(self) -> None:
        assert parts_in(contracts()["line"]["layers"]) >= PARTS


class TestContracts:
    @pytest.mark.parametrize("name", OUTSIDE)
    def test_hold_for_every_part_but_these(self, name: str) -> None:
        held = parts_in(contracts()[name]["source_modules"])

        assert held == PARTS - OUTSIDE[name]
