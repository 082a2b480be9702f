"""A worker of the queue shows that it lives, or others put its jobs back."""

import asyncio
from typing import Any

import pytest
from procrastinate.jobs import Job

from app.jobs import worker
from app.jobs.worker import _running
from app.store.presence import Presence
from app.store.queue import FEED_QUEUE, open_queue
from tests.fixtures.database import Workspace


class TestAJob:
    async def test_is_taken_only_once_its_worker_shows_that_it_lives(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        queue, order, done = open_queue(workspace.url), list[str](), asyncio.Event()
        show = Presence.show_worker

        async def note_and_show(presence: Presence, worker_id: int) -> None:
            await show(presence, worker_id)
            order.append("shown")

        @queue.task(name="tests.note", queue=FEED_QUEUE)
        async def note() -> None:
            order.append("job")
            done.set()

        monkeypatch.setattr(Presence, "show_worker", note_and_show)
        async with Presence(workspace.url) as presence, _running(queue, presence):
            await note.defer_async()
            async with asyncio.timeout(60):
                await done.wait()

        assert order == ["shown", "job"]

    async def test_that_is_told_of_during_a_look_is_taken_by_the_next(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        queue, told, done = open_queue(workspace.url), asyncio.Event(), asyncio.Event()
        look, hear = queue.job_manager.fetch_job, worker._ShownWorker._handle_notification

        @queue.task(name="tests.note", queue=FEED_QUEUE)
        async def note() -> None:
            done.set()

        async def look_and_be_told(**values: Any) -> Job | None:
            found = await look(**values)
            while found is None and not told.is_set():
                await note.defer_async()
                await asyncio.wait([asyncio.ensure_future(told.wait())], timeout=0.1)
            return found

        async def note_told(self: Any, **values: Any) -> None:
            await hear(self, **values)
            told.set()

        monkeypatch.setattr(worker, "_POLL_JOBS_SECONDS", 3600.0)
        monkeypatch.setattr(worker._ShownWorker, "_handle_notification", note_told)
        monkeypatch.setattr(queue.job_manager, "fetch_job", look_and_be_told)
        async with Presence(workspace.url) as presence, _running(queue, presence):
            async with asyncio.timeout(60):
                await done.wait()
