"""What the documents name exists: files, headings, functions, tables, states, settings."""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from prometheus_client import REGISTRY

from app.core.config import PROJECT_ROOT, Settings
from app.store.base import metadata
from app.store.models import AccountState
from app.store.repositories.figures import Figures
from app.store.types import EnumText
from app.web.health import _registry
from tests.architecture.test_imports import PARTS
from tests.architecture.tree import sources

DOCUMENTS = sorted([*PROJECT_ROOT.glob("*.md"), *(PROJECT_ROOT / "docs").rglob("*.md")])
OPERATIONS = (PROJECT_ROOT / "docs" / "operations.md").read_text()
ARCHITECTURE = PROJECT_ROOT / "docs" / "ARCHITECTURE.md"
IMAGES = sorted((PROJECT_ROOT / "docs" / "images").iterdir())
LARGEST_IMAGE = 150_000
MOST_LINES_OF_THE_README = 150
ELSEWHERE = ("https://", "http://", "mailto:")
NAMES = {f"SHAREDBOX_{name.upper()}" for name in Settings.model_fields}
FOR_TESTS = {"SHAREDBOX_FAULT_FILE"}


def name_of(path: Path) -> str:
    return str(path.relative_to(PROJECT_ROOT))


def prose(path: Path) -> str:
    """The document without what stands between fences."""
    return re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def links(path: Path) -> Iterator[str]:
    """Where the document points to, but for what is on the web."""
    for target in re.findall(r"\]\(<?([^)>\s]+)>?\)", prose(path)):
        if not target.startswith(ELSEWHERE):
            yield unquote(target)


def anchors(path: Path) -> set[str]:
    """The names by which its headings are linked to, as GitHub makes them."""
    headings = re.findall(r"^#{1,6} (.+?)\s*$", prose(path), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading).strip().lower() for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
class TestLinks:
    def test_lead_to_files_that_are_there(self, document: Path) -> None:
        dead = [
            target
            for target in links(document)
            if not (document.parent / target.partition("#")[0]).exists()
        ]

        assert dead == []

    def test_lead_to_headings_that_are_there(self, document: Path) -> None:
        dead = []
        for target in links(document):
            file, _, anchor = target.partition("#")
            there = document.parent / file if file else document
            if anchor and anchor not in anchors(there):
                dead.append(target)

        assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
class TestNames:
    def test_of_code_are_names_of_something(self, document: Path) -> None:
        spans = re.findall(r"`([a-z]\w*(?:\.\w+)+)(?:\(\))?`", prose(document))
        named = [one for one in spans if one.partition(".")[0] in PARTS and not is_file(one)]

        words = spoken()
        assert [one for one in named if not exists(one) and one not in words] == []

    def test_of_files_are_names_of_files(self, document: Path) -> None:
        spans = re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|html|md|yml|yaml))`", prose(document))

        assert [one for one in spans if not any(places(one))] == []

    def test_of_settings_are_settings(self, document: Path) -> None:
        named = set(re.findall(r"SHAREDBOX_[A-Z_]*[A-Z]\b", document.read_text()))

        assert named - NAMES - FOR_TESTS == set()


class TestImages:
    def test_are_small(self) -> None:
        large = [one.name for one in IMAGES if one.stat().st_size > LARGEST_IMAGE]

        assert large == []

    def test_are_shown_somewhere(self) -> None:
        shown = {
            (document.parent / target).resolve()
            for document in DOCUMENTS
            for target in links(document)
        }

        assert set(IMAGES) <= shown


class TestReadme:
    def test_is_short(self) -> None:
        lines = (PROJECT_ROOT / "README.md").read_text().splitlines()

        assert len(lines) <= MOST_LINES_OF_THE_README

    def test_leads_to_every_other_document(self) -> None:
        linked = {(PROJECT_ROOT / one).resolve() for one in links(PROJECT_ROOT / "README.md")}
        leading = {one for one in DOCUMENTS if one.parent in {PROJECT_ROOT, PROJECT_ROOT / "docs"}}

        assert leading - linked == {PROJECT_ROOT / "README.md"}


class TestArchitecture:
    def test_draws_the_line_with_every_part(self) -> None:
        drawn = section("What may import what").split("```")[1]

        assert set(re.findall(r"\w+", drawn)) >= PARTS

    def test_says_what_every_part_is_for(self) -> None:
        assert {name for (name, *_) in rows(section("The map"))} >= PARTS - {"__main__"}

    @pytest.mark.parametrize("table", sorted(metadata.tables))
    def test_has_every_table_with_all_its_states(self, table: str) -> None:
        (row,) = [one for one in rows(section("The tables, and their states")) if one[0] == table]
        named = set(re.findall(r"`(\w+)`", " ".join(row[1:])))

        missing = {
            member.value
            for column in metadata.tables[table].columns
            if isinstance(column.type, EnumText)
            for member in column.type.members
        } - named
        assert missing == set()


class TestOperations:
    def test_explains_every_figure_and_no_other(self) -> None:
        served = {
            f"sharedbox_{one.name.removeprefix('sharedbox_')}"
            for one in _registry(_nothing(), workers=0, to_index=0).collect()
        } | {
            f"{one.name}_total" if one.type == "counter" else one.name
            for one in REGISTRY.collect()
            if one.name.startswith("sharedbox_")
        }
        explained = re.findall(r"^\| `(sharedbox_\w+)(?:\{[\w,]+\})?` \|", OPERATIONS, re.MULTILINE)

        assert sorted(explained) == sorted(served)

    def test_says_what_to_do_in_every_state_of_an_account(self) -> None:
        told = [name for name, *_ in rows(OPERATIONS) if name in set(AccountState)]

        assert sorted(told) == sorted(AccountState)


def _nothing() -> Figures:
    zeros: dict[str, Any] = {field.name: 0 for field in fields(Figures)} | {"accounts": {}}
    return Figures(**zeros)


def section(heading: str) -> str:
    """What stands below a heading of the architecture, up to the next one."""
    _, found, rest = ARCHITECTURE.read_text().partition(f"## {heading}\n")
    assert found, f"there is no heading “{heading}”"
    return rest.partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The rows of its tables, the first cell without its marks."""
    lines = re.findall(r"^\| `(\w+)` \|(.*)\|$", text, re.MULTILINE)
    return [[first, *rest.split("|")] for first, rest in lines]


def is_file(name: str) -> bool:
    """Whether it is the name of a file beside us, such as `web.py`, and not of a module."""
    return name.rpartition(".")[2] in {"py", "md", "html", "css", "js", "key"}


def places(name: str) -> Iterator[Path]:
    """Where a file of this name may be: by its whole path, or below `app`."""
    for root in (PROJECT_ROOT, PROJECT_ROOT / "app", PROJECT_ROOT / "tests"):
        if (root / name).exists():
            yield root / name


@cache
def spoken() -> frozenset[str]:
    """Every text in the code: names of events among them."""
    return frozenset(
        node.value
        for source in sources("app")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def exists(name: str) -> bool:
    """Whether `part.module.Class.method` names something, from wherever it is a module."""
    words = ["app", *name.split(".")]
    for count in range(len(words), 0, -1):
        try:
            found: object = importlib.import_module(".".join(words[:count]))
        except ModuleNotFoundError:
            continue
        for word in words[count:]:
            fields = getattr(found, "model_fields", {})
            found = fields.get(word) or getattr(found, word, None)
            if found is None:
                return False
        return True
    return False
