"""Tokens of a grant: fetched by one at a time, kept before they are used, and told dead from ill.

The provider here is a strict one in this process: a refresh token is good once. It may be told to
fail, or to wait in the middle.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet

from app.accounts.grants import keep_tokens, make_ticket
from app.accounts.sign_in import SignIns
from app.accounts.tokens import RENEW_BEFORE, GrantTokens
from app.core.crypto import Vault
from app.core.ids import GrantId
from app.mailbox.errors import SignInNeeded, Transient
from app.providers.oauth.answers import status_error, token_error
from app.providers.oauth.port import (
    Begun,
    GrantRefused,
    Identity,
    MailHosts,
    ProviderTrouble,
    SetupWrong,
    SignedIn,
    Tokens,
)
from app.providers.oauth.registry import OAuthProviders
from app.store.models import Grant, GrantKind, GrantState
from app.store.notify import NotificationHub
from tests import factories
from tests.fixtures.database import Workspace
from tests.fixtures.stack import eventually


@dataclass
class StrictProvider:
    """Implements `OAuthProvider`. A token that was shown before is refused, as Microsoft's are."""

    name: str = "strict"
    title: str = "Strict"
    mail_hosts: MailHosts | None = None
    domains: tuple[str, ...] = ("example.com",)
    is_for_applications: bool = True
    good: str = "refresh-0"
    shown: list[str] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    rotates: bool = True
    gate: threading.Event | None = None
    """Where set: an answer waits for it."""
    asked: threading.Event = field(default_factory=threading.Event)
    refused_late: bool = False
    """After that wait: no tokens."""

    def begin(self, *, redirect_uri: str, state: str, login_hint: str) -> Begun:
        return Begun(f"https://login.example.com/?state={state}", "saved")

    def finish(self, saved: str, answer: Mapping[str, str], *, redirect_uri: str) -> SignedIn:
        tokens = Tokens("access-signed-in", "refresh-signed-in", 3600, ("mail",))
        return SignedIn(tokens, Identity("ana", ("support@example.com",)))

    def refresh(self, refresh_token: str) -> Tokens:
        self.shown.append(refresh_token)
        n = len(self.shown)
        if self.failures:
            raise self.failures.pop(0)
        if refresh_token != self.good:
            raise token_error(self.title, "invalid_grant", "It was used already.")
        if self.rotates:
            self.good = f"refresh-{n}"
        tokens = Tokens(f"access-{n}", self.good if self.rotates else None, 3600, ("mail",))
        self.asked.set()
        if self.gate is not None:
            self.gate.wait(20)
        if self.refused_late:
            raise token_error(self.title, "invalid_grant", "It was used already.")
        return tokens

    def for_application(self) -> Tokens:
        self.shown.append("application")
        return Tokens(f"application-{len(self.shown)}", None, 3600, ())


@dataclass
class Rig:
    workspace: Workspace
    hub: NotificationHub
    vault: Vault
    provider: StrictProvider
    grant_id: GrantId

    def worker(self, **changes: Any) -> GrantTokens:
        """One worker's; another one's is another object."""
        providers = OAuthProviders({self.provider.name: self.provider})
        values = {"confirm_seconds": 0.0, **changes}
        return GrantTokens(self.workspace.store, self.hub, self.vault, providers, **values)

    async def get(self, **how: Any) -> str:
        return await self.worker().get(self.workspace.id, self.grant_id, **how)

    async def renew(self) -> None:
        await self.worker().renew(self.workspace.id, self.grant_id)

    async def grant(self) -> Grant:
        async with self.workspace.store.begin(self.workspace.id) as uow:
            return await uow.grants.get(self.grant_id)

    async def change(self, change: Callable[[Grant], None]) -> None:
        async with self.workspace.store.begin(self.workspace.id) as uow:
            change(await uow.grants.lock(self.grant_id))

    async def sign_in(self) -> None:
        """Somebody does it anew."""
        providers = OAuthProviders({self.provider.name: self.provider})
        sign_ins = SignIns(self.workspace.store, self.vault, providers, "https://box.example.com")
        async with self.workspace.store.begin(self.workspace.id) as uow:
            ticket = await make_ticket(uow, await uow.grants.get(self.grant_id))
        url = await sign_ins.start("strict", ticket, "a browser")
        state = url.partition("state=")[2]
        await sign_ins.finish("strict", {"state": state, "code": "1"}, "a browser")

    async def ends_in(self, left: timedelta) -> None:
        async with self.workspace.store.begin(self.workspace.id) as uow:
            grant = await uow.grants.lock(self.grant_id)
            grant.expires_at = await uow.grants.time() + left

    async def refresh_token(self) -> str:
        sealed = (await self.grant()).refresh_token
        assert sealed is not None
        return self.vault.open(sealed)


