"""A row that is locked is read anew: whoever waited for it must see what was done meanwhile."""

import ast

from app.core.config import PROJECT_ROOT


class TestLocks:
    def test_read_the_rows_anew(self) -> None:
        """Without `populate_existing` a session answers what it remembers of a row it locks."""
        stale = [
            f"{path.relative_to(PROJECT_ROOT)}:{statement.lineno}"
            for path in (PROJECT_ROOT / "app" / "store").rglob("*.py")
            for statement in ast.walk(ast.parse(path.read_text()))
            if isinstance(statement, ast.Assign | ast.Return) and _remembers(ast.unparse(statement))
        ]

        assert stale == []


def _remembers(code: str) -> bool:
    is_of_rows = any(f"select({name})" in code for name in _names(code))
    return ".with_for_update(" in code and is_of_rows and "populate_existing=True" not in code


def _names(code: str) -> set[str]:
    return {one.id for one in ast.walk(ast.parse(code)) if isinstance(one, ast.Name)}
