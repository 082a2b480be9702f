"""A sign-in, from the link to the tokens.

    ticket ──▶ start: bound to this browser, sent to the provider ──▶ callback: state, once ──▶ kept

The state that comes back must be one we gave, to this browser, for this provider, not long ago and
not used yet; then the code is exchanged (PKCE), and whoever signed in must be who is expected: the
address that was typed, or, when an account is connected again, the same person as before.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from app.accounts.grants import keep_tokens, let_accounts_in, make_ticket
from app.core.crypto import Vault, digest, new_secret, same
from app.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from app.core.ids import AccountId, GrantId, WorkspaceId
from app.core.logging import get_logger
from app.providers.oauth.port import (
    Identity,
    OAuthProvider,
    ProviderTrouble,
    SetupWrong,
    SignedIn,
    SignInRefused,
)
from app.providers.oauth.registry import OAuthProviders
from app.store.models import Grant, GrantState, SignIn
from app.store.notify import Topic
from app.store.unit_of_work import Store, UnitOfWork

ASK_SECONDS: Final = 20.0
_LASTS: Final = timedelta(minutes=10)
"""From the start until the browser is back."""
Answer = TypeVar("Answer")
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it."""

    workspace_id: WorkspaceId
    grant_id: GrantId
    address: str
    identity: str
    provider: str
    return_to: str | None
    account_ids: tuple[AccountId, ...]
    """The accounts that are let in by it; none where none was connected yet."""


class SignIns:
    """For the front door. `base_url` is where the provider sends browsers back to."""

    def __init__(
        self, store: Store, vault: Vault, providers: OAuthProviders, base_url: str
    ) -> None:
        self._store = store
        self._vault = vault
        self._providers = providers
        self._base_url = base_url.rstrip("/")

    async def start(self, provider_name: str, ticket: str, browser: str) -> str:
        """Where the browser goes. `browser` is a secret that only this browser holds.

        Raises `NotFound`, `InvalidInput` and `Unavailable`.
        """
        provider = self._providers.get(provider_name)
        async with self._store.across_workspaces() as fleet:
            found = await fleet.grants.sign_in_by_ticket(digest(ticket))
        if found is None:
            raise _over()
        async with self._store.begin(found.workspace_id) as uow:
            grant = await uow.grants.get(found.grant_id)
        if grant.provider != provider.name:
            raise _over()
        state = new_secret()
        begun = await self._ask(
            provider,
            lambda: provider.begin(
                redirect_uri=self.redirect_uri(provider.name),
                state=state,
                login_hint="" if grant.shared else grant.address,
            ),
        )
        async with self._store.begin(found.workspace_id) as uow:
            sign_in = await uow.grants.lock_sign_in(found.id)
            now = await uow.grants.time()
            if sign_in.used_at is not None or sign_in.expires_at <= now:
                raise _over()
            if not same(sign_in.browser_digest or digest(browser), digest(browser)):
                raise _over()  # somebody else has opened the link
            sign_in.state_digest, sign_in.browser_digest = digest(state), digest(browser)
            sign_in.saved = self._vault.seal(begun.saved)
            sign_in.expires_at = now + _LASTS
        return begun.url

    async def reconnect(self, account_id: AccountId, provider_name: str) -> str:
        """A ticket for an account whose grant is dead. Raises `NotFound` and `Conflict`."""
        async with self._store.across_workspaces() as fleet:
            account = await fleet.grants.account(account_id)
        if account is None or account.grant_id is None:
            raise NotFound("There is nothing to sign in for.", fix="See the list of accounts.")
        async with self._store.begin(account.workspace_id) as uow:
            grant = await uow.grants.get(account.grant_id)
            if grant.provider != provider_name:
                raise NotFound("There is nothing to sign in for.", fix="See the list of accounts.")
            if grant.state is not GrantState.DEAD:
                raise Conflict(
                    f"{account.address} needs nobody to sign in just now.",
                    fix="Begin from its page where you want to connect it anew.",
                )
            return await make_ticket(uow, grant)

    async def finish(
        self, provider_name: str, answer: Mapping[str, str], browser: str | None
    ) -> Done:
        """The browser is back. Raises `SignInRefused`, `NotFound` and `Unavailable`."""
        provider = self._providers.get(provider_name)
        async with self._store.across_workspaces() as fleet:
            found = await fleet.grants.sign_in_by_state(digest(answer.get("state", "")))
        grant, saved = await self._use_up(provider, found, browser)
        signed_in = await self._ask(
            provider,
            lambda: provider.finish(saved, answer, redirect_uri=self.redirect_uri(provider.name)),
        )
        assert found is not None
        return await self._keep(found, grant.id, provider, signed_in)

    def redirect_uri(self, provider_name: str) -> str:
        """As it must be registered at the provider, to the letter."""
        return f"{self._base_url}/oauth/{provider_name}/callback"

    async def _use_up(
        self, provider: OAuthProvider, found: SignIn | None, browser: str | None
    ) -> tuple[Grant, str]:
        """Whatever comes of it, this state is good no more."""
        if found is None or found.saved is None:
            raise _over()
        async with self._store.begin(found.workspace_id) as uow:
            is_first = await uow.grants.use_sign_in(found.id)
            grant = await uow.grants.get(found.grant_id)
        if not is_first:
            raise _over()
        if browser is None or not same(digest(browser), found.browser_digest or b""):
            raise SignInRefused(
                "This sign-in was begun in another browser.",
                fix="Begin again, and stay in the same browser until it is done.",
            )
        if grant.provider != provider.name:
            raise _over()
        return grant, self._vault.open(found.saved)

    async def _ask(self, provider: OAuthProvider, question: Callable[[], Answer]) -> Answer:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await asyncio.to_thread(question)
        except TimeoutError:
            raise Unavailable(
                f"{provider.title} did not answer in time.", fix="Begin again in a moment."
            ) from None
        except (ProviderTrouble, SetupWrong) as error:
            log.warning("sign_in.provider", provider=provider.name, why=str(error))
            raise Unavailable(str(error), fix=error.fix) from None

    async def _keep(
        self, found: SignIn, grant_id: GrantId, provider: OAuthProvider, signed_in: SignedIn
    ) -> Done:
        async with self._store.begin(found.workspace_id) as uow:
            grant = await uow.grants.lock(grant_id)
            address = _expected(grant, signed_in.identity, provider.title)
            keep_tokens(grant, signed_in.tokens, self._vault, await uow.grants.time())
            grant.lease += 1  # whoever is renewing the old ones comes too late
            grant.leased_until = None
            grant.subject, grant.identity = signed_in.identity.subject, address
            grant.state, grant.detail = GrantState.ACTIVE, ""
            accounts = await uow.grants.accounts_of(grant.id)
            await let_accounts_in(uow, grant)
            _tell(uow, grant, [account.id for account in accounts])
            return Done(
                found.workspace_id,
                grant.id,
                grant.address,
                address,
                provider.name,
                found.return_to,
                tuple(account.id for account in accounts),
            )


