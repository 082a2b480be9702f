"""When a failing account is tried again, to the instant, and what ends its rest before that."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import structlog

from app.accounts.connect import retry_now
from app.core.access import Origin
from app.core.errors import Conflict
from app.core.retry import RetryLadder
from app.mailbox.errors import (
    CredentialsRefused,
    MailServerError,
    ServerForbidden,
    Throttled,
    Transient,
)
from app.store.models import AccountState, Command, CommandType
from tests import factories
from tests.fixtures.tending import Tended

MINUTE, HOUR = 60, 3600
SEEDS = RetryLadder.parse("0 60@600 600@3600 3600", jitter=0)
DOWN = Transient("Nothing answers.")
REFUSED = CredentialsRefused("The password is wrong.")
BUSY = Throttled("Too many connections.")


async def ask_for_retry(tended: Tended) -> None:
    async with tended.workspace.store.begin(tended.workspace.id) as uow:
        await retry_now(uow, tended.ref.account_id)
    tended.waker.wake()


async def queue_command(tended: Tended) -> None:
    async with tended.workspace.store.begin(tended.workspace.id) as uow:
        command = Command(
            workspace_id=tended.workspace.id,
            account_id=tended.ref.account_id,
            type=CommandType.FLAG,
            origin=Origin.API,
        )
        await uow.commands.add(command)
    tended.waker.wake()


class TestTheLadder:
    async def test_first_at_once_then_by_the_age_of_the_outage(self, tended: Tended) -> None:
        tended.configure(ladder=SEEDS)

        tried = await tended.run(*[DOWN] * 20)

        every_minute = [0, *range(0, 10 * MINUTE, MINUTE), 10 * MINUTE]
        every_ten = [n * 10 * MINUTE for n in range(2, 7)]
        hourly = [n * HOUR for n in range(2, 5)]
        assert tried == [*every_minute, *every_ten, *hourly]

    async def test_ours_ends_with_every_five_minutes(self, tended: Tended) -> None:
        tried = await tended.run(*[DOWN] * 15)

        assert tried[:3] == [0, 0, MINUTE]
        assert tried[-4:] == [10 * MINUTE, 15 * MINUTE, 20 * MINUTE, 25 * MINUTE]

    async def test_the_row_says_what_is_wrong_since_when_and_when_we_try_again(
        self, tended: Tended
    ) -> None:
        began = tended.clock.now()

        await tended.run(DOWN, DOWN, DOWN)

        account = await tended.account()
        assert account.state is AccountState.RETRYING
        assert account.detail == "support@example.com: Nothing answers."
        assert (account.failures, account.outage_since) == (3, began)
        assert account.retry_at == tended.clock.now() + timedelta(minutes=1)
        assert await tended.events() == ["account.retrying"]

    async def test_jitter_stretches_every_wait(
        self, tended: Tended, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.jobs.backoff.random.random", lambda: 0.5)
        tended.configure(ladder=RetryLadder.parse("0 60@600 600", jitter=0.2))

        assert await tended.run(DOWN, DOWN, DOWN) == [0, 0, 66]

    async def test_a_whole_look_ends_the_outage(self, tended: Tended) -> None:
        await tended.run(DOWN, DOWN, DOWN, None, DOWN)

        assert await tended.events() == ["account.retrying", "account.live", "account.retrying"]
        account = await tended.account()
        assert account.failures == 2
        assert account.outage_since == tended.clock.now()

    async def test_a_login_alone_does_not_end_it(
        self, tended: Tended, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: object, **__: object) -> None:
            raise DOWN

        monkeypatch.setattr("tests.fakes.mailservers.EmptyMailbox.examine", fail)

        tried = await tended.run(DOWN, None, None, None, DOWN)

        assert tried == [0, 0, MINUTE, 2 * MINUTE, 3 * MINUTE]
        assert (await tended.account()).failures == 5

    async def test_connections_that_break_again_and_again_are_not_made_in_a_hot_loop(
        self, tended: Tended
    ) -> None:
        tried = await tended.run(*[None] * 8)

        apart = [later - earlier for earlier, later in pairwise(tried)]
        assert apart == [0, 5, 10, 20, 40, 60, 60]

    async def test_so_many_retries_and_no_more(self, tended: Tended) -> None:
        tended.configure(ladder=RetryLadder.parse("0 60", jitter=0, most_retries=3))

        tried = await tended.run(*[DOWN] * 4)

        account = await tended.account()
        assert tried == [0, 0, MINUTE, 2 * MINUTE]
        assert (account.state, account.retry_at) == (AccountState.STOPPED, None)

    async def test_who_gave_up_begins_anew_when_somebody_asks(self, tended: Tended) -> None:
        tended.configure(ladder=RetryLadder.parse("0 60", jitter=0, most_retries=1))
        tended.waker.during(timedelta(hours=5), lambda: ask_for_retry(tended))

        tried = await tended.run(DOWN, DOWN, DOWN, DOWN)

        assert tried == [0, 0, 5 * HOUR, 5 * HOUR]


class TestHowLoudly:
    async def test_debug_then_info_then_error_with_the_number_of_failures(
        self, tended: Tended
    ) -> None:
        tended.configure(ladder=SEEDS)

        with structlog.testing.capture_logs() as lines:
            await tended.run(*[DOWN] * 18)

        said = [(one["log_level"], one["failures"]) for one in lines if "failures" in one]
        assert said == [
            *[("debug", n) for n in range(1, 12)],
            *[("info", n) for n in range(12, 17)],
            *[("error", n) for n in range(17, 19)],
        ]


class TestTheEndOfAConnection:
    async def test_is_logged_with_its_age(self, tended: Tended) -> None:
        def idle(seconds: float) -> MailServerError | None:
            tended.clock.advance(seconds=seconds)
            return Transient("gone") if tended.clock.now() - began > timedelta(minutes=9) else None

        began, tended.servers.on_idle = tended.clock.now(), idle
        with structlog.testing.capture_logs() as lines:
            await tended.run(None, DOWN)

        ages = [one["connection_seconds"] for one in lines if one["event"] == "account.failed"]
        assert ages[0] == pytest.approx(540, abs=61)
        assert ages[1:] == [None]

    async def test_that_is_old_is_logged_with_its_age(self, tended: Tended) -> None:
        tended.configure(reconnect_after_seconds=HOUR)

        def idle(seconds: float) -> None:
            tended.clock.advance(seconds=seconds)

        tended.servers.on_idle = idle
        with structlog.testing.capture_logs() as lines:
            await tended.run(None, None)

        first = next(one for one in lines if one["event"] == "account.disconnected")
        assert first["why"] == "it was old"
        assert 0.8 * HOUR <= first["connection_seconds"] <= HOUR


class TestTheEndOfAnOutage:
    async def test_is_logged_with_how_long_it_lasted(self, tended: Tended) -> None:
        with structlog.testing.capture_logs() as lines:
            await tended.run(DOWN, DOWN, DOWN, None, DOWN)

        (over,) = [one for one in lines if one["event"] == "account.recovered"]
        assert (over["outage_seconds"], over["mails_missed"]) == (120, 0)


class TestARefusal:
    async def test_counts_once_a_second_try_has_confirmed_it(self, tended: Tended) -> None:
        tried = await tended.run(REFUSED, REFUSED, REFUSED)

        account = await tended.account()
        assert tried == [0, 2, 2 + HOUR]
        assert account.state is AccountState.REFUSED
        assert await tended.events() == ["account.refused"]

    async def test_of_a_mailbox_that_worked_is_checked_a_minute_later(self, tended: Tended) -> None:
        tried = await tended.run(None, REFUSED, None, DOWN)

        assert tried[2] - tried[1] == MINUTE
        assert "account.refused" not in await tended.events()
        assert (await tended.account()).settled_revision == 0

    async def test_is_not_settled_before_it_is_confirmed(self, tended: Tended) -> None:
        await tended.run(REFUSED)

        account = await tended.account()
        assert account.state is AccountState.CONNECTING
        assert account.settled_revision < account.revision
        assert "password is wrong" in account.detail

    async def test_of_an_address_inside_our_network_needs_no_second_try(
        self, tended: Tended
    ) -> None:
        await tended.run(ServerForbidden("Not a public mail server."))

        assert (await tended.account()).state is AccountState.REFUSED

    async def test_is_kept_to_by_the_next_owner(self, tended: Tended) -> None:
        await tended.run(REFUSED, REFUSED)
        refused_at = tended.clock.now()
        tended.clock.advance(minutes=20)

        await tended.run(REFUSED)

        assert tended.servers.attempts[-1] == refused_at + timedelta(hours=1)

    async def test_an_outage_is_not_inherited(self, tended: Tended) -> None:
        await tended.run(DOWN, DOWN, DOWN)
        tended.clock.advance(seconds=7)

        await tended.run(DOWN)

        assert tended.servers.attempts[-1] == tended.clock.now()


class TestThrottling:
    async def test_gives_the_server_five_minutes(self, tended: Tended) -> None:
        tried = await tended.run(BUSY, BUSY, DOWN)

        assert tried == [0, 5 * MINUTE, 10 * MINUTE]

    async def test_gives_a_provider_the_time_it_wants(self, tended: Tended) -> None:
        async with tended.workspace.store.begin(tended.workspace.id) as uow:
            (await uow.accounts.get(tended.ref.account_id)).imap_host = "imap.gmail.com"

        assert await tended.run(BUSY, DOWN) == [0, 15 * MINUTE]

    async def test_is_not_cut_short_by_commands(self, tended: Tended) -> None:
        tended.waker.during(timedelta(seconds=30), lambda: queue_command(tended))

        assert await tended.run(BUSY, DOWN) == [0, 5 * MINUTE]


class TestWhatEndsTheRest:
    async def test_a_queued_command(self, tended: Tended) -> None:
        tended.waker.during(timedelta(seconds=20), lambda: queue_command(tended))

        assert await tended.run(DOWN, DOWN, DOWN) == [0, 0, 20]

    async def test_a_command_right_after_a_failure_waits_a_moment(self, tended: Tended) -> None:
        tended.waker.during(timedelta(seconds=1), lambda: queue_command(tended))

        assert await tended.run(DOWN, DOWN, DOWN) == [0, 0, 5]

    @pytest.mark.parametrize("error", [DOWN, REFUSED, BUSY])
    async def test_retry_now_whatever_it_rests_for(
        self, tended: Tended, error: MailServerError
    ) -> None:
        await tended.run(error, error)
        tended.waker.during(timedelta(seconds=1.5), lambda: ask_for_retry(tended))
        before = tended.clock.now()

        await tended.run(*[error] * (2 if error is DOWN else 1))

        assert tended.servers.attempts[-1] - before <= timedelta(seconds=1.5)

    async def test_a_wake_for_no_reason_does_not(self, tended: Tended) -> None:
        async def wake() -> None:
            tended.waker.wake()

        tended.waker.during(timedelta(seconds=20), wake)

        assert await tended.run(DOWN, DOWN, DOWN) == [0, 0, MINUTE]

    async def test_a_command_does_not_have_a_refused_password_tried_again(
        self, tended: Tended
    ) -> None:
        tended.waker.during(timedelta(minutes=5), lambda: queue_command(tended))

        assert await tended.run(REFUSED, REFUSED, REFUSED) == [0, 2, 2 + HOUR]

    async def test_the_end_of_an_outage_that_others_shared(self, tended: Tended) -> None:
        async def others_are_back() -> None:
            tended.tending.outages.is_over(tended.clock.now() - timedelta(seconds=50))

        tended.waker.during(timedelta(seconds=30), others_are_back)

        assert await tended.run(DOWN, DOWN, DOWN) == [0, 0, 30]

    async def test_the_end_of_another_outage_does_not(self, tended: Tended) -> None:
        async def somebody_else_is_back() -> None:
            tended.tending.outages.is_over(tended.clock.now() - timedelta(hours=1))

        tended.waker.during(timedelta(seconds=30), somebody_else_is_back)

        assert await tended.run(DOWN, DOWN, DOWN) == [0, 0, MINUTE]

    async def test_the_account_was_taken_by_another_worker(self, tended: Tended) -> None:
        async def take() -> None:
            async with tended.workspace.store.across_workspaces() as fleet:
                await fleet.raise_fences([tended.ref])
            tended.waker.wake()

        tended.waker.during(timedelta(seconds=1), take)

        assert await tended.run(DOWN, DOWN, DOWN) == [0, 0]


class TestSharedOutages:
    async def test_who_gets_through_tells_the_others(self, tended: Tended) -> None:
        await tended.run(DOWN)
        account = factories.account(tended.workspace.id, address="sales@example.com", fence=1)
        account.imap_secret = (await tended.account()).imap_secret
        async with tended.workspace.store.begin(tended.workspace.id) as uow:
            uow.accounts.add(account)
        told: list[Any] = []
        with tended.tending.outages.waiting(tended.clock.now(), lambda: told.append(True)):
            await tended.run(None, DOWN)

        assert told == [True]


class TestRetryNow:
    async def test_of_an_account_that_is_well(self, tended: Tended) -> None:
        await tended.run(None, None)
        async with tended.workspace.store.begin(tended.workspace.id) as uow:
            (await uow.accounts.get(tended.ref.account_id)).state = AccountState.LIVE

        with pytest.raises(Conflict, match="nothing to try again"):
            await ask_for_retry(tended)


class TestAge:
    async def test_an_old_connection_is_made_anew_between_two_looks(self, tended: Tended) -> None:
        tended.configure(reconnect_after_seconds=HOUR)

        def idle(seconds: float) -> None:
            tended.clock.advance(seconds=seconds)

        tended.servers.on_idle = idle

        (_, second, third) = await tended.run(None, None, None)

        for age in (second, third - second):
            assert 0.8 * HOUR <= age <= HOUR
        assert "account.retrying" not in await tended.events()
