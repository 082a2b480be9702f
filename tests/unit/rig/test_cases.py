"""What docs/reliability.md promises to be tested is tested.

Every IMAP case has a test that bears its number, and no other has. Every case of Slack, of SMTP and
of loops stands in one row, and the tests that the row names are there.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from app.core.config import PROJECT_ROOT

FOLDER: Final = PROJECT_ROOT / "tests" / "integration" / "imap_faults"
PAGE: Final = PROJECT_ROOT / "docs" / "reliability.md"
_IN_TESTS: Final = re.compile(r"(?:test_|_|id=\")i([a-q])(\d)(?=[_-])")
_IN_PAGE: Final = re.compile(r"^\| I-([A-Q])1(?:…[A-Q](\d))? \|", re.MULTILINE)


_ROWS: Final = {"S": 40, "N": 90, "Y": 14, "M": 28, "X": 11}
_ROW: Final = re.compile(r"^\| ([SNYMX]-\d\d.*?) \|.*\| (.*?) \|$", re.MULTILINE)
_RANGE: Final = re.compile(r"([SNYMX])-(\d\d)(?:…(\d\d))?")


def cases_in_rows() -> Iterator[str]:
    for case, _ in _ROW.findall(PAGE.read_text()):
        for group, first, last in _RANGE.findall(case):
            for number in range(int(first), int(last or first) + 1):
                yield f"{group}-{number}"


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


class TestCasesInRows:
    def test_each_stands_in_one_row(self) -> None:
        expected = [f"{group}-{n}" for group, count in _ROWS.items() for n in range(1, count + 1)]

        assert sorted(cases_in_rows()) == sorted(expected)

    def test_what_a_row_names_is_there(self) -> None:
        tests = list((PROJECT_ROOT / "tests").rglob("test_*.py"))
        files = {path.name for path in tests}
        classes = set(
            re.findall(r"^class (Test\w+)", "\n".join(p.read_text() for p in tests), re.MULTILINE)
        )

        rows = [named for _, named in _ROW.findall(PAGE.read_text())]
        named = set(
            chain.from_iterable(re.findall(r"\b(?:test_\w+\.py|Test\w+)", one) for one in rows)
        )

        assert named - files - classes == set()
        assert len(named) > 20
