"""`sharedbox accounts`: the connected mail accounts."""

import json
import sys
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer

from app.accounts import connect, pausing
from app.accounts.health import AccountHealth, health_of
from app.accounts.trials import servers_of
from app.accounts.trying import Tried, try_out
from app.cli import connecting
from app.cli.lookup import account_named
from app.cli.opening import opened
from app.cli.output import AsJSON, console, fail, run, show
from app.core.access import on_command_line
from app.core.config import Settings
from app.core.ids import AccountId
from app.mailbox.port import Security
from app.store.audit import audit
from app.store.models import ReadPolicy

accounts = typer.Typer(help="Connected mail accounts.", no_args_is_help=True)
Named = Annotated[str, typer.Argument(help="The account’s address or id.")]
Host = Annotated[str | None, typer.Option(help="The IMAP server. Left out: it is looked for.")]
Port = Annotated[int, typer.Option(help="The server’s port.", min=1, max=65535)]
Secured = Annotated[
    Security, typer.Option(help="starttls is required when chosen, never opportunistic.")
]
Provider = Annotated[
    str, typer.Option(help="Sign in there, in place of a password: microsoft, google, …")
]
Shared = Annotated[
    bool, typer.Option("--shared", help="A shared mailbox: somebody else signs in for it.")
]
Application = Annotated[
    bool, typer.Option("--application", help="The application itself is let in (Microsoft).")
]
_PLAIN: Final[dict[str, Any]] = {"markup": False, "highlight": False}
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
    host: Host = None,
    channel: Annotated[str, typer.Option(help="The id of the Slack channel to post to.")] = "",
    port: Port = 993,
    security: Secured = Security.TLS,
    username: Annotated[str, typer.Option(help="The login; else the address.")] = "",
    provider: Provider = "",
    shared: Shared = False,
    application: Application = False,
    folder: Annotated[
        list[str] | None, typer.Option(help="A folder to watch; may be repeated. Else INBOX.")
    ] = None,
    history_days: Annotated[
        int | None, typer.Option(help="Import so many days of mail, silently.", min=0)
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    check: Annotated[
        bool | None,
        typer.Option(help="Try the servers first. Left out: where somebody sits at a terminal."),
    ] = None,
    loop: Annotated[
        bool, typer.Option("--loop", help="Let that test send the mailbox a mail of its own.")
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Connect an account. The password is asked for, or read; it is never an option.

    Example: sharedbox accounts add --address support@example.com
    """
    wanted = connecting.Wanted(
        address=address,
        channel=channel,
        host=host,
        port=port,
        security=security,
        username=username,
        provider=provider,
        shared=shared,
        application=application,
        folders=tuple(folder or ()),
        history_days=history_days,
        password_stdin=password_stdin,
        check=sys.stdin.isatty() if check is None else check,
        with_loop=loop,
    )

    async def work(given: Settings) -> AccountHealth:
        async with opened(given) as on:
            return await connecting.add(on, given, wanted)

    _say_added(run(work), as_json=as_json)


def _say_added(health: AccountHealth, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_row(health), default=str, indent=2))
        return
    console.print(f"Added {health.address}.", markup=False, highlight=False)
    console.print(
        f"How it goes: sharedbox accounts test {health.address}", markup=False, highlight=False
    )


@accounts.command()
def reconnect(
    account: Named,
    wait: Annotated[bool, typer.Option(help="Wait until somebody has signed in.")] = True,
) -> None:
    """Sign in again for an account whose provider takes its tokens no more.

    Example: sharedbox accounts reconnect support@example.com
    """

    async def work(given: Settings) -> str:
        async with opened(given) as on:
            async with on.parts.store.begin(on.workspace_id) as uow:
                found = await account_named(uow, account)
            await connecting.reconnect(on, given, found, wait=wait)
            return found.address

    address = run(work)
    if wait:
        console.print(f"{address} is connected again.", markup=False, highlight=False)


@accounts.command()
def check(
    account: Named,
    loop: Annotated[
        bool, typer.Option("--loop", help="Send the mailbox a mail of its own, and see it arrive.")
    ] = False,
) -> None:
    """Try an account’s servers from this machine, step by step.

    Example: sharedbox accounts check support@example.com
    """

    async def work(given: Settings) -> str:
        async with opened(given) as on:
            async with on.parts.store.begin(on.workspace_id) as uow:
                found = await account_named(uow, account)
            servers = servers_of(found, on.parts.vault)
            await connecting.check(on, given, found.address, servers, found.grant_id, loop)
            return found.address

    console.print(f"{run(work)} passed.", markup=False, highlight=False)


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


@accounts.command("mark-read")
def mark_read(
    account: Named,
    when: Annotated[ReadPolicy, typer.Argument(help="At this step, or at a later one.")],
) -> None:
    """Say when an account’s mail is marked as read on the server, unasked.

    Example: sharedbox accounts mark-read support@example.com done
    """

    async def work(given: Settings) -> str:
        async with opened(given) as on, on.parts.store.begin(on.workspace_id) as uow:
            found = await account_named(uow, account)
            gate = connect.Gate(on.parts.vault, given.allow_private_mail_hosts, on.parts.oauth)
            await connect.change(uow, gate, found.id, connect.AccountChange(mark_read=when))
            by = on_command_line(on.workspace_id)
            audit(uow, by, "account.changed", about=found.address, account_id=str(found.id))
            return found.address

    console.print(f"Mail of {run(work)} is marked as read: {when}.", **_PLAIN)


@accounts.command()
def pause(account: Named) -> None:
    """Let an account be until it is resumed: nothing is fetched or sent, and wishes wait.

    Example: sharedbox accounts pause support@example.com
    """
    address = _switch(account, pausing.pause, "account.paused")
    console.print(f"{address} is paused. Go on: sharedbox accounts resume {address}", **_PLAIN)


@accounts.command()
def resume(account: Named) -> None:
    """Go on with an account that is paused; the mail of the gap is brought in.

    Example: sharedbox accounts resume support@example.com
    """
    address = _switch(account, pausing.resume, "account.resumed")
    console.print(f"{address} is looked at again. See: sharedbox doctor", **_PLAIN)


def _switch(account: str, change: pausing.Change, act: str) -> str:
    """Pause or resume it; answers its address."""

    async def work(given: Settings) -> str:
        async with opened(given) as on, on.parts.store.begin(on.workspace_id) as uow:
            found = await account_named(uow, account)
            by = on_command_line(on.workspace_id)
            await change(uow, found.id, by=by.name, now=on.parts.clock.now())
            audit(uow, by, act, about=found.address, account_id=str(found.id))
            return found.address

    return run(work)


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
                await connect.remove(uow, AccountId(found.id))
                by = on_command_line(on.workspace_id)
                audit(uow, by, "account.removed", about=found.address)
            return found.address

    console.print(f"Removed {run(work)}.", markup=False, highlight=False)


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
