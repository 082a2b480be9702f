"""`sharedbox keys`: API keys."""

import json
from typing import Annotated, Any

import typer

from app.accounts.keys import make_key, revoke_key
from app.cli.lookup import id_of
from app.cli.opening import opened
from app.cli.output import AsJSON, console, errors, run, show
from app.core.access import Scope, on_command_line
from app.core.config import Settings
from app.core.ids import AccountId, APIKeyId
from app.core.keys import NewKey
from app.store.audit import audit
from app.store.models import APIKey

keys = typer.Typer(help="API keys.", no_args_is_help=True)


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for, such as “reporting”.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; may be repeated.")],
    account: Annotated[
        list[str] | None, typer.Option(help="Bind it to this account’s id; may be repeated.")
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Make a key and show it, once.

    Example: sharedbox keys create reporting --scope read
    """

    async def work(given: Settings) -> tuple[APIKey, NewKey]:
        ids = [AccountId(id_of(one, "an account")) for one in account] if account else None
        async with opened(given) as on, on.parts.store.begin(on.workspace_id) as uow:
            row, key = await make_key(uow, name, scope, ids)
            by = on_command_line(on.workspace_id)
            audit(uow, by, "api_key.created", about=row.name, key_id=str(row.id))
            return row, key

    row, key = run(work)
    if as_json:
        typer.echo(json.dumps({"id": str(row.id), "key": key.text}, indent=2))
    else:
        typer.echo(key.text)
    errors.print("This key is shown only now: keep it in a safe place.")


@keys.command("list")
def list_(as_json: AsJSON = False) -> None:
    """List the keys, without their secrets.

    Example: sharedbox keys list --json
    """

    async def work(given: Settings) -> list[dict[str, Any]]:
        async with opened(given) as on, on.parts.store.begin(on.workspace_id) as uow:
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
        id_ = APIKeyId(id_of(key_id, "a key"))
        async with opened(given) as on, on.parts.store.begin(on.workspace_id) as uow:
            row = await revoke_key(uow, id_, now=on.parts.clock.now())
            by = on_command_line(on.workspace_id)
            audit(uow, by, "api_key.revoked", about=row.name, key_id=str(row.id))

    run(work)
    console.print("Revoked.")
