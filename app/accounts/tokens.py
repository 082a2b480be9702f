"""Access tokens: from the database while they are good, from the provider when they end.

    active ──▶ nearly ended, or refused by a mail server ──▶ leased to one worker ──▶ asked
      ▲                                                                                │
      ├── a new set: sealed and committed before anybody uses it ◀─────────────────────┤
      ├── trouble, setup wrong: later, less and less often ◀───────────────────────────┤
      └── sign in again (same identity) ◀── dead: the provider refused it, twice ◀─────┘

A refresh token may be good for one use only, so two workers must never show the same one. The row's
lock decides who goes (`lease`); it is not held across the network, and who does not come back in
time is overtaken. Everybody else waits for the answer in the row.

What an overtaken worker brings back late is kept only where the others came to nothing: then its
tokens are the ones that live.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.accounts.grants import how_to_sign_in, keep_tokens, let_accounts_in
from app.core.crypto import Vault
from app.core.errors import NotFound, SharedBoxError
from app.core.faults import faultpoint
from app.core.ids import GrantId, WorkspaceId
from app.core.logging import get_logger
from app.mailbox.errors import SignInNeeded, Transient
from app.providers.oauth.port import (
    GrantRefused,
    OAuthProvider,
    ProviderTrouble,
    SetupWrong,
    Tokens,
)
from app.providers.oauth.registry import OAuthProviders
from app.store.models import Grant, GrantKind, GrantState
from app.store.notify import NotificationHub, Topic
from app.store.unit_of_work import Store, UnitOfWork

ASK_SECONDS: Final = 20.0
"""For one question to a provider, in all."""
CONFIRM_SECONDS: Final = 3.0
"""Between a refusal and the question that confirms it: one alone proves nothing."""
LEASE: Final = timedelta(seconds=60)
"""More than both questions and the pause between them take."""
RENEW_BEFORE: Final = timedelta(minutes=5)
"""How long before the end of a token the next one is fetched."""
_USABLE: Final = timedelta(seconds=30)
_WAITS: Final = (30, 60, 120, 300, 600)
_LOOK_SECONDS: Final = 0.5
_PATIENCE_SECONDS: Final = 120.0
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Leased:
    """One worker's turn: what it takes to ask without the database."""

    lease: int
    provider: OAuthProvider
    kind: GrantKind
    refresh_token: str | None


