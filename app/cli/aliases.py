"""`sharedbox aliases`: addresses that accounts may send from, beside their own."""

from typing import Annotated, Any

import typer

from app.cli.lookup import account_named, id_of
from app.cli.opening import opened
from app.cli.output import AsJSON, console, run, show
from app.core.config import Settings
from app.core.ids import IdentityId
from app.sending.identities import Standing, add_identity, standing
from app.sending.prove import ask
from app.store.models import SenderIdentity

aliases = typer.Typer(
    help="Addresses that accounts may send from, beside their own.", no_args_is_help=True
)
Id = Annotated[str, typer.Argument(help="The alias’s id, from the list.")]


@aliases.command("list")
def list_(as_json: AsJSON = False) -> None:
    """List them, and whether each is proven: only then is it offered.

    Example: sharedbox aliases list
    """

    async def work(given: Settings) -> list[dict[str, Any]]:
        async with opened(given) as on, on.parts.store.begin(on.workspace_id) as uow:
            now = await uow.outgoing.time()
            accounts = {
                one.id: one.address for one in await uow.accounts.page(after=None, limit=1000)
            }
            return [
                _row(one, accounts.get(one.account_id, ""), standing(one, now))
                for one in await uow.identities.all()
            ]

    show(run(work), ("id", "address", "account", "state", "detail"), as_json=as_json)


@aliases.command()
def add(
    account: Annotated[str, typer.Argument(help="The account’s address or id.")],
    address: Annotated[str, typer.Argument(help="The address to send from.")],
    name: Annotated[str, typer.Option(help="What stands before the address.")] = "",
) -> None:
    """Add one. A mail from it to itself proves it; a running worker sends that.

    Example: sharedbox aliases add support@example.com billing@example.com --name Billing
    """

    async def work(given: Settings) -> str:
        async with opened(given) as on, on.parts.store.begin(on.workspace_id) as uow:
            found = await account_named(uow, account)
            return str((await add_identity(uow, found, address, name)).id)

    console.print(run(work), markup=False, highlight=False)


@aliases.command()
def verify(alias: Id) -> None:
    """Send the mail that proves it once more.

    Example: sharedbox aliases verify 0197…
    """

    async def work(given: Settings) -> None:
        id_ = IdentityId(id_of(alias, "an alias"))
        async with opened(given) as on, on.parts.store.begin(on.workspace_id) as uow:
            identity = await uow.identities.lock(id_)
            await ask(uow, await uow.accounts.get(identity.account_id), identity)

    run(work)
    console.print("A worker sends the mail; “sharedbox aliases list” says whether it came back.")


def _row(one: SenderIdentity, account: str, found: Standing) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "address": one.address,
        "account": account,
        "state": found.state,
        "detail": found.detail,
    }
