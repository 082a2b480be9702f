"""Connecting a mailbox in the terminal: address, servers, sign-in or password, test, and the rest.

What is missing is asked for; whoever gives all of it is asked nothing. Words go to standard error,
so that `--json` prints nothing else.
"""

import sys
import time
from dataclasses import dataclass, replace
from typing import Final

import typer
from rich.markup import escape

from app.accounts.by_sign_in import NewSignedIn, Server, SignInWanted, connect_by_sign_in
from app.accounts.connect import Gate, NewAccount, ServerLogin, connect
from app.accounts.discovery import Discovered, Discovery, FoundServer, Source
from app.accounts.grants import add_grant, grant_of, make_ticket, sign_in_path
from app.accounts.health import AccountHealth, health_of
from app.accounts.tokens import GrantTokens
from app.accounts.trials import Servers
from app.bootstrap.checking import checker
from app.cli.opening import Opened
from app.cli.output import errors
from app.core.access import on_command_line
from app.core.config import Settings
from app.core.errors import SharedBoxError, Unavailable
from app.core.ids import GrantId
from app.jobs.checking import Progress, Step, StepState, WhatToCheck
from app.jobs.trying import what_to_check
from app.mailbox.port import Security
from app.mailbox.sessions import IMAPServers
from app.outside.dns import DNS
from app.outside.http import open_outside
from app.store.audit import audit
from app.store.models import Account, Grant, GrantState
from app.store.notify import Topic

SIGN_IN_SECONDS: Final = 900.0
_LOOK_SECONDS: Final = 1.0
_MARKS: Final = {
    StepState.OK: "[green]✓[/green]",
    StepState.NOTE: "[yellow]![/yellow]",
    StepState.FAILED: "[red]✗[/red]",
    StepState.SKIPPED: "[dim]–[/dim]",
}


class NotPassed(SharedBoxError):
    """A mailbox did not pass its test, and nobody said to connect it all the same."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was given with the command; empty or None where it was not."""

    address: str
    channel: str
    host: str | None
    port: int
    security: Security
    username: str
    provider: str
    shared: bool
    application: bool
    folders: tuple[str, ...]
    history_days: int | None
    password_stdin: bool
    check: bool
    with_loop: bool


@dataclass(frozen=True, slots=True)
class _Servers:
    imap: FoundServer
    smtp: FoundServer | None
    oauth: str | None


async def add(on: Opened, given: Settings, wanted: Wanted) -> AccountHealth:
    """Connect it. Raises what `connect` raises, and `NotPassed`."""
    servers = await _find(on, given, wanted)
    provider = wanted.provider or _offer_sign_in(wanted, servers)
    grant_id = None
    password = ""
    if provider:
        grant_id = await _grant(on, given, wanted, provider)
    else:
        password = _password(from_stdin=wanted.password_stdin)
    progress = None
    if wanted.check:
        logins = _logins(servers, wanted, password)
        progress = await check(on, given, wanted.address, logins, grant_id, wanted.with_loop)
    channel = wanted.channel or str(typer.prompt("Slack channel (C…)", err=True))
    chosen = replace(wanted, channel=channel, folders=_folders(wanted, progress))
    chosen = replace(chosen, history_days=_history(wanted, progress))
    return await _connect(on, given, chosen, servers, password, provider, grant_id)


async def reconnect(on: Opened, given: Settings, account: Account, *, wait: bool) -> str:
    """Print the link to sign in again, and wait until somebody has. Raises `Unavailable`."""
    async with on.parts.store.begin(on.workspace_id) as uow:
        grant = await grant_of(uow, await uow.accounts.get(account.id))
        ticket = await make_ticket(uow, grant)
    url = given.base_url.rstrip("/") + sign_in_path(grant.provider, ticket)
    if wait:
        await _signed_in(on, url, grant)
    else:
        say(f"Sign in here: {url}")
    return url


