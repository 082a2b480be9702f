"""The size of files and functions, who commits, and where the fault points are."""

import ast

from app.core.faults import POINTS
from tests.architecture.tree import OURS, Source, sources

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60


class TestFiles:
    def test_are_of_a_length_that_can_be_read(self) -> None:
        long = {
            one.name: lines
            for one in sources(*OURS)
            if (lines := len(one.text.splitlines())) > MOST_LINES_OF_A_FILE
        }

        assert long == {}

    def test_each_says_what_it_is_for(self) -> None:
        silent = [one.name for one in sources(*OURS) if not ast.get_docstring(one.tree)]

        assert silent == []


class TestFunctions:
    def test_are_of_a_length_that_can_be_read(self) -> None:
        long = {
            f"{one.name}:{function.name}": lines
            for one in sources(*OURS)
            for function in one.functions()
            if (lines := (function.end_lineno or 0) - function.lineno + 1)
            > MOST_LINES_OF_A_FUNCTION
        }

        assert long == {}

    def test_import_nothing_of_their_own(self) -> None:
        importing = {
            f"{one.name}:{function.name}"
            for one in sources(*OURS)
            for function in one.functions()
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
        }

        assert importing == set()


class TestTransactions:
    def test_are_committed_by_the_store_alone(self) -> None:
        committing = [
            f"{one.name}:{call.lineno}"
            for one in sources("app")
            for call in one.calls("commit")
            if not one.name.startswith("app/store/")
        ]

        assert committing == []


class TestFaultPoints:
    def test_each_stands_in_the_code(self) -> None:
        placed = {point for one in sources("app") for point in _points_of(one)}

        assert placed == set(POINTS)

    def test_at_each_a_process_is_killed(self) -> None:
        killers = ("until_one_dies", "run_until_it_dies")
        suites = [
            one for one in sources("tests/e2e") if any(any(one.calls(name)) for name in killers)
        ]
        tried = {
            node.value
            for one in suites
            for node in ast.walk(one.tree)
            if isinstance(node, ast.Constant) and node.value in POINTS
        }

        assert tried == set(POINTS)


def _points_of(source: Source) -> set[str]:
    return {
        str(argument.value)
        for call in source.calls("faultpoint")
        for argument in call.args
        if isinstance(argument, ast.Constant)
    }
