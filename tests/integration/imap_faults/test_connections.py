"""Connections that break, go silent or are refused: always retried, never taken for a refusal."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import psutil
import pytest
import structlog

from app.commands.types import Archive
from app.core.config import Settings
from app.mailbox import imap
from app.mailbox.dialling import BURST
from app.mailbox.errors import Transient
from app.mailbox.port import Security, ServerSpec
from app.store.notify import Waker
from tests.fixtures.stack import eventually
from tests.fixtures.syncing import Sync
from tests.rig.asking import ask, check_prefix, outcome, put, subjects_in
from tests.rig.fixtures import MakeTended, Tended
from tests.rig.imap_answers import Reply
from tests.rig.imap_server import Call, HostileServer, Script
from tests.rig.scripts import (
    before_idle,
    bye,
    finish,
    hang,
    in_idle,
    preceded_by,
    refuse,
    reset,
    under_tag,
)

TOLD_APART_WITHIN = 180
"""Seconds after which a half-open connection must have been noticed."""


async def said(logs: list[Any], event: str) -> Any:
    """The first line of this name."""
    return next((one for one in logs if one["event"] == event), None)


class TestCut:
    async def test_ia1_the_server_is_restarted(self, tended: Tended) -> None:
        put(tended.server, "Before")
        await tended.brings_in("Before")

        await tended.server.restart()
        put(tended.server, "After")

        await tended.brings_in("Before", "After")
        assert tended.server.connections == 2

    async def test_ia1_how_much_an_outage_held_up_is_logged_at_its_end(
        self, tended: Tended
    ) -> None:
        busy = refuse("[UNAVAILABLE] Maintenance")
        with structlog.testing.capture_logs() as logs:
            tended.server.on("LOGIN", busy, times=None)
            await tended.server.restart()
            await tended.reaches("retrying")
            put(tended.server, "First", "Second")

            tended.server.heal()
            await tended.brings_in("First", "Second")
            end = await eventually(lambda: said(logs, "account.recovered"))

        failed = await said(logs, "account.failed")
        assert failed["connection_seconds"] >= 0
        assert end["mails_missed"] == 2
        assert end["outage_seconds"] >= 0

    @pytest.mark.parametrize(
        "script",
        [
            pytest.param(reset(after=300), id="ia2-RST-mid-literal"),
            pytest.param(finish(after=300), id="ia3-FIN-mid-literal"),
            pytest.param(bye(after=300), id="ia4-BYE-in-FETCH"),
        ],
    )
    async def test_in_the_middle_of_a_mail(self, watched: Sync, script: Script) -> None:
        put(watched.inbox, "First", "Second", "Third")
        watched.inbox.on("FETCH", script, skip=1)

        with pytest.raises(Transient):
            await watched.look()

        await check_prefix(watched, watched.inbox)
        assert (await watched.mailbox()).watermark == 1
        await watched.look()
        assert await watched.announced() == ["First", "Second", "Third"]

    async def test_ia5_bye_in_idle(self, tended: Tended) -> None:
        tended.server.on("IDLE", in_idle(b"* BYE Autologout\r\n", close=True))
        put(tended.server, "First")
        await tended.server.until_fired()

        put(tended.server, "Second")

        await tended.brings_in("First", "Second")
        assert (await tended.account()).state != "refused"

    async def test_ia6_bye_in_select_because_a_token_expired(self, tended: Tended) -> None:
        tended.server.on("EXAMINE", bye("Session invalidated - AccessTokenExpired"))
        await tended.server.restart()
        await tended.server.until_fired()
        put(tended.server, "First")

        await tended.brings_in("First")

        (told,) = await tended.events("account.retrying")
        assert told.data["reason"]
        assert await tended.events("account.refused") == []


class TestAServerThatNeverStopsCalling:
    async def test_is_looked_at_no_more_often_than_others(self, tended: Tended) -> None:
        called: list[float] = []

        async def call_again(call: Call) -> None:
            called.append(time.monotonic())
            await call.send(b"+ idling\r\n", b"* 1 EXISTS\r\n")
            assert await call.session.reader.readline() == b"DONE\r\n"
            await call.send_reply(Reply())

        async def often() -> bool:
            return len(called) > BURST + 4

        tended.server.on("IDLE", call_again, times=None)
        put(tended.server, "First")
        await tended.brings_in("First")
        await eventually(often)

        assert called[-1] - called[0] > 1


class TestAMailAsIdleBegins:
    """The server tells of it before its "+", as Outlook was seen to do."""

    async def test_comes_in_by_the_same_connection(self, tended: Tended) -> None:
        tended.server.on("IDLE", before_idle(lambda: put(tended.server, "Second")))
        put(tended.server, "First")

        await tended.brings_in("First", "Second")

        assert tended.server.connections == 1
        assert await tended.events("account.retrying") == []

    async def test_ends_the_wait_of_a_glance(self, watched: Sync) -> None:
        async with watched.session() as session:
            inbox = await session.examine("INBOX")
            watched.inbox.on("IDLE", before_idle(lambda: put(watched.inbox, "First")))

            assert await session.unchanged([], inbox) == 1
            assert await session.idle(Waker(), 60)

            assert (await session.examine("INBOX")).exists == 1

    async def test_is_told_from_a_refusal(self, watched: Sync) -> None:
        async with watched.session() as session:
            await session.examine("INBOX")
            watched.inbox.on("IDLE", refuse("[UNAVAILABLE] Not just now"))

            with pytest.raises(Transient, match="Not just now"):
                await session.idle(Waker(), 60)


@contextlib.contextmanager
def nobody_accepts() -> Iterator[int]:
    """A port whose queue is full: a SYN to it is never answered."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def goes_dark(sync: Sync, spec: ServerSpec) -> None:
    """More looks than there are threads, all at once: each ends by itself, and none holds one."""

    async def look() -> None:
        async with sync.servers.open(spec) as session:
            await sync.look(session)

    looks = await asyncio.gather(*(look() for _ in range(6)), return_exceptions=True)
    assert {type(one) for one in looks} == {Transient}, looks


