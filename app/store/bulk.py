"""Many rows in one statement.

A row is a dataclass whose fields are the table's columns. The rows travel as one JSON text, which
Postgres itself turns into rows of the table: one statement to plan, whatever their number.
SQLAlchemy would build an object with history for every row, and executemany runs a statement for
each; for a mailbox that is brought in whole, either costs more than everything else together.
"""

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, any_, literal, text
from sqlalchemy.sql.elements import ColumnElement, TextClause
from sqlmodel.ext.asyncio.session import AsyncSession

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = TypeVar("Row", bound="DataclassInstance")


async def insert_many(
    session: AsyncSession, table: str, rows: Sequence[Row], *, on_conflict: str = ""
) -> None:
    """Insert the rows. `table` and `on_conflict` are our own words, never anybody's input."""
    if not rows:
        return
    statement, as_dict = _plan(type(rows[0]), table, on_conflict)
    values = json.dumps([as_dict(row) for row in rows], default=_as_json, ensure_ascii=False)
    await session.flush()
    connection = await session.connection()
    await connection.execute(statement, {"rows": values})


@functools.cache
def _plan(
    kind: "type[DataclassInstance]", table: str, on_conflict: str
) -> tuple[TextClause, Callable[[Any], dict[str, Any]]]:
    names = [field.name for field in fields(kind)]
    columns = ", ".join(f'"{name}"' for name in names)
    statement = (
        f"INSERT INTO {table} ({columns}) SELECT {columns} "  # noqa: S608
        f"FROM json_populate_recordset(NULL::{table}, CAST(:rows AS json)) {on_conflict}"
    )
    values_of = attrgetter(*names)
    return text(statement), lambda row: dict(zip(names, values_of(row), strict=True))


def _as_json(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def is_any(column: Any, values: Sequence[Any]) -> ColumnElement[bool]:  # noqa: ANN401 -- a column
    """`column = ANY(values)`: one statement, whatever the number of values."""
    condition: ColumnElement[bool] = column == any_(literal(list(values), ARRAY(column.type)))
    return condition