async def check(
    on: Opened,
    given: Settings,
    address: str,
    servers: Servers,
    grant_id: GrantId | None,
    with_loop: bool,
) -> Progress:
    """Try the servers from this machine, with a line for each step. Raises `NotPassed`."""
    parts = on.parts
    token = None
    if grant_id is not None:
        tokens = GrantTokens(parts.store, parts.hub, parts.vault, parts.oauth)
        token = await tokens.get(on.workspace_id, grant_id)
    progress = await _run(given, what_to_check(address, with_loop, servers, token))
    if not progress.is_good and not (
        sys.stdin.isatty() and typer.confirm("Go on all the same?", err=True)
    ):
        raise NotPassed("The mailbox did not pass its test.", fix="Correct what failed above.")
    return progress


async def _run(given: Settings, what: WhatToCheck) -> Progress:
    shown: set[str] = set()
    progress = Progress({})
    async with IMAPServers(
        threads=2,
        largest_mail=given.max_mail_bytes,
        allow_private=given.allow_private_mail_hosts,
        ca_file=given.tls_ca_file,
    ) as servers:
        async for progress in checker(given, servers).check(what):
            for step in progress.steps.values():
                if step.key not in shown and step.state in _MARKS:
                    shown.add(step.key)
                    _show(step)
    return progress


def _show(step: Step) -> None:
    errors.print(f"{_MARKS[step.state]} {escape(step.title)}: {escape(step.detail or 'skipped')}")
    if step.fix:
        errors.print(f"  {escape(step.fix)}", style="dim")


def say(words: str) -> None:
    errors.print(words, markup=False, highlight=False)


async def _find(on: Opened, given: Settings, wanted: Wanted) -> _Servers:
    """The servers that were given, else those the address leads to, else those that are typed."""
    username = wanted.username or wanted.address
    if wanted.host is not None:
        imap = FoundServer(wanted.host, wanted.port, wanted.security, username)
        return _Servers(imap, None, None)
    if wanted.provider and (hosts := on.parts.oauth.get(wanted.provider).mail_hosts):
        imap = FoundServer(
            hosts.imap.host, hosts.imap.port, Security(hosts.imap.security), username
        )
        smtp = hosts.smtp and FoundServer(
            hosts.smtp.host, hosts.smtp.port, Security(hosts.smtp.security), username
        )
        return _Servers(imap, smtp or None, wanted.provider)
    found = await _discover(on, given, wanted.address)
    if found.imap is None:
        say(found.hint)
        host = str(typer.prompt("IMAP server", err=True))
        return _Servers(FoundServer(host, wanted.port, wanted.security, username), None, None)
    say(_found_words(found))
    return _Servers(found.imap, found.smtp, found.oauth)


async def _discover(on: Opened, given: Settings, address: str) -> Discovered:
    allow_private = given.allow_private_mail_hosts
    async with open_outside(allow_private=allow_private) as outside:
        discovery = Discovery(outside, DNS(), on.parts.oauth, allow_private=allow_private)
        return await discovery.discover(address)


def _found_words(found: Discovered) -> str:
    assert found.imap is not None
    how = {
        Source.KNOWN: "is known",
        Source.AUTOCONFIG: "describes its servers",
        Source.SRV: "names its servers in the DNS",
        Source.MX: "has its mail there",
    }[found.source]
    domain = found.address.rpartition("@")[2]
    smtp = f", for sending {found.smtp.host}:{found.smtp.port}" if found.smtp else ""
    title = f" ({found.title})" if found.title else ""
    where = f"{found.imap.host}:{found.imap.port}{smtp}"
    lines = [f"{domain} {how}{title}: {where}."]
    if found.oauth_missing:
        lines.append(
            f"One signs in with {found.oauth_missing.title()} there, which SharedBox is not set "
            "up for; docs/connecting.md says how."
        )
    elif found.oauth is None and found.hint:
        lines.append(found.hint)
    return "\n".join(lines)


def _offer_sign_in(wanted: Wanted, servers: _Servers) -> str:
    if servers.oauth is None or wanted.password_stdin:
        return ""
    question = f"Sign in with {servers.oauth.title()} (instead of a password)?"
    return servers.oauth if typer.confirm(question, default=True, err=True) else ""


async def _grant(on: Opened, given: Settings, wanted: Wanted, provider: str) -> GrantId:
    """A grant that tokens can be had by."""
    async with on.parts.store.begin(on.workspace_id) as uow:
        grant = add_grant(
            uow,
            on.parts.oauth.get(provider),
            wanted.address,
            shared=wanted.shared,
            application=wanted.application,
        )
        if wanted.application:
            return grant.id
        await uow.session.flush()
        ticket = await make_ticket(uow, grant)
    await _signed_in(on, given.base_url.rstrip("/") + sign_in_path(provider, ticket), grant)
    return grant.id


