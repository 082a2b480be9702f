"""How commands speak: tables for people, JSON for scripts, errors in words."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.core.config import Settings
from app.core.errors import InvalidInput, SharedBoxError

console = Console()
errors = Console(stderr=True, soft_wrap=True)
Answer = TypeVar("Answer")
AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def settings() -> Settings:
    """The settings, or a clear word about the one that is wrong (exit code 2)."""
    try:
        return Settings()
    except ValidationError as error:
        for one in error.errors():
            name = "SHAREDBOX_" + "_".join(str(part) for part in one["loc"]).upper()
            errors.print(f"[red]{name}:[/red] {escape(one['msg'])}", highlight=False)
        raise typer.Exit(2) from None


def run(work: Callable[[Settings], Awaitable[Answer]]) -> Answer:
    """Run a command's work; what we can explain ends in a sentence, never in a traceback."""
    given = settings()
    try:
        return asyncio.run(_awaited(work(given)))
    except SharedBoxError as error:
        explain(error)
    except OSError as error:
        fail(f"{error.filename or 'The system'}: {error.strerror or error}.")


def explain(error: SharedBoxError) -> NoReturn:
    """Say it, and end: with 2 where the caller is to write something else, with 1 otherwise."""
    fail(error.sentence, code=2 if isinstance(error, InvalidInput) else 1)


async def _awaited(work: Awaitable[Answer]) -> Answer:
    return await work


def fail(sentence: str, *, code: int = 1) -> NoReturn:
    errors.print(escape(sentence), style="red", highlight=False)
    raise typer.Exit(code)


def show(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Print rows; an empty list says so. An id stays whole, for it is there to be copied."""
    if as_json:
        typer.echo(json.dumps(list(rows), default=str, indent=2))
        return
    if not rows:
        console.print("Nothing here yet.")
        return
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == "id")
    for row in rows:
        table.add_row(*(escape(str(row[column])) for column in columns))
    console.print(table)
