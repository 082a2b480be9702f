"""What the clock brings about, and what it asks of the database where nothing is due."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import event, text
from sqlmodel import select

from app.accounts.tokens import GrantTokens
from app.core.clock import SystemClock
from app.core.ids import AccountId, MessageId, new_id
from app.jobs.ownership import Ownership
from app.jobs.scheduler import Ticks
from app.store.blobs import Blobs
from app.store.models import Conversation, HistoryImport, Mailbox, MailToIndex
from app.store.queue import open_queue
from app.store.repositories.due import Tended
from app.store.repositories.fleet import AccountRef, Check
from tests.factories import MOMENT
from tests.fixtures.database import Workspace
from tests.fixtures.sending import Outbox, outbox

__all__ = ["outbox"]

NO_TENDERS = cast("Ownership", type("Nobody", (), {"tenders": ()})())


@dataclass
class Tender:
    """Stands for one that has a connection, and remembers whether it was woken."""

    ref: AccountRef
    revision: int = 0
    is_serving: bool = True
    woken: int = 0

    def wake(self) -> None:
        self.woken += 1


@dataclass
class Owned:
    tenders: list[Tender] = field(default_factory=list)


def ticks_of(workspace: Workspace, ownership: Any = NO_TENDERS) -> Ticks:
    tokens = cast("GrantTokens", None)  # no account here has any
    blobs = cast("Blobs", None)  # and none was removed
    queue = open_queue(workspace.url)
    return Ticks(workspace.store, queue, ownership, SystemClock(), tokens, blobs)


@contextmanager
def statements(workspace: Workspace) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    engine = workspace.store._engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def jobs(workspace: Workspace) -> list[str]:
    async with workspace.store.begin(workspace.id) as uow:
        connection = await uow.session.connection()
        rows = await connection.execute(text("SELECT task_name FROM procrastinate_jobs"))
        return [name for (name,) in rows]


class TestALook:
    async def test_where_nothing_is_due_is_one_statement(self, workspace: Workspace) -> None:
        ticks = ticks_of(workspace)

        with statements(workspace) as asked:
            await ticks.look()

        assert len(asked) == 1

    async def test_leaves_a_job_for_mail_whose_time_has_come(self, outbox: Outbox) -> None:
        await outbox.ask(undo_seconds=3600)
        ticks = ticks_of(outbox.workspace)
        await ticks.look()
        assert "sending.drain" not in await jobs(outbox.workspace)

        await outbox.hurry()
        await ticks.look()

        assert "sending.drain" in await jobs(outbox.workspace)

    async def test_is_there_again_when_the_next_mail_is_due(self, outbox: Outbox) -> None:
        await outbox.ask(undo_seconds=3600)
        await outbox.run("UPDATE outgoing SET due_at = now() + interval '1.5 seconds'")
        ticks = ticks_of(outbox.workspace)
        scheduler = ticks.schedule()

        await ticks.look()

        due = {job.id: job.trigger for job in scheduler.get_jobs()}["mail"].run_date
        assert due - datetime.now(due.tzinfo) < timedelta(seconds=2)

    async def test_has_mails_indexed_beside_it_and_once_at_a_time(
        self, workspace: Workspace
    ) -> None:
        waits = MailToIndex(
            workspace_id=workspace.id, received_at=MOMENT, message_id=MessageId(new_id())
        )
        async with workspace.store.begin(workspace.id) as uow:
            uow.session.add(waits)
        ticks = ticks_of(workspace)
        scheduler = ticks.schedule()
        usual = len(scheduler.get_jobs())

        await ticks.look()
        await ticks.look()

        assert len(scheduler.get_jobs()) == usual + 1
        await ticks.index_mails()
        async with workspace.store.asking_all_workspaces() as fleet:
            assert not (await fleet.due(SystemClock().now())).has_mails_to_index

    async def test_wakes_a_conversation_that_was_snoozed_until_now(self, outbox: Outbox) -> None:
        await outbox.run("UPDATE conversations SET snoozed_until = now() - interval '1 second'")

        await ticks_of(outbox.workspace).look()

        (conversation,) = await outbox.all(Conversation)
        assert conversation.snoozed_until is None

    async def test_puts_back_the_job_of_a_dead_worker(self, workspace: Workspace) -> None:
        async with workspace.store.begin(workspace.id) as uow:
            await (await uow.session.connection()).execute(
                text(
                    "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args, status)"
                    " VALUES ('feed', 'feed.drain', 'x', '{}', 'doing')"
                )
            )
        ticks = ticks_of(workspace)
        async with ticks._queue.open_async():
            await ticks.look()

        async with workspace.store.begin(workspace.id) as uow:
            connection = await uow.session.connection()
            states = await connection.execute(text("SELECT status FROM procrastinate_jobs"))
            assert [state for (state,) in states] == ["todo"]


class TestWhatNobodyHeardOf:
    async def unheard(self, outbox: Outbox, revision: int = 0) -> list[AccountId]:
        tended = Tended(outbox.workspace.id, outbox.account_id, revision)
        async with outbox.workspace.store.across_workspaces() as fleet:
            return list(await fleet.unheard([tended]))

    async def test_of_an_account_nobody_asks_anything_of(self, outbox: Outbox) -> None:
        assert await self.unheard(outbox) == []

    async def test_is_a_change_of_the_account(self, outbox: Outbox) -> None:
        assert await self.unheard(outbox, revision=-1) == [outbox.account_id]

    async def test_is_its_removal(self, outbox: Outbox) -> None:
        gone = Tended(outbox.workspace.id, AccountId(outbox.conversation_id), 0)
        async with outbox.workspace.store.across_workspaces() as fleet:
            assert await fleet.unheard([gone]) == [gone.account_id]

    async def test_is_an_import_that_was_asked_for(self, outbox: Outbox) -> None:
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            uow.session.add(
                HistoryImport(workspace_id=outbox.workspace.id, account_id=outbox.account_id)
            )

        assert await self.unheard(outbox) == [outbox.account_id]

    async def test_is_a_wish_whose_time_has_come(self, outbox: Outbox) -> None:
        await outbox.send()  # which leaves a wish to file the copy
        assert await self.unheard(outbox) == [outbox.account_id]

        await outbox.run("UPDATE commands SET next_try_at = now() + interval '15 minutes'")
        assert await self.unheard(outbox) == []

    async def test_is_a_wish_put_off_before_the_clock_was_set_back(self, outbox: Outbox) -> None:
        await outbox.send()
        await outbox.run("UPDATE commands SET next_try_at = now() + interval '1 day'")

        assert await self.unheard(outbox) == [outbox.account_id]

    async def test_wakes_the_account_and_no_other(self, outbox: Outbox) -> None:
        await outbox.send()  # which leaves a wish to file the copy
        mine = Tender(AccountRef(outbox.workspace.id, outbox.account_id))
        resting = Tender(mine.ref, is_serving=False)

        await ticks_of(outbox.workspace, Owned([mine])).wake_unheard()
        await ticks_of(outbox.workspace, Owned([resting])).wake_unheard()

        assert (mine.woken, resting.woken) == (1, 0)


class TestNotingChecks:
    @pytest.fixture
    async def folders(self, outbox: Outbox) -> list[Mailbox]:
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            return [await uow.mailboxes.named(outbox.account_id, name) for name in ("A", "B")]

    async def test_of_many_folders_is_one_statement(
        self, outbox: Outbox, folders: list[Mailbox]
    ) -> None:
        now = datetime.now().astimezone()
        checks = [check(one, now) for one in folders]
        async with outbox.workspace.store.across_workspaces() as fleet:
            with statements(outbox.workspace) as asked:
                await fleet.note_checks(checks)

        assert len(asked) == 1
        rows = await outbox.all(Mailbox)
        assert {(one.last_checked_at, one.next_poll_at) for one in rows} == {
            (now, now + timedelta(minutes=1))
        }

    async def test_waits_for_nobody_who_writes_to_a_folder(
        self, outbox: Outbox, folders: list[Mailbox]
    ) -> None:
        now = datetime.now().astimezone()
        store = outbox.workspace.store
        async with store.begin(outbox.workspace.id) as uow:
            await uow.session.exec(select(Mailbox).where(Mailbox.name == "A").with_for_update())
            async with store.across_workspaces() as fleet:
                await fleet.note_checks([check(one, now) for one in folders])

        rows = {one.name: one.last_checked_at for one in await outbox.all(Mailbox)}
        assert rows == {"A": None, "B": now}


def check(folder: Mailbox, at: datetime) -> Check:
    return Check(folder.workspace_id, folder.id, at, at + timedelta(minutes=1))


class TestStop:
    async def test_waits_for_the_end_of_a_tick_that_is_under_way(
        self,
        workspace: Workspace,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        begun, ended = asyncio.Event(), asyncio.Event()

        async def look(_: Ticks) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)  # as the rollback of a transaction takes a while
                ended.set()

        monkeypatch.setattr(Ticks, "look", look)
        ticks = ticks_of(workspace)
        scheduler = ticks.schedule()
        scheduler.start()
        scheduler.modify_job("look", next_run_time=datetime.now(UTC))
        async with asyncio.timeout(30):
            await begun.wait()

        await ticks.stop()

        assert ended.is_set()
        assert not scheduler.running
        assert [one.message for one in caplog.records if one.levelno >= logging.ERROR] == []
