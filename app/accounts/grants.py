"""What a provider lets us do with one mailbox: the rows, and what follows from them.

A grant comes first and is pending until somebody has signed in (`sign_in.py`). An account may be
connected at once; it waits for the grant. One grant serves one account.
"""

from datetime import datetime, timedelta
from typing import Final

from app.core.crypto import Vault, digest, new_secret
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.ids import AccountId
from app.providers.oauth.port import OAuthProvider, Tokens
from app.store.models import Account, AccountState, Grant, GrantKind, GrantState, SignIn
from app.store.notify import Topic
from app.store.unit_of_work import UnitOfWork

TICKET_LASTS: Final = timedelta(hours=1)
"""From the moment the link was made until somebody opens it."""
_MOST_OPEN: Final = 20
"""Sign-ins that are begun and not ended, for one grant."""


def add_grant(
    uow: UnitOfWork,
    provider: OAuthProvider,
    address: str,
    *,
    shared: bool = False,
    application: bool = False,
) -> Grant:
    """A new grant. One for the application itself needs nobody to sign in. `InvalidInput`."""
    if application and not provider.is_for_applications:
        raise InvalidInput(
            f"{provider.title} cannot let SharedBox in by itself as it is set up.",
            field="oauth.application",
            fix="That takes your tenant’s own authority and a client secret (Microsoft); else "
            "have a person sign in.",
        )
    grant = Grant(
        workspace_id=uow.workspace_id,
        provider=provider.name,
        kind=GrantKind.APPLICATION if application else GrantKind.USER,
        address=address,
        shared=shared,
        state=GrantState.ACTIVE if application else GrantState.PENDING,
    )
    uow.grants.add(grant)
    return grant


async def make_ticket(uow: UnitOfWork, grant: Grant, *, return_to: str | None = None) -> str:
    """What begins one sign-in: it goes into the link, and is good once. Raises `Conflict`."""
    if grant.kind is GrantKind.APPLICATION:
        raise Conflict(f"Nobody has to sign in for {grant.address}.")
    await uow.grants.forget_oldest(grant.id, keep=_MOST_OPEN - 1)
    ticket = new_secret()
    now = await uow.grants.time()
    uow.grants.add_sign_in(
        SignIn(
            workspace_id=uow.workspace_id,
            grant_id=grant.id,
            ticket_digest=digest(ticket),
            return_to=_checked_path(return_to),
            expires_at=now + TICKET_LASTS,
        )
    )
    return ticket


def sign_in_path(provider: str, ticket: str) -> str:
    """Where a browser begins it."""
    return f"/oauth/{provider}/start?ticket={ticket}"


def reconnect_path(provider: str, account_id: AccountId) -> str:
    """Where somebody signs in again for an account whose grant is dead.

    It holds no secret: only who signed in before can do so again.
    """
    return f"/oauth/{provider}/start?account={account_id}"


async def grant_of(uow: UnitOfWork, account: Account) -> Grant:
    """Raises `Conflict` where the account is opened with a password."""
    if account.grant_id is None:
        raise Conflict(
            f"{account.address} is connected with a password.",
            fix="Change its password, or remove it and connect it by signing in.",
        )
    try:
        return await uow.grants.get(account.grant_id)
    except NotFound:
        raise Conflict(
            f"Nobody has signed in for {account.address}.", fix="Connect it anew."
        ) from None


def keep_tokens(grant: Grant, tokens: Tokens, vault: Vault, now: datetime) -> None:
    """Seal a new set into the row. Nobody uses it before that is committed."""
    grant.access_token = vault.seal(tokens.access_token)
    if tokens.refresh_token is not None:
        grant.refresh_token = vault.seal(tokens.refresh_token)
    if tokens.scopes:
        grant.scopes = list(tokens.scopes)
    grant.expires_at = now + timedelta(seconds=tokens.expires_in)
    grant.version += 1
    grant.failures, grant.retry_at = 0, None


async def let_accounts_in(uow: UnitOfWork, grant: Grant) -> None:
    """There are tokens again: have the account connected at once, whatever it rests for."""
    for account in await uow.grants.accounts_of(grant.id):
        locked = await uow.accounts.lock(account.id)
        locked.revision += 1
        if locked.state is AccountState.STOPPED:
            locked.failures = 0
        uow.wake(Topic.ACCOUNT, locked.id)
        uow.wake(Topic.LOGIN, locked.id)


def how_to_sign_in(grant: Grant) -> str:
    """Why there are no tokens, and what a person does about it."""
    if grant.state is GrantState.DEAD:
        return grant.detail or "The provider takes no tokens for this account any more."
    return "Nobody has signed in for this account yet. Open the link that was made for it."


def _checked_path(path: str | None) -> str | None:
    """A path of our own, and nothing that a browser takes for another place."""
    if path is None:
        return None
    is_ours = (
        path.startswith("/")
        and not path.startswith(("//", "/\\"))
        and path.isprintable()
        and "\\" not in path
        and len(path) <= 500
    )
    if not is_ours:
        raise InvalidInput(
            "After signing in, the browser can go only to a page of SharedBox.", field="return_to"
        )
    return path
