"""Many rows in one statement.

A row is a dataclass whose fields are the table's columns. The rows travel as one JSON text, which
Postgres itself turns into rows of the table: one statement to plan, whatever their number.
SQLAlchemy would build an object with history for every row, and executemany runs a statement for
each; for a mailbox that is brought in whole, either costs more than everything else together.

Rows of several tables can go together, in one statement as well: somebody waits for a single mail.
"""

import functools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_type_hints

import msgspec
from psycopg.types.json import Json
from sqlalchemy import ARRAY, any_, literal, text
from sqlalchemy.sql.elements import ColumnElement, TextClause
from sqlmodel.ext.asyncio.session import AsyncSession

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = TypeVar("Row", bound="DataclassInstance")
_PENDING: Final = "pending insertions"
_NAMED_BY: Final = ("workspace_id", "id")
_BYTES: Final = (bytes, bytes | None)
_ENCODER: Final = msgspec.json.Encoder()


async def insert_many(
    session: AsyncSession,
    table: str,
    rows: Sequence[Row],
    *,
    on_conflict: str = "",
    worked_out: tuple[tuple[str, str], ...] = (),
) -> None:
    """Insert the rows. All but them are our own words, never anybody's input.

    `worked_out`: further columns, each with what Postgres makes it of.
    """
    if not rows:
        return
    insertion = _Insertion(type(rows[0]), table, on_conflict, worked_out), as_json(rows)
    if (pending := session.info.get(_PENDING)) is None:
        await _insert(session, [insertion])
    else:
        pending.append(insertion)


@asynccontextmanager
async def inserted_together(session: AsyncSession) -> AsyncIterator[None]:
    """Write what is inserted inside at its end, all by one statement. Nobody inside can see it.

    Whoever inside has to see it calls `insert_pending`.
    """
    session.info[_PENDING] = []
    try:
        yield
        await insert_pending(session)
    finally:
        del session.info[_PENDING]


async def insert_pending(session: AsyncSession) -> None:
    """Write at once what was to be written together so far."""
    if pending := session.info.get(_PENDING):
        session.info[_PENDING] = []
        await _insert(session, pending)


async def update_many(session: AsyncSession, table: str, rows: Sequence[Row]) -> None:
    """Set the fields of the rows where their workspace and id are; together with insertions."""
    change = _Change(type(rows[0]), table), as_json(rows)
    if (pending := session.info.get(_PENDING)) is None:
        await _insert(session, [change])
    else:
        pending.append(change)


async def _insert(session: AsyncSession, insertions: "Sequence[tuple[_Written, Json]]") -> None:
    statement = _statement(tuple(insertion for insertion, _ in insertions))
    values = {f"rows{n}": rows for n, (_, rows) in enumerate(insertions)}
    await session.flush()
    connection = await session.connection()
    await connection.execute(statement, values)


@dataclass(frozen=True, slots=True)
class _Insertion:
    kind: "type[DataclassInstance]"
    table: str
    on_conflict: str
    worked_out: tuple[tuple[str, str], ...]

    def sql(self, n: int) -> str:
        kinds = get_type_hints(self.kind)
        made_of = {f'"{one.name}"': _value(one.name, kinds[one.name]) for one in fields(self.kind)}
        made_of |= self.worked_out
        columns, values = ", ".join(made_of), ", ".join(made_of.values())
        return (
            f"INSERT INTO {self.table} ({columns}) SELECT {values} "  # noqa: S608
            f"FROM json_populate_recordset(NULL::{self.table}, CAST(:rows{n} AS json)) "
            f"{self.on_conflict}"
        )


@dataclass(frozen=True, slots=True)
class _Change:
    kind: "type[DataclassInstance]"
    table: str

    def sql(self, n: int) -> str:
        columns = [field.name for field in fields(self.kind) if field.name not in _NAMED_BY]
        return (
            f"UPDATE {self.table} SET {', '.join(f'{one} = row.{one}' for one in columns)} "  # noqa: S608
            f"FROM json_populate_recordset(NULL::{self.table}, CAST(:rows{n} AS json)) AS row "
            f"WHERE {' AND '.join(f'{self.table}.{one} = row.{one}' for one in _NAMED_BY)}"
        )


_Written = _Insertion | _Change


@functools.cache
def _statement(insertions: tuple[_Written, ...]) -> TextClause:
    """Foreign keys are checked at the end of a statement, so the order is of no matter."""
    *others, last = (insertion.sql(n) for n, insertion in enumerate(insertions))
    before = ", ".join(f"rows{n} AS ({sql})" for n, sql in enumerate(others))
    return text(f"WITH {before} {last}" if before else last)


def as_json(rows: Sequence[Row]) -> Json:
    """Rows of one kind, as `json_populate_recordset` reads them; bytes as `_value` does."""
    return Json(_ENCODER.encode(rows), dumps=_as_it_is)


def _as_it_is(encoded: bytes) -> bytes:
    return encoded


def _value(name: str, kind: object) -> str:
    """Bytes travel in base64, in which nothing has a meaning to Postgres' own form of them."""
    column = f'"{name}"'
    return f"decode(encode({column}, 'escape'), 'base64')" if kind in _BYTES else column


def is_any(column: Any, values: Sequence[Any]) -> ColumnElement[bool]:  # noqa: ANN401 -- a column
    """`column = ANY(values)`: one statement, whatever the number of values."""
    condition: ColumnElement[bool] = column == any_(literal(list(values), ARRAY(column.type)))
    return condition