def _expected(grant: Grant, who: Identity, title: str) -> str:
    """The address of whoever signed in, if it is who should. Raises `SignInRefused`."""
    if grant.subject is not None and grant.subject != who.subject:
        raise SignInRefused(
            f"{who.addresses[0]} is not who signed in for {grant.address} before: that was "
            f"{grant.identity}.",
            fix=f"Sign in as {grant.identity}. To open it as somebody else, remove the account "
            "and connect it anew.",
        )
    own = next((one for one in who.addresses if one.lower() == grant.address.lower()), None)
    if own is None and not grant.shared and grant.subject is None:
        raise SignInRefused(
            f"You signed in with {title} as {who.addresses[0]}, and not as {grant.address}.",
            fix=f"Sign in as {grant.address}. If that is a shared mailbox that "
            f"{who.addresses[0]} may open, say so when you connect it.",
        )
    return own or who.addresses[0]


def _tell(uow: UnitOfWork, grant: Grant, account_ids: list[AccountId]) -> None:
    for account_id in account_ids:
        uow.emit("grant.signed_in", account_id=account_id, grant_id=str(grant.id))
    uow.wake(Topic.GRANT, grant.id)
    uow.wake(Topic.ALARMS)
    log.info("grant.signed_in", grant=str(grant.id), provider=grant.provider)


def _over() -> InvalidInput:
    return SignInRefused(
        "This sign-in is over, or was not begun here.",
        fix="Begin again; a link is good once, and for a few minutes.",
    )
