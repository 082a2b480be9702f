"""`sharedbox accounts`: the connected mail accounts."""

import json
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from app.accounts import connect
from app.accounts.connect import Gate, NewAccount, ServerLogin
from app.accounts.health import AccountHealth, health_of
from app.accounts.trying import Tried, try_out
from app.cli.lookup import account_named
from app.cli.opening import opened
from app.cli.output import AsJSON, console, fail, run, show
from app.core.config import Settings
from app.core.ids import AccountId
from app.mailbox.port import Security

accounts = typer.Typer(help="Connected mail accounts.", no_args_is_help=True)
Named = Annotated[str, typer.Argument(help="The account’s address or id.")]
_FOLDERS = ("name", "watched", "accounted", "missing", "last checked")


@accounts.command("list")
def list_(as_json: AsJSON = False) -> None:
    """List the accounts and how they are.

    Example: sharedbox accounts list
    """

    async def work(given: Settings) -> list[dict[str, Any]]:
        async with opened(given) as on, on.parts.store.begin(on.workspace_id) as uow:
            found = await uow.accounts.page(after=None, limit=1000)
            return [_row(one) for one in await health_of(uow, found)]

    columns = ("id", "address", "state", "channel", "accounted", "missing", "detail")
    show(run(work), columns, as_json=as_json)


@accounts.command("show")
def show_(account: Named, as_json: AsJSON = False) -> None:
    """Show one account with its folders: what is accounted for, and what is missing.

    Example: sharedbox accounts show support@example.com
    """

    async def work(given: Settings) -> AccountHealth:
        async with opened(given) as on, on.parts.store.begin(on.workspace_id) as uow:
            (health,) = await health_of(uow, [await account_named(uow, account)])
            return health

    health = run(work)
    if as_json:
        typer.echo(json.dumps(asdict(health), default=str, indent=2))
        return
    console.print(f"{health.address}: {health.state}", markup=False, highlight=False)
    if health.detail:
        console.print(health.detail, markup=False, highlight=False)
    folders = [
        {**asdict(one), "last checked": one.last_checked_at or "never"} for one in health.mailboxes
    ]
    show(folders, _FOLDERS, as_json=False)


@accounts.command()
def add(
    address: Annotated[str, typer.Option(prompt="Mail address", help="The mailbox’s own address.")],
    host: Annotated[str, typer.Option(prompt="IMAP server", help="The name of the IMAP server.")],
    channel: Annotated[
        str, typer.Option(prompt="Slack channel (C…)", help="The id of the channel to post to.")
    ],
    port: Annotated[int, typer.Option(help="Its port.", min=1, max=65535)] = 993,
    security: Annotated[
        Security, typer.Option(help="starttls is required when chosen, never opportunistic.")
    ] = Security.TLS,
    username: Annotated[str, typer.Option(help="The login; else the address.")] = "",
    folder: Annotated[
        list[str] | None, typer.Option(help="A folder to watch; may be repeated. Else INBOX.")
    ] = None,
    history_days: Annotated[
        int, typer.Option(help="Import so many days of mail, silently.", min=0)
    ] = 0,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Connect an account. The password is asked for, or read; it is never an option.

    Example: sharedbox accounts add --address support@example.com --host imap.example.com
    --channel C024BE91L --password-stdin < password.txt
    """
    password = _password(from_stdin=password_stdin)
    login = ServerLogin(host, port, security, username or address, password)
    wanted = NewAccount(
        address=address,
        imap=login,
        smtp=None,
        folders=tuple(folder or ["INBOX"]),
        channel=channel,
        history_days=history_days,
    )

    async def work(given: Settings) -> AccountHealth:
        async with opened(given) as on, on.parts.store.begin(on.workspace_id) as uow:
            gate = Gate(on.parts.vault, given.allow_private_mail_hosts, on.parts.oauth)
            account = await connect.connect(uow, gate, wanted)
            await uow.session.flush()
            await uow.session.refresh(account)
            (health,) = await health_of(uow, [account])
            return health

    health = run(work)
    if as_json:
        typer.echo(json.dumps(_row(health), default=str, indent=2))
        return
    console.print(f"Added {health.address}.", markup=False, highlight=False)
    console.print(
        f"How it goes: sharedbox accounts test {health.address}", markup=False, highlight=False
    )


@accounts.command("test")
def try_(account: Named, as_json: AsJSON = False) -> None:
    """Have a worker connect the account anew, now, and say how that went.

    Example: sharedbox accounts test support@example.com
    """

    async def work(given: Settings) -> Tried:
        async with opened(given) as on:
            async with on.parts.store.begin(on.workspace_id) as uow:
                account_id = (await account_named(uow, account)).id
            return await try_out(on.parts.store, on.parts.hub, on.workspace_id, account_id)

    tried = run(work)
    if as_json:
        typer.echo(json.dumps(asdict(tried), indent=2))
    elif tried.ok:
        console.print("It works.")
    if not tried.ok:
        fail(tried.detail)


@accounts.command()
def retry(account: Named) -> None:
    """Try an account that rests after a failure now.

    Example: sharedbox accounts retry support@example.com
    """

    async def work(given: Settings) -> str:
        async with opened(given) as on, on.parts.store.begin(on.workspace_id) as uow:
            found = await account_named(uow, account)
            return (await connect.retry_now(uow, found.id)).address

    console.print(f"{run(work)} is tried now. See: sharedbox doctor", highlight=False)


@accounts.command()
def remove(
    account: Named,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove an account with its mail and conversations. The mail server is left as it is.

    Example: sharedbox accounts remove support@example.com --yes
    """
    if not yes:
        typer.confirm(
            f"Remove {account}, with every conversation, note and assignment of it?", abort=True
        )

    async def work(given: Settings) -> str:
        async with opened(given) as on:
            async with on.parts.store.begin(on.workspace_id) as uow:
                found = await account_named(uow, account)
                orphans = await connect.remove(uow, AccountId(found.id))
            await on.parts.blobs.delete(orphans)
            return found.address

    console.print(f"Removed {run(work)}.", markup=False, highlight=False)


def _password(*, from_stdin: bool) -> str:
    """Never from the command line, which every process of the machine can read."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = typer.prompt("Password", hide_input=True, err=True)
    return password


def _row(one: AccountHealth) -> dict[str, Any]:
    watched = [folder for folder in one.mailboxes if folder.watched]
    return {
        "id": one.id,
        "address": one.address,
        "state": one.state,
        "channel": one.channel,
        "accounted": sum(folder.accounted for folder in watched),
        "missing": sum(folder.missing for folder in watched),
        "detail": one.detail,
    }