async def _signed_in(on: Opened, url: str, grant: Grant) -> None:
    """Wait for new tokens. The provider sends the browser to the web process, which must run."""
    say(f"Sign in here, in a browser that reaches SharedBox’s web process:\n  {url}")
    deadline = time.monotonic() + SIGN_IN_SECONDS
    with on.parts.hub.waker(Topic.GRANT, grant.id) as waker:
        while time.monotonic() < deadline:
            async with on.parts.store.begin(on.workspace_id) as uow:
                now = await uow.grants.get(grant.id)
            if now.state is GrantState.ACTIVE and now.version > grant.version:
                say(f"Signed in as {now.identity}.")
                return
            await waker.wait(_LOOK_SECONDS)
    raise Unavailable("Nobody has signed in.", fix="Begin again when you are ready to.")


def _logins(servers: _Servers, wanted: Wanted, password: str) -> Servers:
    return Servers(
        _login(servers.imap, wanted, password),
        _login(servers.smtp, wanted, password) if servers.smtp else None,
    )


def _login(server: FoundServer, wanted: Wanted, password: str) -> ServerLogin:
    return ServerLogin(
        server.host, server.port, server.security, wanted.username or server.username, password
    )


def _folders(wanted: Wanted, progress: Progress | None) -> tuple[str, ...]:
    """Those that were named; a person with a terminal is asked."""
    if wanted.folders or progress is None or not sys.stdin.isatty():
        return wanted.folders or ("INBOX",)
    names = [one["name"] for one in progress.found.get("folders", []) if one["selectable"]]
    say(f"Folders: {', '.join(names)}")
    typed = str(typer.prompt("Folders to watch, separated by commas", default="INBOX", err=True))
    return tuple(one.strip() for one in typed.split(",") if one.strip())


def _history(wanted: Wanted, progress: Progress | None) -> int:
    if wanted.history_days is not None or progress is None or not sys.stdin.isatty():
        return wanted.history_days or 0
    counts = progress.found.get("history", {})
    shown = ", ".join(f"{days} days: {count:,}" for days, count in counts.items() if days != "all")
    say(f"Mail that is there already, which can be imported silently: {shown}")
    return int(typer.prompt("Days of history to import", default=0, type=int, err=True))


async def _connect(
    on: Opened,
    given: Settings,
    wanted: Wanted,
    servers: _Servers,
    password: str,
    provider: str,
    grant_id: GrantId | None,
) -> AccountHealth:
    gate = Gate(on.parts.vault, given.allow_private_mail_hosts, on.parts.oauth)
    history_days = wanted.history_days or 0
    async with on.parts.store.begin(on.workspace_id) as uow:
        if grant_id is not None:
            account, _ = await connect_by_sign_in(
                uow,
                gate,
                NewSignedIn(
                    address=wanted.address,
                    sign_in=SignInWanted(provider, grant_id=grant_id),
                    folders=wanted.folders,
                    channel=wanted.channel,
                    imap=_server(servers.imap),
                    smtp=_server(servers.smtp) if servers.smtp else None,
                    without_smtp=servers.smtp is None,
                    history_days=history_days,
                ),
            )
        else:
            logins = _logins(servers, wanted, password)
            account = await connect(
                uow,
                gate,
                NewAccount(
                    address=wanted.address,
                    imap=logins.imap,
                    smtp=logins.smtp,
                    folders=wanted.folders,
                    channel=wanted.channel,
                    history_days=history_days,
                ),
            )
        by = on_command_line(on.workspace_id)
        audit(uow, by, "account.connected", about=account.address, account_id=str(account.id))
        await uow.session.flush()
        await uow.session.refresh(account)
        (health,) = await health_of(uow, [account])
        return health


def _server(found: FoundServer) -> Server:
    return Server(found.host, found.port, found.security, found.username)


def _password(*, from_stdin: bool) -> str:
    """Never from the command line, which every process of the machine can read."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = typer.prompt("Password", hide_input=True, err=True)
    return password
