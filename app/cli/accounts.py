"""`sharedbox accounts`: the connected mail accounts."""

from typing import Annotated, Any

import typer

from app.accounts.connect import retry_now
from app.accounts.health import health_of
from app.bootstrap import open_container
from app.cli.lookup import account_named
from app.cli.output import AsJSON, console, run, show
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


@accounts.command()
def retry(account: Annotated[str, typer.Argument(help="The account’s address or id.")]) -> None:
    """Try an account that rests after a failure now.

    Example: sharedbox accounts retry support@example.com
    """

    async def work(given: Settings) -> str:
        async with open_container(given) as parts:
            async with parts.store.across_workspaces() as fleet:
                workspace_id = await fleet.default_workspace()
            async with parts.store.begin(workspace_id) as uow:
                found = await account_named(uow, account)
                return (await retry_now(uow, found.id)).address

    console.print(f"{run(work)} is tried now. See: sharedbox doctor", highlight=False)
