"""Encrypting every stored credential anew, with the first of the keys.

Each account is a transaction of its own: it may be broken off and begun again at any point, and
what was stored under any of the keys can be read all the while.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from app.core.crypto import SecretUnreadable, Vault
from app.core.ids import AccountId, GrantId, WebhookId, WorkspaceId
from app.store.repositories.fleet import AccountRef
from app.store.unit_of_work import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Resealed:
    """One credential's turn. `unreadable`: it was stored with a key that we were not given."""

    what: str
    unreadable: bool


async def count_secrets(store: Store) -> int:
    """How many turns `reseal` takes."""
    async with store.across_workspaces() as fleet:
        accounts, workspaces = await fleet.accounts(), await fleet.installed_workspaces()
        return len(accounts) + len(workspaces) + len(await fleet.webhooks.all())


async def reseal(store: Store, vault: Vault) -> AsyncIterator[Resealed]:
    """Go through all workspaces; one that cannot be read is told of, and the others go on."""
    async with store.across_workspaces() as fleet:
        accounts, workspaces = await fleet.accounts(), await fleet.installed_workspaces()
        webhooks = await fleet.webhooks.all()
    for ref in accounts:
        yield await _turn(lambda ref=ref: _account(store, vault, ref))  # type: ignore[misc]
    for workspace_id in workspaces:
        yield await _turn(lambda id_=workspace_id: _installation(store, vault, id_))  # type: ignore[misc]
    for place in webhooks:
        yield await _turn(lambda place=place: _webhook(store, vault, *place))  # type: ignore[misc]


async def _turn(do: Callable[[], Awaitable[str]]) -> Resealed:
    try:
        return Resealed(await do(), unreadable=False)
    except SecretUnreadable as error:
        return Resealed(str(error), unreadable=True)


async def _account(store: Store, vault: Vault, ref: AccountRef) -> str:
    async with store.begin(ref.workspace_id) as uow:
        account = await uow.accounts.lock(AccountId(ref.account_id))
        if account.imap_secret:
            account.imap_secret = vault.reseal(account.imap_secret, of=account.address)
        if account.smtp_secret is not None:
            account.smtp_secret = vault.reseal(account.smtp_secret, of=account.address)
        if account.grant_id is not None:
            await _grant(uow, vault, account.grant_id)
        return account.address


async def _grant(uow: UnitOfWork, vault: Vault, grant_id: GrantId) -> None:
    grant = await uow.grants.lock(grant_id)
    for name in ("access_token", "refresh_token"):
        sealed = getattr(grant, name)
        if sealed is not None:
            setattr(grant, name, vault.reseal(sealed, of=grant.address))


async def _installation(store: Store, vault: Vault, workspace_id: WorkspaceId) -> str:
    async with store.begin(workspace_id) as uow:
        installation = await uow.installations.lock()
        if installation is None or not installation.bot_token:
            return "Slack"
        what = f"Slack workspace {installation.team_name or installation.team_id}"
        installation.bot_token = vault.reseal(installation.bot_token, of=what)
        return what


async def _webhook(
    store: Store, vault: Vault, workspace_id: WorkspaceId, webhook_id: WebhookId
) -> str:
    async with store.begin(workspace_id) as uow:
        webhook = await uow.webhooks.get(webhook_id, lock=True)
        what = f"Webhook {webhook.url}"
        webhook.secret = vault.reseal(webhook.secret, of=what)
        if webhook.former_secret is not None:
            webhook.former_secret = vault.reseal(webhook.former_secret, of=what)
        return what