@pytest.fixture
async def rig(workspace: Workspace) -> AsyncIterator[Rig]:
    vault = Vault([Fernet.generate_key().decode()])
    grant = Grant(
        workspace_id=workspace.id,
        provider="strict",
        address="support@example.com",
        state=GrantState.ACTIVE,
        subject="ana",
        identity="support@example.com",
    )
    async with workspace.store.begin(workspace.id) as uow:
        now = await uow.grants.time()
        keep_tokens(grant, Tokens("access-0", "refresh-0", 3600, ("mail",)), vault, now)
        uow.grants.add(grant)
        await uow.session.flush()
        uow.accounts.add(factories.account(workspace.id, grant_id=grant.id, imap_secret=b""))
    async with NotificationHub(workspace.url) as hub:
        await hub.until_listening()
        yield Rig(workspace, hub, vault, StrictProvider(), GrantId(grant.id))


class TestGetting:
    async def test_takes_the_one_that_is_good(self, rig: Rig) -> None:
        assert await rig.get() == "access-0"
        assert rig.provider.shown == []

    async def test_fetches_another_when_it_has_ended(self, rig: Rig) -> None:
        await rig.ends_in(timedelta(seconds=-1))

        assert await rig.get() == "access-1"
        assert await rig.refresh_token() == "refresh-1"

    async def test_fetches_another_where_a_mail_server_refused_it(self, rig: Rig) -> None:
        assert await rig.get(instead_of="access-0") == "access-1"
        assert await rig.get() == "access-1"

    async def test_does_not_ask_again_where_another_worker_has(self, rig: Rig) -> None:
        await rig.get(instead_of="access-0")

        assert await rig.get(instead_of="access-0") == "access-1"
        assert rig.provider.shown == ["refresh-0"]

    async def test_keeps_the_refresh_token_where_none_came(self, rig: Rig) -> None:
        rig.provider.rotates = False
        await rig.get(instead_of="access-0")

        assert await rig.refresh_token() == "refresh-0"
        assert await rig.get(instead_of="access-1") == "access-2"

    async def test_is_committed_before_anybody_has_it(self, rig: Rig) -> None:
        token = await rig.get(instead_of="access-0")

        sealed = (await rig.grant()).access_token
        assert sealed is not None
        assert rig.vault.open(sealed) == token
        assert token.encode() not in sealed

    async def test_for_an_application_asks_without_a_refresh_token(self, rig: Rig) -> None:
        def application(grant: Grant) -> None:
            grant.kind = GrantKind.APPLICATION
            grant.refresh_token = grant.access_token = grant.expires_at = None

        await rig.change(application)

        assert await rig.get() == "application-1"
        assert await rig.get() == "application-1"

    async def test_where_nobody_has_signed_in_says_so(self, rig: Rig) -> None:
        await rig.change(lambda grant: setattr(grant, "state", GrantState.PENDING))

        with pytest.raises(SignInNeeded, match="Nobody has signed in"):
            await rig.get()

    async def test_where_the_provider_is_not_set_up_any_more_says_so(self, rig: Rig) -> None:
        tokens = GrantTokens(rig.workspace.store, rig.hub, rig.vault, OAuthProviders())

        with pytest.raises(Transient, match="not set up to sign in"):
            await tokens.get(rig.workspace.id, rig.grant_id, instead_of="access-0")


