"""The worker: one process that tends accounts and runs jobs, beside any number of others.

    start ──▶ epoch: hold the lock connection ──▶ claim accounts, run jobs, tick ──▶ stop
                ▲                                     │
                └──── the lock connection was lost ◀──┘

Every two seconds it asks the lock connection whether it is still there, which is also its sign of
life to others: a worker that gives none for twenty seconds loses its connections, and so its locks.
Everything this process believes to own hangs on one connection to Postgres, its presence. When that
is lost, other workers may take over at once, so all of it is ended and begun anew: an epoch.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition, Notification
from procrastinate.worker import Worker as QueueWorker
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.accounts.tokens import GrantTokens
from app.container import Container
from app.core.logging import get_logger
from app.feed.context import Feeding
from app.jobs import channels, marking, ruling, webhooks
from app.jobs.context import Tending
from app.jobs.ownership import Ownership
from app.jobs.scheduler import Ticks
from app.jobs.tasks import register
from app.jobs.trying import Trying, register_trials
from app.jobs.watchdog import Watchdog
from app.sending.context import Sending
from app.store.notify import Topic
from app.store.presence import Presence, PresenceLost
from app.store.queue import FEED_QUEUE, RULES_QUEUE, SENDING_QUEUE, TRIAL_QUEUE, WEBHOOK_QUEUE
from app.webhooks.deliver import Delivering

_CLAIM_SECONDS: Final = 2.0
_CLAIM_ON_SECONDS: Final = 0.2
_BEAT_SECONDS: Final = 2.0
_AGAIN_SECONDS: Final = 1.0
_JOBS_AT_ONCE: Final = 20
_POLL_JOBS_SECONDS: Final = 2.0
"""New jobs are told of; this is for those that were left for later, or put back."""
_STOP_SECONDS: Final = 12
_DATABASE_TROUBLE: Final = (
    PresenceLost,
    DBAPIError,
    PoolTimeout,
    psycopg.Error,
    ConnectorException,
    OSError,
)
log = get_logger(__name__)


class Worker:
    def __init__(
        self,
        container: Container,
        tending: Tending,
        feeding: Feeding,
        sending: Sending,
        delivering: Delivering,
        tokens: GrantTokens,
        trying: Trying,
    ) -> None:
        self._container = container
        self._tending = tending
        self._tokens = tokens
        self._queue = container.queue
        register(self._queue, feeding, sending)
        ruling.register(self._queue, container)
        marking.register(self._queue, container.store)
        channels.register(self._queue, feeding, container.settings.admins)
        webhooks.register(self._queue, delivering)
        register_trials(self._queue, trying)
        self._watchdog = Watchdog(
            container.store,
            feeding.slack,
            container.clock,
            container.settings.admins,
            container.settings.base_url,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; whatever is held is finished or handed back."""
        watching = asyncio.create_task(self._watchdog.run(self._container.hub), name="watchdog")
        try:
            while not stop.is_set():
                try:
                    await self._epoch(stop)
                except _DATABASE_TROUBLE as error:
                    log.warning("worker.database", error=str(error))
                    await _wait(stop, _AGAIN_SECONDS)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _epoch(self, stop: asyncio.Event) -> None:
        async with contextlib.AsyncExitStack() as stack:
            presence = await stack.enter_async_context(Presence(self._container.url))
            heart = await stack.enter_async_context(
                _beating(presence, min(_BEAT_SECONDS, self._tending.worker_silent_seconds / 4))
            )
            ownership = Ownership(self._tending, presence)
            stack.push_async_callback(ownership.stop)
            jobs = await stack.enter_async_context(_running(self._queue, presence))
            ticks = Ticks(
                self._container.store,
                self._queue,
                ownership,
                self._container.clock,
                self._tokens,
                self._container.blobs,
            )
            ticks.schedule().start()
            stack.push_async_callback(ticks.stop)
            await self._claim_until(stop, ownership, jobs, heart)

    async def _claim_until(
        self,
        stop: asyncio.Event,
        ownership: Ownership,
        jobs: "_Jobs",
        heart: asyncio.Task[None],
    ) -> None:
        is_told = True
        with self._container.hub.waker(Topic.ACCOUNTS) as waker:
            heart.add_done_callback(lambda _: waker.wake())
            stopping = asyncio.create_task(_wake_when(stop, waker.wake), name="stop")
            try:
                while not stop.is_set():
                    jobs.check()
                    if heart.done():
                        heart.result()
                    has_more = await ownership.claim(is_told=is_told)
                    is_told = await waker.wait(_CLAIM_ON_SECONDS if has_more else _CLAIM_SECONDS)
            finally:
                stopping.cancel()


@contextlib.asynccontextmanager
async def _beating(presence: Presence, seconds: float) -> AsyncIterator[asyncio.Task[None]]:
    """Give a sign of life again and again; the task ends with `PresenceLost`.

    Whatever else was asked just now is one.
    """

    async def beat() -> None:
        while True:
            if presence.quiet_seconds > seconds / 2:
                await presence.check()
            await asyncio.sleep(seconds)

    task = asyncio.create_task(beat(), name="heart")
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class _ShownWorker(QueueWorker):
    """Takes no job before it shows that it lives: others would take the job for a dead one's.

    And it looks again where it was told of a job while it looked: procrastinate's own forgets that
    it was told, and finds the job two seconds later.
    """

    presence: Presence
    _times_told = 0

    async def _handle_notification(self, *, channel: str, notification: Notification) -> None:
        self._times_told += 1
        await super()._handle_notification(channel=channel, notification=notification)

    async def _fetch_and_process_jobs(self) -> None:
        before = None
        while before != self._times_told and not self._stop_event.is_set():
            before = self._times_told
            await super()._fetch_and_process_jobs()  # type: ignore[no-untyped-call]

    async def _run_loop(self) -> None:
        assert self.worker_id is not None
        await self.presence.show_worker(self.worker_id)
        await super()._run_loop()  # type: ignore[no-untyped-call]


class _Jobs:
    """The queue's own worker, running beside us."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def check(self) -> None:
        """Raise what it died of."""
        if self._task.done():
            self._task.result()
            raise ConnectorException("the queue's worker ended")


@contextlib.asynccontextmanager
async def _running(queue: procrastinate.App, presence: Presence) -> AsyncIterator[_Jobs]:
    async with queue.open_async():
        worker = _ShownWorker(
            queue,
            queues=[FEED_QUEUE, SENDING_QUEUE, TRIAL_QUEUE, WEBHOOK_QUEUE, RULES_QUEUE],
            concurrency=_JOBS_AT_ONCE,
            fetch_job_polling_interval=_POLL_JOBS_SECONDS,
            shutdown_graceful_timeout=_STOP_SECONDS,
            delete_jobs=DeleteJobCondition.SUCCESSFUL,
            install_signal_handlers=False,
        )
        worker.presence = presence
        task = asyncio.create_task(worker.run(), name="jobs")  # type: ignore[no-untyped-call]
        try:
            yield _Jobs(task)
        finally:
            worker.stop()  # type: ignore[no-untyped-call]
            await asyncio.gather(task, return_exceptions=True)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def _wake_when(stop: asyncio.Event, wake: Callable[[], None]) -> None:
    await stop.wait()
    wake()
