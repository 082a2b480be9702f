"""Asking for a live test of a mailbox's servers, and following it.

A front door opens no connection to a mail server: it writes down what is to be tried, with the
passwords sealed, and a worker goes through the steps (`jobs/checking.py`) and writes down each.
"""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from app.accounts.connect import Gate, ServerLogin, check_server, check_token_host, checked_address
from app.core.crypto import Vault
from app.core.errors import Conflict
from app.core.ids import AccountId, GrantId, TrialId, WorkspaceId
from app.mailbox.port import Security
from app.store.models import Account, GrantState, Trial, TrialState
from app.store.notify import NotificationHub, Topic
from app.store.queue import run_trial
from app.store.unit_of_work import Store, UnitOfWork

_LOOK_SECONDS: Final = 1.0
FOLLOW_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Servers:
    imap: ServerLogin
    smtp: ServerLogin | None


async def ask_for_trial(
    uow: UnitOfWork,
    gate: Gate,
    address: str,
    servers: Servers,
    *,
    grant_id: GrantId | None = None,
    with_loop: bool = False,
) -> Trial:
    """Have the servers of a mailbox tried that is not connected yet. `InvalidInput`, `Conflict`."""
    address = checked_address(address)
    needs_password = grant_id is None
    logins = {"imap": servers.imap, "smtp": servers.smtp}
    for name, login in logins.items():
        if login is not None:
            check_server(name, address, gate, login, needs_password=needs_password)
    if grant_id is not None:
        grant = await uow.grants.get(grant_id)
        if grant.state is not GrantState.ACTIVE:
            raise Conflict("Nobody has signed in yet.", fix="Sign in first, then test.")
        for login in filter(None, logins.values()):
            check_token_host(
                gate.oauth.get(grant.provider), login.host, allow_private=gate.allow_private
            )
    return _ask(uow, address, gate.vault, servers, grant_id=grant_id, with_loop=with_loop)


async def ask_for_account_trial(
    uow: UnitOfWork, vault: Vault, account_id: AccountId, *, with_loop: bool = False
) -> Trial:
    """The same for an account that is connected. Raises `NotFound`."""
    account = await uow.accounts.get(account_id)
    return _ask(
        uow,
        account.address,
        vault,
        servers_of(account, vault),
        account_id=account.id,
        grant_id=account.grant_id,
        with_loop=with_loop,
    )


async def follow(
    store: Store,
    hub: NotificationHub,
    workspace_id: WorkspaceId,
    trial_id: TrialId,
    *,
    seconds: float = FOLLOW_SECONDS,
) -> AsyncIterator[Trial]:
    """The trial each time something came of it, until it is done or the time is up. `NotFound`."""
    deadline = time.monotonic() + seconds
    last: tuple[TrialState, list[dict[str, Any]]] | None = None
    with hub.waker(Topic.TRIAL, trial_id) as waker:
        while True:
            async with store.begin(workspace_id) as uow:
                trial = await uow.trials.get(trial_id)
            if (trial.state, trial.steps) != last:
                last = (trial.state, trial.steps)
                yield trial
            if trial.state is TrialState.DONE or time.monotonic() >= deadline:
                return
            await waker.wait(_LOOK_SECONDS)


def read_servers(sealed: bytes, vault: Vault) -> Servers:
    """What a worker is to try."""
    told = json.loads(vault.open(sealed))
    return Servers(_read(told["imap"]), _read(told["smtp"]) if told["smtp"] else None)


def _ask(
    uow: UnitOfWork,
    address: str,
    vault: Vault,
    servers: Servers,
    *,
    account_id: AccountId | None = None,
    grant_id: GrantId | None = None,
    with_loop: bool,
) -> Trial:
    trial = Trial(
        workspace_id=uow.workspace_id,
        account_id=account_id,
        grant_id=grant_id,
        address=address,
        servers=vault.seal(json.dumps(asdict(servers))),
        with_loop=with_loop and servers.smtp is not None,
    )
    uow.trials.add(trial)
    uow.leave(run_trial(uow.workspace_id, trial.id))
    return trial


def servers_of(account: Account, vault: Vault) -> Servers:
    """How an account reaches its servers; without a password where it has a grant."""
    password = vault.open(account.imap_secret) if account.imap_secret else ""
    imap = ServerLogin(
        account.imap_host,
        account.imap_port,
        Security(account.imap_security),
        account.imap_username,
        password,
    )
    if not (account.smtp_host and account.smtp_port and account.smtp_security):
        return Servers(imap, None)
    secret = vault.open(account.smtp_secret) if account.smtp_secret else ""
    return Servers(
        imap,
        ServerLogin(
            account.smtp_host,
            account.smtp_port,
            Security(account.smtp_security),
            account.smtp_username or "",
            secret,
        ),
    )


def _read(told: dict[str, Any]) -> ServerLogin:
    return ServerLogin(**{**told, "security": Security(told["security"])})