class TestManyAtOnce:
    async def test_show_a_refresh_token_once(self, rig: Rig) -> None:
        await rig.ends_in(timedelta(seconds=-1))
        workers = [rig.worker() for _ in range(4)]

        got = await asyncio.gather(
            *(one.get(rig.workspace.id, rig.grant_id) for one in workers for _ in range(3))
        )

        assert set(got) == {"access-1"}
        assert rig.provider.shown == ["refresh-0"]
        assert (await rig.grant()).state is GrantState.ACTIVE

    async def test_wait_for_the_one_who_asks(self, rig: Rig) -> None:
        rig.provider.gate = threading.Event()
        first = asyncio.create_task(rig.get(instead_of="access-0"))
        await asyncio.to_thread(rig.provider.asked.wait, 10)
        second = asyncio.create_task(rig.get(instead_of="access-0"))
        renewing = asyncio.create_task(rig.renew())
        await renewing
        assert not second.done()

        rig.provider.gate.set()

        assert [await first, await second] == ["access-1", "access-1"]
        assert rig.provider.shown == ["refresh-0"]

    async def test_overtake_one_who_does_not_come_back(self, rig: Rig) -> None:
        """It died, or stands still; its lease has run out. What it brings late is not written."""
        rig.provider.gate = threading.Event()
        rig.provider.rotates = False
        late = asyncio.create_task(rig.get(instead_of="access-0"))
        await asyncio.to_thread(rig.provider.asked.wait, 10)
        await rig.change(lambda grant: setattr(grant, "leased_until", None))
        gate, rig.provider.gate = rig.provider.gate, None

        assert await rig.get(instead_of="access-0") == "access-2"
        gate.set()

        assert await late == "access-2"
        assert (await rig.grant()).version == 2

    @pytest.mark.parametrize("is_refused", [False, True], ids=["tokens", "a refusal"])
    async def test_bring_nothing_over_a_sign_in_that_was_made_meanwhile(
        self, rig: Rig, *, is_refused: bool
    ) -> None:
        """To sign in anew ends the old tokens at some providers: what comes of these is no news."""
        rig.provider.gate = threading.Event()
        if is_refused:
            rig.provider.refused_late = True
        late = asyncio.create_task(rig.get(instead_of="access-0"))
        await asyncio.to_thread(rig.provider.asked.wait, 10)
        await rig.sign_in()

        rig.provider.gate.set()

        assert await late == "access-signed-in"
        assert (await rig.grant()).state is GrantState.ACTIVE
        assert await rig.refresh_token() == "refresh-signed-in"

    async def test_keep_what_came_late_where_the_others_came_to_nothing(self, rig: Rig) -> None:
        """The provider has rotated for the late one: its token is the only one that lives."""
        rig.provider.gate = threading.Event()
        late = asyncio.create_task(rig.get(instead_of="access-0"))
        await asyncio.to_thread(rig.provider.asked.wait, 10)
        await rig.change(lambda grant: setattr(grant, "leased_until", None))
        gate, rig.provider.gate = rig.provider.gate, None
        with pytest.raises(SignInNeeded):
            await rig.get(instead_of="access-0")
        assert (await rig.grant()).state is GrantState.DEAD

        gate.set()

        assert await late == "access-1"
        grant = await rig.grant()
        assert (grant.state, grant.detail) == (GrantState.ACTIVE, "")
        assert await rig.refresh_token() == "refresh-1"


DEAD = [
    ("invalid_grant", "AADSTS50173: The provided grant has expired due to it being revoked."),
    ("invalid_grant", "Token has been expired or revoked."),
    ("interaction_required", "AADSTS50076: Due to a configuration change you must use MFA."),
]


class TestARefusal:
    @pytest.mark.parametrize(("code", "words"), DEAD)
    async def test_that_is_confirmed_is_the_end(self, rig: Rig, code: str, words: str) -> None:
        rig.provider.failures = [token_error("Strict", code, words)] * 2

        with pytest.raises(SignInNeeded, match="takes no tokens for this account any more"):
            await rig.get(instead_of="access-0")

        grant = await rig.grant()
        assert grant.state is GrantState.DEAD
        assert code in grant.detail
        assert (grant.access_token, grant.refresh_token) == (None, None)
        assert rig.provider.shown == ["refresh-0"] * 2

    async def test_that_is_not_confirmed_is_nothing(self, rig: Rig) -> None:
        rig.provider.failures = [token_error("Strict", "invalid_grant", "A slip.")]

        assert await rig.get(instead_of="access-0") == "access-2"
        assert (await rig.grant()).state is GrantState.ACTIVE

    async def test_of_a_dead_grant_is_not_asked_for_again(self, rig: Rig) -> None:
        rig.provider.failures = [token_error("Strict", "invalid_grant", "")] * 2
        with pytest.raises(SignInNeeded):
            await rig.get(instead_of="access-0")

        for _ in range(3):
            with pytest.raises(SignInNeeded):
                await rig.get()
        await rig.renew()

        assert len(rig.provider.shown) == 2

    async def test_stops_only_its_own_account(self, rig: Rig) -> None:
        other = Grant(
            workspace_id=rig.workspace.id,
            provider="strict",
            address="sales@example.com",
            state=GrantState.ACTIVE,
        )
        async with rig.workspace.store.begin(rig.workspace.id) as uow:
            keep_tokens(other, Tokens("theirs", "r", 3600, ()), rig.vault, await uow.grants.time())
            uow.grants.add(other)
        rig.provider.failures = [token_error("Strict", "invalid_grant", "")] * 2
        with pytest.raises(SignInNeeded):
            await rig.get(instead_of="access-0")

        assert await rig.worker().get(rig.workspace.id, GrantId(other.id)) == "theirs"