@pytest.fixture
async def leaks_nothing(watched: Sync, quick_limits: None) -> AsyncIterator[None]:
    """After the test a look still works, and no socket is left open."""
    process = psutil.Process()
    before = len(process.net_connections("tcp"))
    yield
    watched.inbox.heal()
    await watched.look()

    async def all_closed() -> bool:
        return watched.inbox.open_connections == 0 and len(process.net_connections("tcp")) <= before

    await eventually(all_closed, within=5)


class TestHalfOpen:
    async def test_ib1_in_connect(self, watched: Sync, leaks_nothing: None) -> None:
        with nobody_accepts() as port:
            await goes_dark(watched, replace(watched.spec, port=port))

    async def test_ib2_in_the_tls_handshake(self, watched: Sync, leaks_nothing: None) -> None:
        async def wait_for_ever(call: Call) -> None:
            await call.silence()

        watched.inbox.on("GREETING", wait_for_ever, times=None)

        await goes_dark(watched, replace(watched.spec, security=Security.TLS))

    @pytest.mark.parametrize(
        "command",
        [pytest.param("LOGIN", id="ib3-in-LOGIN"), pytest.param("FETCH", id="ib4-in-FETCH")],
    )
    async def test_in_a_command(self, watched: Sync, leaks_nothing: None, command: str) -> None:
        put(watched.inbox, "First")
        watched.inbox.on(command, hang(after=5), times=None)

        await goes_dark(watched, watched.spec)

        await check_prefix(watched, watched.inbox)

    async def test_ib5_in_idle(
        self, hostile: HostileServer, make_tended: MakeTended, quick_limits: None
    ) -> None:
        tended = await make_tended(hostile, idle_renew_seconds=1)
        hostile.on("IDLE", in_idle(dark=True))
        await hostile.until_fired()

        put(hostile, "First")

        await tended.brings_in("First")
        assert hostile.connections == 2

    def test_ib5_the_limits_in_force_add_up_to_three_minutes(self) -> None:
        settings = Settings(_env_file=None)
        assert settings.idle_renew_seconds + imap.READ_SECONDS <= TOLD_APART_WITHIN


