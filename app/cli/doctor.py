"""`sharedbox doctor`: how everything is, in words, and what a person has to do about it."""

import json
from dataclasses import asdict
from typing import Final

import typer
from rich.markup import escape

from app.cli.opening import opened
from app.cli.output import AsJSON, console, run
from app.core.config import Settings
from app.core.errors import SharedBoxError
from app.core.findings import Finding, Level
from app.slack.examination import examine

_MARKS: Final = {
    Level.OK: "[green]✔[/green]",
    Level.NOTE: "[yellow]•[/yellow]",
    Level.PROBLEM: "[red]✘[/red]",
}


def doctor(as_json: AsJSON = False) -> None:
    """Explain how the database, the workers, Slack and each account are.

    Ends with 1 where something needs a person.

    Example: sharedbox doctor
    """
    findings = run(_examine)
    is_healthy = all(one.level is not Level.PROBLEM for one in findings)
    if as_json:
        told = {"healthy": is_healthy, "findings": [asdict(one) for one in findings]}
        typer.echo(json.dumps(told, indent=2))
    else:
        for one in findings:
            _print(one)
    if not is_healthy:
        raise typer.Exit(1)


async def _examine(given: Settings) -> list[Finding]:
    try:
        async with opened(given) as on:
            return [one async for one in examine(on.parts, on.workspace_id)]
    except SharedBoxError as error:
        return [Finding("Database", Level.PROBLEM, str(error), error.fix)]


def _print(finding: Finding) -> None:
    console.print(
        f"{_MARKS[finding.level]} [bold]{escape(finding.subject)}[/bold]: {escape(finding.what)}",
        highlight=False,
        soft_wrap=True,
    )
    if finding.fix:
        console.print(f"  → {escape(finding.fix)}", highlight=False, soft_wrap=True)
    for line in finding.details:
        console.print(f"  {escape(line)}", style="dim", highlight=False, soft_wrap=True)