ILL = [
    status_error("Strict", 429),
    status_error("Strict", 500),
    ProviderTrouble("Strict did not answer in time."),
    ProviderTrouble("Strict cannot be reached (ConnectionError)."),
    token_error("Strict", "temporarily_unavailable", "Later."),
    token_error("Strict", "invalid_client", "AADSTS7000222: The provided client secret keys are."),
]


class TestTrouble:
    @pytest.mark.parametrize("error", ILL, ids=lambda one: str(one)[:30])
    async def test_is_not_the_end(self, rig: Rig, error: Exception) -> None:
        rig.provider.failures = [error]

        with pytest.raises(Transient):
            await rig.get(instead_of="access-0")

        grant = await rig.grant()
        assert grant.state is GrantState.ACTIVE
        assert grant.detail
        assert grant.refresh_token
        assert not isinstance(error, GrantRefused)

    async def test_is_given_time(self, rig: Rig) -> None:
        rig.provider.failures = [status_error("Strict", 429)]
        for _ in range(3):
            with pytest.raises(Transient):
                await rig.get(instead_of="access-0")

        assert len(rig.provider.shown) == 1

    async def test_does_not_matter_while_the_token_is_good(self, rig: Rig) -> None:
        await rig.ends_in(RENEW_BEFORE - timedelta(seconds=10))
        rig.provider.failures = [status_error("Strict", 500)]
        await rig.renew()

        assert await rig.get() == "access-0"

    async def test_that_is_over_leaves_no_trace(self, rig: Rig) -> None:
        rig.provider.failures = [status_error("Strict", 500)]
        with pytest.raises(Transient):
            await rig.get(instead_of="access-0")
        await rig.change(lambda grant: setattr(grant, "retry_at", None))

        assert await rig.get(instead_of="access-0") == "access-2"
        grant = await rig.grant()
        assert (grant.detail, grant.failures, grant.retry_at) == ("", 0, None)

    async def test_that_lasts_too_long_is_ended_by_us(self, rig: Rig) -> None:
        rig.provider.gate = threading.Event()
        worker = rig.worker(ask_seconds=0.2)

        with pytest.raises(Transient, match="did not answer in time"):
            await worker.get(rig.workspace.id, rig.grant_id, instead_of="access-0")

        rig.provider.gate.set()

    async def test_with_our_own_secret_says_so(self, rig: Rig) -> None:
        error = token_error("Strict", "invalid_client", "AADSTS7000222: expired")
        assert isinstance(error, SetupWrong)
        rig.provider.failures = [error]

        with pytest.raises(Transient, match="the client secret has expired"):
            await rig.get(instead_of="access-0")


class TestRenewing:
    async def test_leaves_alone_what_lasts(self, rig: Rig) -> None:
        await rig.ends_in(RENEW_BEFORE + timedelta(minutes=1))

        await rig.renew()

        assert rig.provider.shown == []

    async def test_fetches_the_next_before_the_end(self, rig: Rig) -> None:
        await rig.ends_in(RENEW_BEFORE - timedelta(seconds=10))

        await rig.renew()

        assert await rig.get() == "access-1"
        assert len(rig.provider.shown) == 1

    @pytest.mark.parametrize(
        ("left", "is_due"), [(RENEW_BEFORE * 2, False), (RENEW_BEFORE / 2, True)]
    )
    async def test_is_due_by_the_row(self, rig: Rig, left: timedelta, is_due: bool) -> None:
        await rig.ends_in(left)

        async with rig.workspace.store.across_workspaces() as fleet:
            due = [one.grant_id for one in await fleet.grants.due(within=RENEW_BEFORE)]

        assert due == ([rig.grant_id] if is_due else [])

    async def test_wakes_who_waits_for_it(self, rig: Rig) -> None:
        rig.provider.gate = threading.Event()
        await rig.ends_in(timedelta(seconds=-1))
        renewing = asyncio.create_task(rig.renew())
        await asyncio.to_thread(rig.provider.asked.wait, 10)
        waiting = asyncio.create_task(rig.get())

        rig.provider.gate.set()
        await renewing

        async def done() -> bool:
            return waiting.done()

        await eventually(done)
        assert waiting.result() == "access-1"