class TestRefusedForNow:
    @pytest.mark.parametrize(
        ("command", "script"),
        [
            pytest.param(
                "EXAMINE",
                refuse("User is authenticated but not connected.", "BAD"),
                id="il1-authenticated-but-not-connected",
            ),
            pytest.param(
                "LOGIN",
                refuse("[ALERT] Too many simultaneous connections. (Failure)"),
                id="il2-ALERT",
            ),
            pytest.param("LOGIN", refuse("[UNAVAILABLE] Try later"), id="il3-UNAVAILABLE"),
            pytest.param(
                "LOGIN",
                bye("[OVERQUOTA] Account exceeded command or bandwidth limits."),
                id="il4-OVERQUOTA",
            ),
            pytest.param("LOGIN", refuse("[LIMIT] Too many commands"), id="il5-LIMIT"),
            pytest.param("EXAMINE", refuse("[INUSE] Mailbox in use"), id="il6-INUSE"),
            pytest.param("GREETING", bye("Too many connections"), id="il7-too-many-connections"),
            pytest.param("EXAMINE", refuse("Mailbox cannot be opened"), id="il8-NO-to-SELECT"),
        ],
    )
    async def test_is_retried_and_told_once(
        self, tended: Tended, command: str, script: Script
    ) -> None:
        tended.server.on(command, script)
        await tended.server.restart()
        await tended.server.until_fired()
        put(tended.server, "First")

        account = await tended.reaches("retrying")
        await tended.retry_now()
        await tended.brings_in("First")

        assert account.address in account.detail
        assert account.retry_at is not None
        assert (await tended.reaches("live")).failures == 0
        assert tended.server.fired[command] == 1
        assert len(await tended.events("account.retrying")) == 1
        assert await tended.events("account.refused") == []

    async def test_il4_overquota_for_one_command(self, watched: Sync) -> None:
        put(watched.inbox, "First")
        await watched.look()
        command = await ask(watched, "First", Archive())
        watched.inbox.on("MOVE", refuse("[OVERQUOTA] The mailbox is full"))

        await watched.run_commands()
        state, detail = await outcome(watched, command)
        watched.clock.advance(seconds=10)
        await watched.run_commands()

        assert (state, "full" in detail) == ("queued", True)
        assert await outcome(watched, command) == ("done", "")
        assert subjects_in(watched.inbox, "Archive") == ["First"]


class TestTags:
    @pytest.mark.parametrize(
        ("command", "script"),
        [
            pytest.param("LOGIN", preceded_by(b"XXXX7 NO stale\r\n"), id="im1-stale-before-login"),
            pytest.param("LOGIN", under_tag("XXXX7"), id="im2-wrong-tag-in-login"),
            pytest.param("SEARCH", under_tag("XXXX7"), id="im2-wrong-tag-in-search"),
            pytest.param("SEARCH", preceded_by(b"+ go on\r\n"), id="im3-continuation-in-search"),
            pytest.param("LOGIN", preceded_by(b"+ go on\r\n"), id="im3-continuation-in-login"),
        ],
    )
    async def test_never_mean_a_bad_password(
        self, watched: Sync, quick_limits: None, command: str, script: Script
    ) -> None:
        put(watched.inbox, "First")
        watched.inbox.on(command, script)

        with contextlib.suppress(Transient):
            await watched.look()
        await check_prefix(watched, watched.inbox)
        await watched.look()

        assert watched.inbox.fired[command] == 1
        assert await watched.announced() == ["First"]


class TestFarewell:
    async def test_its_words_are_told(self, watched: Sync) -> None:
        watched.inbox.on("EXAMINE", bye("Session invalidated - AccessTokenExpired"))

        with pytest.raises(Transient, match="Session invalidated - AccessTokenExpired"):
            await watched.look()
