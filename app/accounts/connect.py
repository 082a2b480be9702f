"""Connecting an account, changing it, trying it out, and removing it.

None of this talks to a mail server. The row is written and the worker that owns the account is
woken; what it finds out stands in the account's `state` and `detail`, and `settled_revision` tells
up to which change of the row.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from app.accounts.history import MOST_HISTORY_DAYS
from app.accounts.pausing import refuse_while_paused
from app.core.crypto import Vault
from app.core.errors import Conflict, InvalidInput
from app.core.ids import AccountId, ChannelId, GrantId
from app.mail.address import is_plain
from app.mailbox.errors import ServerForbidden
from app.mailbox.hosts import refuse_by_name
from app.mailbox.port import Security
from app.providers.oauth.port import OAuthProvider
from app.providers.oauth.registry import OAuthProviders
from app.store.models import Account, AccountState, ReadPolicy
from app.store.notify import Topic
from app.store.queue import look_at_channel
from app.store.unit_of_work import UnitOfWork

MOST_FOLDERS: Final = 50
_CHANNEL: Final = re.compile(r"[CGD][A-Z0-9]{2,}")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class ServerLogin:
    """One server, as an operator types it in. An account with a grant needs no password."""

    host: str
    port: int
    security: Security
    username: str
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class NewAccount:
    address: str
    imap: ServerLogin
    smtp: ServerLogin | None
    folders: tuple[str, ...]
    channel: str
    history_days: int = 0
    watch_sent: bool = True
    mark_read: ReadPolicy = ReadPolicy.NEVER
    grant_id: GrantId | None = None
    """Whose tokens open it, in place of passwords."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What an account has to pass: its secrets are sealed, and its servers must be public ones."""

    vault: Vault
    allow_private: bool
    oauth: OAuthProviders = field(default_factory=OAuthProviders)


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What is None stays as it is."""

    imap: ServerLogin | None = None
    smtp: ServerLogin | None = None
    folders: tuple[str, ...] | None = None
    watch_sent: bool | None = None
    mark_read: ReadPolicy | None = None
    channel: str | None = None
    without_smtp: bool = False


async def connect(uow: UnitOfWork, gate: Gate, wanted: NewAccount) -> Account:
    """Add an account; a worker takes it within seconds. Raises `InvalidInput` and `Conflict`."""
    address = checked_address(wanted.address)
    if await uow.accounts.find_by_address(address) is not None:
        raise Conflict(
            f"{address} is connected already.", fix="Change that account, or remove it first."
        )
    if not 0 <= wanted.history_days <= MOST_HISTORY_DAYS:
        raise InvalidInput(
            f"History can be imported for 0 to {MOST_HISTORY_DAYS} days.", field="history_days"
        )
    account = Account(
        workspace_id=uow.workspace_id,
        address=address,
        channel_id=checked_channel(wanted.channel),
        folders=_checked_folders(wanted.folders),
        history_days=wanted.history_days,
        watch_sent=wanted.watch_sent,
        mark_read=wanted.mark_read,
        imap_host="",
        imap_port=0,
        imap_security="",
        imap_username="",
        imap_secret=b"",
        grant_id=wanted.grant_id,
    )
    if wanted.grant_id is not None:
        await _check_grant(uow, gate, address, wanted)
    _set_imap(account, gate, wanted.imap)
    _set_smtp(account, gate, wanted.smtp)
    uow.accounts.add(account)
    await used(uow, account.channel_id)
    if wanted.history_days:
        await uow.session.flush()
        await uow.imports.request(account.id, days=wanted.history_days)
    uow.emit("account.connected", account_id=account.id, address=address)
    uow.wake(Topic.ACCOUNTS)
    return account


async def change(
    uow: UnitOfWork, gate: Gate, account_id: AccountId, wanted: AccountChange
) -> Account:
    """Change an account; its connection is made anew. Raises `NotFound` and `InvalidInput`."""
    account = await uow.accounts.lock(account_id)
    await _choose_login(uow, gate, account, wanted)
    if wanted.imap is not None:
        _set_imap(account, gate, wanted.imap)
    if wanted.smtp is not None or wanted.without_smtp:
        _set_smtp(account, gate, wanted.smtp)
    if wanted.folders is not None:
        account.folders = _checked_folders(wanted.folders)
    if wanted.watch_sent is not None:
        account.watch_sent = wanted.watch_sent
    if wanted.mark_read is not None:
        account.mark_read = wanted.mark_read
    if wanted.channel is not None:
        account.channel_id = checked_channel(wanted.channel)
        await used(uow, account.channel_id)
    uow.emit("account.changed", account_id=account.id)
    _reconnect(uow, account)
    return account


async def ask_for_test(uow: UnitOfWork, account_id: AccountId) -> Account:
    """Have the account connected anew, now; `settled_revision` tells when it was.

    Raises `NotFound`, and `Conflict` while it is paused.
    """
    account = await uow.accounts.lock(account_id)
    refuse_while_paused(account)
    _reconnect(uow, account)
    return account


async def retry_now(uow: UnitOfWork, account_id: AccountId) -> Account:
    """End an account's rest, whatever it rests for. Raises `NotFound` and `Conflict`."""
    account = await uow.accounts.lock(account_id)
    refuse_while_paused(account)
    if account.state is AccountState.LIVE:
        raise Conflict(f"{account.address} is connected, so there is nothing to try again.")
    _reconnect(uow, account)
    return account


