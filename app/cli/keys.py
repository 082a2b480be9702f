"""`sharedbox keys`: API keys."""

from typing import Annotated, Any
from uuid import UUID

import typer

from app.bootstrap import open_container
from app.cli.output import AsJSON, console, errors, run, show
from app.core.access import Scope
from app.core.config import Settings
from app.core.ids import APIKeyId
from app.core.keys import new_key
from app.store.models import APIKey

keys = typer.Typer(help="API keys.", no_args_is_help=True)


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for, such as “reporting”.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; may be repeated.")],
    account: Annotated[
        list[str] | None, typer.Option(help="Bind it to this account’s id; may be repeated.")
    ] = None,
) -> None:
    """Make a key and show it, once.

    Example: sharedbox keys create reporting --scope read
    """

    async def work(given: Settings) -> str:
        key = new_key()
        async with open_container(given) as parts:
            async with parts.store.across_workspaces() as fleet:
                workspace_id = await fleet.default_workspace()
            async with parts.store.begin(workspace_id) as uow:
                row = APIKey(
                    workspace_id=workspace_id,
                    prefix=key.prefix,
                    digest=key.digest,
                    name=name,
                    scopes=[str(one) for one in scope],
                    account_ids=[UUID(one) for one in account] if account else None,
                )
                uow.api_keys.add(row)
                uow.emit("api_key.created", prefix=key.prefix, scopes=[str(one) for one in scope])
        return key.text

    text = run(work)
    typer.echo(text)
    errors.print("This key is shown only now: keep it in a safe place.")


@keys.command("list")
def list_(as_json: AsJSON = False) -> None:
    """List the keys, without their secrets.

    Example: sharedbox keys list --json
    """

    async def work(given: Settings) -> list[dict[str, Any]]:
        async with open_container(given) as parts:
            async with parts.store.across_workspaces() as fleet:
                workspace_id = await fleet.default_workspace()
            async with parts.store.begin(workspace_id) as uow:
                return [
                    {
                        "id": row.id,
                        "name": row.name,
                        "prefix": f"sbx_{row.prefix}_…",
                        "scopes": ", ".join(row.scopes),
                        "last used": row.last_used_at or "never",
                        "state": "revoked" if row.revoked_at else "active",
                    }
                    for row in await uow.api_keys.page(after=None, limit=1000)
                ]

    columns = ("id", "name", "prefix", "scopes", "last used", "state")
    show(run(work), columns, as_json=as_json)


@keys.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The key’s id, from the list.")]) -> None:
    """Revoke a key. It is refused from the next request on.

    Example: sharedbox keys revoke 0197…
    """

    async def work(given: Settings) -> None:
        async with open_container(given) as parts:
            async with parts.store.across_workspaces() as fleet:
                workspace_id = await fleet.default_workspace()
            async with parts.store.begin(workspace_id) as uow:
                row = await uow.api_keys.get(APIKeyId(UUID(key_id)))
                row.revoked_at = row.revoked_at or parts.clock.now()
                uow.emit("api_key.revoked", prefix=row.prefix)

    run(work)
    console.print("Revoked.")
