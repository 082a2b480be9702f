"""What a transaction promises: events without gaps, jobs and notices if and only if it commits."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from app.core.ids import ChannelId
from app.store.engine import conninfo
from app.store.notify import NotificationHub, Topic
from app.store.queue import drain_channel
from tests import factories
from tests.fixtures.database import Workspace
from tests.fixtures.round_trips import round_trips

CHANNEL = ChannelId("C1")


async def waiting_jobs(workspace: Workspace) -> list[str]:
    connection = await psycopg.AsyncConnection.connect(conninfo(workspace.url))
    async with connection:
        rows = await connection.execute("SELECT queueing_lock FROM procrastinate_jobs ORDER BY id")
        return [row[0] for row in await rows.fetchall()]


class TestEvents:
    async def test_are_numbered_from_one_without_gaps(self, workspace: Workspace) -> None:
        for _ in range(3):
            async with workspace.store.begin(workspace.id) as uow:
                uow.emit("thing.happened", number=1)
                uow.emit("thing.happened", number=2)

        async with workspace.store.begin(workspace.id) as uow:
            events = await uow.events.after(0, limit=100)
            assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
            assert await uow.events.latest() == 6

    async def test_a_transaction_that_fails_leaves_no_gap(self, workspace: Workspace) -> None:
        with pytest.raises(RuntimeError):
            async with workspace.store.begin(workspace.id) as uow:
                uow.emit("never.happened")
                await uow.write_what_was_left()
                raise RuntimeError

        async with workspace.store.begin(workspace.id) as uow:
            uow.emit("thing.happened")
        async with workspace.store.begin(workspace.id) as uow:
            events = await uow.events.after(0, limit=100)
            assert [(event.seq, event.type) for event in events] == [(1, "thing.happened")]

    async def test_a_reader_never_misses_one_of_many_writers(self, workspace: Workspace) -> None:
        """Read while forty transactions commit in any order: every cursor step is one."""

        async def write(number: int) -> None:
            async with workspace.store.begin(workspace.id) as uow:
                uow.emit("thing.happened", number=number)
                await uow.session.flush()

        seen: list[int] = []

        async def read() -> None:
            while len(seen) < 40:
                async with workspace.store.begin(workspace.id) as uow:
                    events = await uow.events.after(seen[-1] if seen else 0, limit=7)
                    seen.extend(event.seq for event in events)

        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(read())
            for number in range(40):
                group.create_task(write(number))

        assert seen == list(range(1, 41))


class TestWithoutATransaction:
    async def test_nothing_is_left_for_later(self, workspace: Workspace) -> None:
        with pytest.raises(AssertionError):
            async with workspace.store.without_transaction(workspace.id) as uow:
                uow.emit("never.happened")

        async with workspace.store.begin(workspace.id) as uow:
            assert await uow.events.latest() == 0

    async def test_no_changed_row_is_left(self, workspace: Workspace) -> None:
        with pytest.raises(AssertionError):
            async with workspace.store.without_transaction(workspace.id) as uow:
                (await uow.channels.get(CHANNEL)).detail = "never written"

        async with workspace.store.begin(workspace.id) as uow:
            assert (await uow.channels.get(CHANNEL)).detail == ""

    async def test_each_question_is_one_round_trip(self, workspace: Workspace) -> None:
        async with workspace.store.begin(workspace.id) as uow:
            await uow.channels.get(CHANNEL)

        with round_trips() as sent:
            async with workspace.store.without_transaction(workspace.id) as uow:
                await uow.channels.get(CHANNEL)
                await uow.events.latest()

        assert len(sent) == 2


class TestInsertingTogether:
    async def test_rows_that_depend_on_each_other(self, workspace: Workspace) -> None:
        account = factories.account(workspace.id)
        conversation = factories.conversation(workspace.id, account.id, subject="Hello")
        message = factories.message(workspace.id, account.id, conversation.id, subject="Hello")
        async with workspace.store.begin(workspace.id) as uow:
            uow.accounts.add(account)
            await uow.session.flush()

            with round_trips() as sent:
                async with uow.inserted_together():
                    await uow.messages.add_all([message])
                    await uow.conversations.add_all([conversation])

            assert len(sent) == 1
            assert (await uow.messages.get(message.id)).conversation_id == conversation.id

    async def test_nothing_where_it_fails(self, workspace: Workspace) -> None:
        account = factories.account(workspace.id)
        async with workspace.store.begin(workspace.id) as uow:
            uow.accounts.add(account)
            await uow.session.flush()

            with pytest.raises(RuntimeError):
                async with uow.inserted_together():
                    row = factories.conversation(workspace.id, account.id, subject="Hello")
                    await uow.conversations.add_all([row])
                    raise RuntimeError

            assert await uow.conversations.lock_many([row.id]) == {}


class TestJobs:
    async def test_commit_with_their_reason(self, workspace: Workspace) -> None:
        async with workspace.store.begin(workspace.id) as uow:
            uow.feed_is_due(CHANNEL)

        assert len(await waiting_jobs(workspace)) == 1

    async def test_vanish_with_their_reason(self, workspace: Workspace) -> None:
        with pytest.raises(RuntimeError):
            async with workspace.store.begin(workspace.id) as uow:
                uow.feed_is_due(CHANNEL)
                await uow.write_what_was_left()
                raise RuntimeError

        assert await waiting_jobs(workspace) == []

    async def test_one_of_a_subject_waits_however_many_ask(self, workspace: Workspace) -> None:
        async def ask() -> None:
            async with workspace.store.begin(workspace.id) as uow:
                uow.feed_is_due(CHANNEL)

        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(ask())

        assert len(await waiting_jobs(workspace)) == 1

    async def test_a_waiting_job_cannot_start_before_those_who_rely_on_it_commit(
        self, workspace: Workspace
    ) -> None:
        async with workspace.store.begin(workspace.id) as uow:
            uow.feed_is_due(CHANNEL)
        connection = await psycopg.AsyncConnection.connect(conninfo(workspace.url))

        async with connection, workspace.store.begin(workspace.id) as uow:
            uow.feed_is_due(CHANNEL)
            await uow.write_what_was_left()
            free = await connection.execute(
                "SELECT id FROM procrastinate_jobs WHERE status = 'todo' FOR UPDATE SKIP LOCKED"
            )
            assert await free.fetchall() == []

    async def test_are_left_by_one_statement(self, workspace: Workspace) -> None:
        async with workspace.store.begin(workspace.id) as uow:
            for channel in ("C1", "C2", "C3"):
                uow.leave(drain_channel(workspace.id, ChannelId(channel)))

            with round_trips() as sent:
                await uow.write_what_was_left()

        assert len([one for one in sent if one != "BEGIN"]) == 1
        assert len(await waiting_jobs(workspace)) == 3

    async def test_one_that_runs_already_is_left_anew(self, workspace: Workspace) -> None:
        async with workspace.store.begin(workspace.id) as uow:
            uow.leave(drain_channel(workspace.id, CHANNEL))
        connection = await psycopg.AsyncConnection.connect(conninfo(workspace.url))
        async with connection:
            await connection.execute("UPDATE procrastinate_jobs SET status = 'doing'")

        async with workspace.store.begin(workspace.id) as uow:
            uow.leave(drain_channel(workspace.id, CHANNEL))

        assert len(await waiting_jobs(workspace)) == 2

    async def test_that_wait_already_are_told_of_once_more(self, workspace: Workspace) -> None:
        async with workspace.store.begin(workspace.id) as uow:
            uow.leave(drain_channel(workspace.id, CHANNEL))
        connection = await psycopg.AsyncConnection.connect(conninfo(workspace.url), autocommit=True)
        async with connection:
            await connection.execute('LISTEN "procrastinate_queue_v1#feed"')

            async with workspace.store.begin(workspace.id) as uow:
                uow.leave(drain_channel(workspace.id, CHANNEL))

            told = [one async for one in connection.notifies(timeout=10, stop_after=1)]
            assert len(told) == 1


class TestAJobForLater:
    """A channel that waits for its next minute has one; a click there must not wait with it."""

    @pytest.mark.parametrize("hurries", [True, False])
    async def test_is_brought_forward_by_one_for_now(
        self, workspace: Workspace, hurries: bool
    ) -> None:
        later = datetime.now(UTC) + timedelta(minutes=10)
        async with workspace.store.begin(workspace.id) as uow:
            uow.leave(drain_channel(workspace.id, CHANNEL, not_before=later))

        async with workspace.store.begin(workspace.id) as uow:
            uow.leave(drain_channel(workspace.id, CHANNEL, hurries=hurries))

        connection = await psycopg.AsyncConnection.connect(conninfo(workspace.url))
        async with connection:
            found = await connection.execute("SELECT scheduled_at FROM procrastinate_jobs")
            assert await found.fetchall() == [(None if hurries else later,)]

    async def test_is_not_put_off_by_one_for_later_still(self, workspace: Workspace) -> None:
        now = datetime.now(UTC)
        for minutes in (1, 10):
            async with workspace.store.begin(workspace.id) as uow:
                at = now + timedelta(minutes=minutes)
                uow.leave(drain_channel(workspace.id, CHANNEL, not_before=at))

        connection = await psycopg.AsyncConnection.connect(conninfo(workspace.url))
        async with connection:
            found = await connection.execute("SELECT scheduled_at FROM procrastinate_jobs")
            assert await found.fetchall() == [(now + timedelta(minutes=1),)]


class TestNotices:
    async def test_wake_who_waits_once_committed(self, workspace: Workspace) -> None:
        async with NotificationHub(workspace.url) as hub:
            await hub.until_listening()
            with hub.waker(Topic.ACCOUNT, "42") as waker, hub.waker(Topic.ACCOUNT, "43") as other:
                async with workspace.store.begin(workspace.id) as uow:
                    uow.wake(Topic.ACCOUNT, "42")
                    await uow.write_what_was_left()
                    assert not await waker.wait(0.05)

                assert await waker.wait(5)
                assert not await other.wait(0.01)
