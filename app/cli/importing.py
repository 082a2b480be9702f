"""`sharedbox import`: bring in what was in an account before it was watched."""

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from app.accounts import history
from app.accounts.history import ImportProgress, Window, progress_of
from app.cli.lookup import account_named
from app.cli.opening import Opened, opened
from app.cli.output import AsJSON, console, fail, run
from app.container import Container
from app.core.config import Settings
from app.core.ids import AccountId, WorkspaceId
from app.store.models import ImportState

_LOOK_AGAIN_SECONDS: Final = 0.5


def import_(
    account: Annotated[str, typer.Argument(help="The account’s address or id.")],
    days: Annotated[int | None, typer.Option(help="The mail of so many last days.", min=1)] = None,
    since: Annotated[
        datetime | None, typer.Option(help="The mail since this day (UTC).", formats=["%Y-%m-%d"])
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All the mail there is.")] = False,
    mails_per_minute: Annotated[
        int | None, typer.Option(help="The pace; else SHAREDBOX_IMPORT_MAILS_PER_MINUTE.", min=1)
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Show the progress, and return when it is done.")
    ] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Stop the import that runs.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Import an account’s history, silently: no cards, no notices. Without a window: how far it is.

    Example: sharedbox import support@example.com --days 30 --wait
    """
    if sum((days is not None, since is not None, everything, cancel)) > 1:
        raise typer.BadParameter("give only one of --days, --since, --all and --cancel")
    window = None
    if days is not None or since is not None or everything:
        window = Window(days=days, since=since.replace(tzinfo=UTC) if since else None)

    async def work(given: Settings) -> ImportProgress:
        async with opened(given) as on:
            importing = await _open(on, account)
            if cancel:
                return await importing.cancel()
            if window is not None:
                await importing.start(window, mails_per_minute)
            if wait:
                return await importing.watch(show_bar=not as_json)
            return await importing.look()

    progress = run(work)
    if as_json:
        typer.echo(json.dumps(asdict(progress), default=str, indent=2))
    else:
        console.print(_in_words(progress), highlight=False)
    if wait and progress.state is not ImportState.DONE:
        fail("The import was cancelled.")


class _Importing:
    def __init__(self, parts: Container, workspace_id: WorkspaceId, account_id: AccountId) -> None:
        self._parts = parts
        self._workspace_id = workspace_id
        self._account_id = account_id

    async def start(self, window: Window, mails_per_minute: int | None) -> None:
        async with self._parts.store.begin(self._workspace_id) as uow:
            await history.start(uow, self._account_id, window, mails_per_minute=mails_per_minute)

    async def cancel(self) -> ImportProgress:
        now = self._parts.clock.now()
        async with self._parts.store.begin(self._workspace_id) as uow:
            return progress_of(await history.cancel(uow, self._account_id, now=now), now)

    async def look(self) -> ImportProgress:
        async with self._parts.store.begin(self._workspace_id) as uow:
            return progress_of(await history.find(uow, self._account_id), self._parts.clock.now())

    async def watch(self, *, show_bar: bool) -> ImportProgress:
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not show_bar,
        ) as bar:
            task = bar.add_task("counting", total=None)
            while True:
                progress = await self.look()
                bar.update(
                    task,
                    description="counting" if progress.found is None else "importing",
                    total=progress.found,
                    completed=progress.done + progress.failed,
                )
                if progress.state is not ImportState.RUNNING:
                    return progress
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def _open(on: Opened, account: str) -> _Importing:
    """The import of the account of this address or id. Raises `NotFound`."""
    async with on.parts.store.begin(on.workspace_id) as uow:
        account_id = (await account_named(uow, account)).id
    return _Importing(on.parts, on.workspace_id, account_id)


def _in_words(progress: ImportProgress) -> str:
    if progress.found is None:
        if progress.state is ImportState.RUNNING:
            return "Waiting for the worker that owns the account to count its mail."
        return f"The import is {progress.state}."
    settled = progress.done + progress.failed
    words = f"{settled:,} of {progress.found:,} mails are in"
    if progress.failed:
        words += f", {progress.failed:,} of them in quarantine"
    match progress.state:
        case ImportState.RUNNING if progress.eta_seconds is not None:
            return f"{words}; about {_duration(progress.eta_seconds)} left."
        case ImportState.RUNNING:
            return f"{words}; the rest is coming."
        case state:
            return f"{words}. The import is {state}."


def _duration(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds"
    if seconds < 5400:
        return f"{round(seconds / 60)} minutes"
    return f"{round(seconds / 3600)} hours"