class GrantTokens:
    """Implements `mailbox.port.AccessTokens`."""

    def __init__(
        self,
        store: Store,
        hub: NotificationHub,
        vault: Vault,
        providers: OAuthProviders,
        *,
        ask_seconds: float = ASK_SECONDS,
        confirm_seconds: float = CONFIRM_SECONDS,
    ) -> None:
        self._store = store
        self._hub = hub
        self._vault = vault
        self._providers = providers
        self._ask_seconds = ask_seconds
        self._confirm_seconds = confirm_seconds

    async def get(
        self, workspace_id: WorkspaceId, grant_id: GrantId, *, instead_of: str | None = None
    ) -> str:
        """See `AccessTokens.get`."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await self._get(workspace_id, grant_id, instead_of)
        except TimeoutError:
            raise Transient(
                "The token for this account could not be had in time.",
                fix="SharedBox tries again by itself.",
            ) from None

    async def _get(
        self, workspace_id: WorkspaceId, grant_id: GrantId, instead_of: str | None
    ) -> str:
        with self._hub.waker(Topic.GRANT, grant_id) as waker:
            while True:
                token, leased = await self._look(workspace_id, grant_id, instead_of)
                if token is not None:
                    return token
                if leased is None:
                    await waker.wait(_LOOK_SECONDS)
                    continue
                if await self._fetch(workspace_id, grant_id, leased):
                    instead_of = None  # some providers give the same one again while it is good

    async def renew(self, workspace_id: WorkspaceId, grant_id: GrantId) -> None:
        """Fetch the next set before the present one ends. What goes wrong stands in the row."""
        async with self._store.begin(workspace_id) as uow:
            try:
                grant = await uow.grants.lock(grant_id)
            except NotFound:
                return
            now = await uow.grants.time()
            if grant.state is not GrantState.ACTIVE or not ends_within(grant, now, RENEW_BEFORE):
                return
            leased = self._lease(grant, now)
        if leased is not None:
            await self._fetch(workspace_id, grant_id, leased)

    async def _look(
        self, workspace_id: WorkspaceId, grant_id: GrantId, instead_of: str | None
    ) -> tuple[str | None, _Leased | None]:
        """The token, or our turn to fetch one, or neither: somebody else does."""
        async with self._store.begin(workspace_id) as uow:
            grant = await uow.grants.lock(grant_id)
            now = await uow.grants.time()
            if grant.state is not GrantState.ACTIVE:
                raise SignInNeeded(how_to_sign_in(grant))
            if grant.access_token is not None and not ends_within(grant, now, _USABLE):
                token = self._vault.open(grant.access_token)
                if token != instead_of:
                    return token, None
            if grant.retry_at is not None and grant.retry_at > now:
                raise Transient(grant.detail, fix="SharedBox tries again by itself.")
            return None, self._lease(grant, now)

    def _lease(self, grant: Grant, now: datetime) -> _Leased | None:
        """Raises `Transient` where the provider is not set up any more."""
        if grant.leased_until is not None and grant.leased_until > now:
            return None
        try:
            provider = self._providers.get(grant.provider)
        except NotFound as error:
            raise Transient(str(error), fix=error.fix) from None
        grant.lease += 1
        grant.leased_until = now + LEASE
        sealed = grant.refresh_token
        refresh_token = self._vault.open(sealed) if sealed is not None else None
        return _Leased(grant.lease, provider, grant.kind, refresh_token)

    async def _fetch(self, workspace_id: WorkspaceId, grant_id: GrantId, leased: _Leased) -> bool:
        """Ask the provider, and write down what comes of it; answers whether tokens came."""
        outcome = await self._ask(leased)
        if isinstance(outcome, GrantRefused):
            log.info("grant.refused_once", grant=str(grant_id), code=outcome.code)
            await asyncio.sleep(self._confirm_seconds)
            outcome = await self._ask(leased)
        faultpoint("K32")
        async with self._store.begin(workspace_id) as uow:
            try:
                grant = await uow.grants.lock(grant_id)
            except NotFound:
                return False
            is_ours = grant.lease == leased.lease
            if is_ours:
                grant.leased_until = None
            if isinstance(outcome, Tokens):
                if is_ours or grant.state is GrantState.DEAD:
                    await self._keep(uow, grant, outcome)
            elif is_ours:
                await self._note(uow, grant, outcome)
            uow.wake(Topic.GRANT, grant_id)
        return isinstance(outcome, Tokens)

    async def _ask(self, leased: _Leased) -> Tokens | SharedBoxError:
        question: Callable[[], Tokens]
        if leased.kind is GrantKind.APPLICATION:
            question = leased.provider.for_application
        else:
            refresh_token = leased.refresh_token or ""

            def question() -> Tokens:
                return leased.provider.refresh(refresh_token)

        try:
            async with asyncio.timeout(self._ask_seconds):
                return await asyncio.to_thread(question)
        except TimeoutError:
            return ProviderTrouble(
                f"{leased.provider.title} did not answer in time.",
                fix="SharedBox tries again by itself.",
            )
        except (ProviderTrouble, SetupWrong, GrantRefused) as error:
            return error

    async def _keep(self, uow: UnitOfWork, grant: Grant, tokens: Tokens) -> None:
        keep_tokens(grant, tokens, self._vault, await uow.grants.time())
        if grant.state is GrantState.DEAD:  # an overtaken worker brought what lives
            await let_accounts_in(uow, grant)
        grant.state, grant.detail = GrantState.ACTIVE, ""
        log.info("grant.renewed", grant=str(grant.id), version=grant.version)

    async def _note(self, uow: UnitOfWork, grant: Grant, error: SharedBoxError) -> None:
        now = await uow.grants.time()
        grant.failures += 1
        grant.detail = error.sentence
        if isinstance(error, GrantRefused):
            grant.state, grant.retry_at = GrantState.DEAD, None
            grant.access_token = grant.refresh_token = grant.expires_at = None
            log.error("grant.dead", grant=str(grant.id), code=error.code)
            uow.emit("grant.dead", grant_id=str(grant.id), reason=error.code)
            uow.wake(Topic.ALARMS)
            return
        wait = _WAITS[min(grant.failures, len(_WAITS)) - 1]
        grant.retry_at = now + timedelta(seconds=wait)
        log.warning("grant.not_renewed", grant=str(grant.id), wait_seconds=wait, why=str(error))


def ends_within(grant: Grant, now: datetime, left: timedelta) -> bool:
    return grant.expires_at is None or grant.expires_at < now + left