async def remove(uow: UnitOfWork, account_id: AccountId) -> None:
    """Remove an account with its mail, conversations and cards' memory. Raises `NotFound`.

    The bytes of its mail are swept from the blob store later: others may have the same.
    """
    account = await uow.accounts.lock(account_id)
    await uow.accounts.leave_blobs(account_id)
    grant_id = account.grant_id
    uow.emit("account.removed", account_id=account.id, address=account.address)
    uow.wake(Topic.ACCOUNT, account.id)
    uow.wake(Topic.LOGIN, account.id)
    await uow.accounts.delete(account)
    if grant_id is not None:
        await uow.session.flush()
        await uow.grants.delete(grant_id)


async def used(uow: UnitOfWork, channel_id: ChannelId) -> None:
    """Mail is to go there: have its row, and have Slack asked what kind of channel it is."""
    await uow.channels.get(channel_id)
    uow.leave(look_at_channel(uow.workspace_id, channel_id))


def _reconnect(uow: UnitOfWork, account: Account) -> None:
    account.revision += 1
    if account.state is AccountState.STOPPED:
        account.failures = 0
    uow.wake(Topic.ACCOUNT, account.id)
    uow.wake(Topic.LOGIN, account.id)


def _set_imap(account: Account, gate: Gate, login: ServerLogin) -> None:
    _check_login("imap", account, gate, login)
    account.imap_host, account.imap_port = login.host, login.port
    account.imap_security, account.imap_username = login.security, login.username
    account.imap_secret = gate.vault.seal(login.password) if account.grant_id is None else b""


def _set_smtp(account: Account, gate: Gate, login: ServerLogin | None) -> None:
    account.smtp_takes = None
    if login is None:
        account.smtp_host = account.smtp_port = account.smtp_security = None
        account.smtp_username = account.smtp_secret = None
        return
    _check_login("smtp", account, gate, login)
    account.smtp_host, account.smtp_port = login.host, login.port
    account.smtp_security, account.smtp_username = login.security, login.username
    account.smtp_secret = gate.vault.seal(login.password) if account.grant_id is None else None


async def _check_grant(uow: UnitOfWork, gate: Gate, address: str, wanted: NewAccount) -> None:
    assert wanted.grant_id is not None
    grant = await uow.grants.get(wanted.grant_id)
    if grant.address.lower() != address.lower() or await uow.grants.accounts_of(grant.id):
        raise Conflict(
            f"That sign-in is not for {address}, or was used already.", fix="Sign in anew."
        )
    provider = gate.oauth.get(grant.provider)
    for login in filter(None, (wanted.imap, wanted.smtp)):
        check_token_host(provider, login.host, allow_private=gate.allow_private)


