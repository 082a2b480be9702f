"""`sharedbox owner`: a link that makes whoever opens it an owner."""

import typer

from app.cli.opening import opened
from app.cli.output import errors
from app.cli.output import run as run_work
from app.core.config import Settings
from app.team.joining import link_path, owner_link

_NOTE = "from the command line"


def owner() -> None:
    """Print a link that makes whoever opens it an owner. It works once, within a day.

    For the first owner, and for when nobody can sign in any more.

    Example: sharedbox owner
    """

    async def work(given: Settings) -> str:
        async with opened(given) as on:
            store, now = on.parts.store, on.parts.clock.now()
            secret = await owner_link(store, on.workspace_id, _NOTE, now=now)
        return given.base_url.rstrip("/") + link_path(secret)

    typer.echo(run_work(work))
    errors.print("Whoever opens this link first becomes an owner: give it to nobody else.")
