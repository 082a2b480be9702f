"""The source files, parsed once for all tests that look at them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.core.config import PROJECT_ROOT

OURS = ("app", "bench", "scripts")
"""What runs. Migrations are records of what was done once, and tests are long lists of cases."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return str(self.path.relative_to(PROJECT_ROOT))

    def functions(self) -> Iterator[Function]:
        return (one for one in ast.walk(self.tree) if isinstance(one, Function))

    def calls(self, name: str) -> Iterator[ast.Call]:
        """Calls of `name(…)` and of `anything.name(…)`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                called = node.func
                if name == getattr(called, "attr", getattr(called, "id", None)):
                    yield node


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Every Python file in these folders."""
    found = []
    for folder in folders:
        for path in sorted((PROJECT_ROOT / folder).rglob("*.py")):
            text = path.read_text()
            found.append(Source(path, text, ast.parse(text)))
    return tuple(found)
