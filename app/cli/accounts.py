"""`sharedbox accounts`: the connected mail accounts."""

from typing import Any

import typer

from app.accounts.health import health_of
from app.bootstrap import open_container
from app.cli.output import AsJSON, run, show
from app.core.config import Settings

accounts = typer.Typer(help="Connected mail accounts.", no_args_is_help=True)


@accounts.command("list")
def list_(as_json: AsJSON = False) -> None:
    """List the accounts and how they are.

    Example: sharedbox accounts list
    """

    async def work(given: Settings) -> list[dict[str, Any]]:
        async with open_container(given) as parts:
            async with parts.store.across_workspaces() as fleet:
                workspace_id = await fleet.default_workspace()
            async with parts.store.begin(workspace_id) as uow:
                found = await uow.accounts.page(after=None, limit=1000)
                healths = await health_of(uow, found)
        return [
            {
                "id": one.id,
                "address": one.address,
                "state": one.state,
                "channel": one.channel,
                "accounted": sum(folder.accounted for folder in one.mailboxes if folder.watched),
                "missing": sum(folder.missing for folder in one.mailboxes if folder.watched),
                "detail": one.detail,
            }
            for one in healths
        ]

    columns = ("id", "address", "state", "channel", "accounted", "missing", "detail")
    show(run(work), columns, as_json=as_json)