async def _choose_login(
    uow: UnitOfWork, gate: Gate, account: Account, wanted: AccountChange
) -> None:
    """A password takes the place of a grant; without one, the servers must be the provider's."""
    if account.grant_id is None:
        return
    logins = [one for one in (wanted.imap, wanted.smtp) if one is not None]
    if any(one.password for one in logins):
        if wanted.imap is None or not wanted.imap.password:
            raise InvalidInput(
                f"{account.address} is opened by a sign-in; a password would have to be for both "
                "of its servers.",
                field="imap.password",
                fix="Give the IMAP server with its password, too.",
            )
        left, account.grant_id = account.grant_id, None
        if wanted.smtp is None:
            _set_smtp(account, gate, None)
        await uow.session.flush()
        await uow.grants.delete(left)
        return
    provider = gate.oauth.get((await uow.grants.get(account.grant_id)).provider)
    for login in logins:
        check_token_host(provider, login.host, allow_private=gate.allow_private)


def check_token_host(provider: OAuthProvider, host: str, *, allow_private: bool) -> None:
    """A token is shown to the provider's own servers only, whatever somebody types.

    Or to a server inside the operator's own network, where that is allowed. `InvalidInput`.
    """
    name = host.lower().rstrip(".")
    if any(name == domain or name.endswith(f".{domain}") for domain in provider.domains):
        return
    if allow_private and _is_inside(host):
        return
    raise InvalidInput(
        f"{host} is no mail server of {provider.title}, so it is not shown its tokens.",
        field="imap.host",
        fix="Use the provider’s own server, or connect the account with a password.",
    )


def _is_inside(host: str) -> bool:
    try:
        refuse_by_name(host, allow_private=False)
    except ServerForbidden:
        return True
    return host.lower() == "localhost"


def _check_login(field: str, account: Account, gate: Gate, login: ServerLogin) -> None:
    needs_password = account.grant_id is None
    check_server(field, account.address, gate, login, needs_password=needs_password)


def check_server(
    field: str, address: str, gate: Gate, login: ServerLogin, *, needs_password: bool
) -> None:
    """What can be told without asking anybody; the worker checks every address it connects to."""
    needed = ("host", "username", "password") if needs_password else ("host", "username")
    for name in needed:
        value = getattr(login, name)
        if not value or _CONTROLS.search(value):
            raise InvalidInput(
                f"{address}: the {name} of the {field.upper()} server is empty or not usable.",
                field=f"{field}.{name}",
                fix="Write it on one line, without control characters.",
            )
    try:
        refuse_by_name(login.host, allow_private=gate.allow_private)
    except ServerForbidden as error:
        what = f"{address}, {field.upper()} server: {error}"
        raise InvalidInput(what, field=f"{field}.host", fix=error.fix) from None


def checked_address(address: str) -> str:
    address = address.strip()
    if not is_plain(address):
        raise InvalidInput(
            "That is not a mail address.", field="address", fix="Write it as name@example.com."
        )
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def checked_channel(channel: str) -> ChannelId:
    if not _CHANNEL.fullmatch(channel):
        raise InvalidInput(
            "That is not the id of a Slack channel.",
            field="channel",
            fix="Use the id (C…), not the name: it stands at the end of the channel’s details.",
        )
    return ChannelId(channel)


def _checked_folders(folders: tuple[str, ...]) -> list[str]:
    names = list(dict.fromkeys("INBOX" if one.upper() == "INBOX" else one for one in folders))
    if not names or len(names) > MOST_FOLDERS:
        raise InvalidInput(
            f"Name 1 to {MOST_FOLDERS} folders that are to be watched.", field="folders"
        )
    if any(not name or _CONTROLS.search(name) for name in names):
        raise InvalidInput("A folder’s name is empty or has control characters.", field="folders")
    return names
