"""Workers come and go, and lose the database; mail is brought in once all the same."""

import asyncio

import psycopg

from tests.fixtures.sessions import mail
from tests.fixtures.stack import Stack, eventually, text_of


async def end_connections(stack: Stack, condition: str) -> int:
    """Have Postgres end those connections that a condition on pg_stat_activity names."""
    connection = await psycopg.AsyncConnection.connect(
        stack.settings.database_url or "", autocommit=True
    )
    async with connection:
        ended = await connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            f" WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
        )
        return len(await ended.fetchall())


async def shown_once(stack: Stack, subject: str) -> None:
    await stack.card(subject)
    assert sum(subject in text_of(card) for card in stack.cards()) == 1


class TestTheDatabaseEndsAConnection:
    async def test_the_one_that_holds_the_locks(self, stack: Stack) -> None:
        await stack.connect_account()
        holds_locks = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"

        assert await end_connections(stack, holds_locks) >= 1
        await stack.inbox.deliver(mail("After the loss", "1@acme.example"))

        await shown_once(stack, "After the loss")

    async def test_the_one_that_listens(self, stack: Stack) -> None:
        await stack.connect_account()
        await stack.inbox.deliver(mail("First", "1@acme.example"))
        ts = (await stack.card("First"))["ts"]

        assert await end_connections(stack, "query LIKE 'LISTEN%'") >= 1
        await stack.slack.choose_overflow("Ana", "support", ts, "Archive")

        await stack.card_says(ts, "🗄 Archived")

    async def test_all_of_them(self, stack: Stack) -> None:
        await stack.connect_account()

        assert await end_connections(stack, "true") >= 3
        await stack.inbox.deliver(mail("After the loss", "1@acme.example"))

        await shown_once(stack, "After the loss")


class TestTwoWorkers:
    async def test_share_the_work_and_stand_in_for_each_other(self, stack: Stack) -> None:
        account = await stack.connect_account()
        second = stack.fork_child("worker")
        await until_workers(stack, 2)
        await stack.inbox.deliver(mail("First", "1@acme.example"))
        await shown_once(stack, "First")

        await stack.stop_worker()
        await stack.inbox.deliver(mail("Second", "2@acme.example"))
        await shown_once(stack, "Second")

        await stack.start_worker()
        second.kill()
        await stack.inbox.deliver(mail("Third", "3@acme.example"))
        await shown_once(stack, "Third")
        shown = (await stack.api.get(f"/accounts/{account['id']}")).json()["mailboxes"][0]
        assert (shown["accounted"], shown["missing"]) == (3, 0)


async def until_workers(stack: Stack, count: int) -> None:
    async def look() -> bool:
        connection = await psycopg.AsyncConnection.connect(stack.settings.database_url or "")
        async with connection:
            rows = await connection.execute("SELECT count(*) FROM procrastinate_workers")
            found = await rows.fetchone()
        return found is not None and found[0] >= count

    await eventually(look, 60)  # the second one has its imports before it


class TestStopping:
    async def test_is_quick_and_leaves_nothing_behind(self, stack: Stack) -> None:
        await stack.connect_account()
        loop = asyncio.get_running_loop()
        started = loop.time()

        await stack.stop_worker()

        assert loop.time() - started < 5
