"""Every IMAP case of docs/reliability.md has a test that bears its number, and no other has."""

import re
from collections.abc import Iterator
from typing import Final

from app.core.config import PROJECT_ROOT

FOLDER: Final = PROJECT_ROOT / "tests" / "integration" / "imap_faults"
PAGE: Final = PROJECT_ROOT / "docs" / "reliability.md"
_IN_TESTS: Final = re.compile(r"(?:test_|_|id=\")i([a-q])(\d)(?=[_-])")
_IN_PAGE: Final = re.compile(r"^\| I-([A-Q])1(?:…[A-Q](\d))? \|", re.MULTILINE)


def cases_promised() -> Iterator[str]:
    for group, last in _IN_PAGE.findall(PAGE.read_text()):
        for number in range(1, int(last or 1) + 1):
            yield f"I-{group}{number}"


def cases_tested() -> set[str]:
    source = "\n".join(path.read_text() for path in FOLDER.glob("test_*.py"))
    return {f"I-{group.upper()}{number}" for group, number in _IN_TESTS.findall(source)}


class TestIMAPCases:
    def test_the_page_lists_seventy_three(self) -> None:
        assert len(list(cases_promised())) == 73

    def test_each_has_its_test(self) -> None:
        assert sorted(cases_tested()) == sorted(cases_promised())
