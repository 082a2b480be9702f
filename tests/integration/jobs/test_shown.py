"""A worker of the queue shows that it lives, or others put its jobs back."""

import asyncio

import pytest

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
