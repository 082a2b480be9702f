"""Many rows at once, by psycopg's own pipelined executemany in the session's transaction.

A row is a dataclass whose fields are the table's columns. SQLAlchemy would build a statement for
every number of rows, and an object with history for every row; for a mailbox that is brought in
whole, that costs more than everything else together.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import Field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeVar

from psycopg.types.json import Jsonb
from sqlalchemy import ARRAY, any_, literal
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel.ext.asyncio.session import AsyncSession

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

JSON: Final = {"json": True}
"""Metadata of a field that is a JSONB column."""
Row = TypeVar("Row", bound="DataclassInstance")


async def insert_many(
    session: AsyncSession, table: str, rows: Sequence[Row], *, on_conflict: str = ""
) -> None:
    """Insert the rows. `table` and `on_conflict` are our own words, never anybody's input."""
    if not rows:
        return
    statement, values_of = _plan(type(rows[0]), table, on_conflict)
    await session.flush()
    connection = await (await session.connection()).get_raw_connection()
    driver = connection.driver_connection
    assert driver is not None
    async with driver.cursor() as cursor:
        await cursor.executemany(statement, [values_of(row) for row in rows])


@functools.cache
def _plan(
    kind: "type[DataclassInstance]", table: str, on_conflict: str
) -> tuple[str, Callable[[Any], list[Any]]]:
    columns = fields(kind)
    names = ", ".join(f'"{column.name}"' for column in columns)
    marks = ", ".join(["%s"] * len(columns))
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks}) {on_conflict}"  # noqa: S608
    return statement, functools.partial(_values, columns)


def _values(columns: Sequence[Field[Any]], row: object) -> list[Any]:
    return [_adapted(getattr(row, column.name), column.metadata) for column in columns]


def _adapted(value: Any, metadata: Any) -> Any:  # noqa: ANN401 -- whatever a column holds
    if "json" in metadata:
        return Jsonb(value)
    return str(value) if isinstance(value, StrEnum) else value


def is_any(column: Any, values: Sequence[Any]) -> ColumnElement[bool]:  # noqa: ANN401 -- a column
    """`column = ANY(values)`: one statement, whatever the number of values."""
    condition: ColumnElement[bool] = column == any_(literal(list(values), ARRAY(column.type)))
    return condition
