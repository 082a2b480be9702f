"""The clock: APScheduler ticks, and each tick looks at what is due.

What is due lives in rows; nothing is lost if a tick is late or left out. Mostly nothing is due, so
one statement asks for everything at once (`Fleet.due`), and only what it names is looked into.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import procrastinate
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from procrastinate.jobs import Status

from app.accounts.tokens import RENEW_BEFORE, GrantTokens
from app.commands.follow_up import follow_up_due
from app.commands.remind import remind
from app.commands.snooze import wake_due
from app.commands.summary import summaries_due
from app.core.clock import Clock
from app.core.ids import ConversationId, TeammateId, WorkspaceId
from app.core.logging import get_logger
from app.jobs.indexing import index_mails
from app.jobs.ownership import Ownership
from app.jobs.sweeping import sweep
from app.store.blobs import Blobs
from app.store.queue import deliver_webhook, drain_channel, drain_outgoing, look_at_channel
from app.store.repositories.due import Tended
from app.store.repositories.grants import GrantRef
from app.store.unit_of_work import Store, UnitOfWork
from app.team.erase import finish_erasures
from app.webhooks.retry import LONGEST_WAIT

_LOOK_SECONDS: Final = 2
_STOP_SECONDS: Final = 5
_SHORTEST_WAIT: Final = timedelta(hours=1)
"""Nobody is reminded of what has stood still for less."""
_KEEP_REQUESTS: Final = timedelta(hours=24)
_KEEP_ANSWERS: Final = timedelta(hours=24)
_KEEP_DELIVERIES: Final = timedelta(days=7)
_RENEWED_AT_ONCE: Final = 4
_KEEP_SIGN_INS: Final = timedelta(days=7)
_KEEP_APPLICATIONS: Final = timedelta(days=365)
_Id = TypeVar("_Id", ConversationId, TeammateId)
log = get_logger(__name__)


class Ticks:
    """What is looked at, and how often (in seconds)."""

    def __init__(
        self,
        store: Store,
        queue: procrastinate.App,
        ownership: Ownership,
        clock: Clock,
        tokens: GrantTokens,
        blobs: Blobs,
    ) -> None:
        self._store = store
        self._clock = clock
        self._queue = queue
        self._ownership = ownership
        self._tokens = tokens
        self._blobs = blobs
        self._scheduler: AsyncIOScheduler | None = None
        self._is_indexing = False
        self._running: set[asyncio.Task[object]] = set()
        self._is_stopping = False

    def schedule(self) -> AsyncIOScheduler:
        scheduler = AsyncIOScheduler(
            timezone="UTC",
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        ticks: tuple[tuple[Callable[[], Awaitable[None]], float], ...] = (
            (self.look, _LOOK_SECONDS),
            (self.sweep_feed, 10),
            (self.note_checks, 15),
            (self.renew_tokens, 20),
            (self.wake_unheard, 30),
            (self.remind, 60),
            (self.look_at_closed_channels, 600),
            (self.sweep_blobs, 600),
            (self.finish_erasures, 600),
            (self.look_at_channels, 6 * 3600),
            (self.forget_old, 3600),
        )
        for tick, seconds in ticks:
            scheduler.add_job(
                self._run, "interval", [tick], seconds=seconds, id=tick.__name__, name=tick.__name__
            )
        self._scheduler = scheduler
        return scheduler

    async def stop(self) -> None:
        """No more ticks; those under way are broken off, and have time to end.

        APScheduler only asks them to: they would still hold the database while it is closed.
        """
        if self._scheduler is not None:
            self._is_stopping = True
            self._scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # it does so in the next turn of the loop
            if self._running:
                await asyncio.wait(self._running, timeout=_STOP_SECONDS)

    async def _run(self, tick: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            await tick()
        except asyncio.CancelledError:
            if not self._is_stopping:  # else it is no failure, which APScheduler would report it as
                raise
        finally:
            self._running.discard(task)

    async def look(self) -> None:
        """Do what is due by now, and be there again when the next mail is to be sent."""
        async with self._store.asking_all_workspaces() as fleet:
            due = await fleet.due(self._clock.now())
        if due.mail_at is not None:
            self._look_again_in((due.mail_at - due.now).total_seconds())
        if due.has_mail:
            await self.send_what_is_due()
        if due.has_sleepers:
            await self.wake_sleepers()
        if due.has_follow_ups:
            await self.follow_up()
        if due.has_summaries:
            await self.summarise()
        if due.has_idle_writers:
            await self.let_writers_go()
        if due.has_webhooks:
            await self.deliver_webhooks()
        if due.has_mails_to_index:
            self._index_at_once()
        if due.has_running_jobs:
            await self.revive_stalled_jobs()

    def _look_again_in(self, seconds: float) -> None:
        """Not to keep a mail waiting for the next tick once its undo window is over."""
        if 0 < seconds < _LOOK_SECONDS and self._scheduler is not None:
            at = datetime.now(UTC) + timedelta(seconds=seconds)
            self._scheduler.add_job(
                self._run,
                "date",
                [self.send_what_is_due],
                run_date=at,
                id="mail",
                replace_existing=True,
            )

    def _index_at_once(self) -> None:
        """Beside the other ticks, which are not to wait for it; once at a time."""
        if self._scheduler is not None and not self._is_indexing:
            self._is_indexing = True
            self._scheduler.add_job(self._run, "date", [self.index_mails])

    async def index_mails(self) -> None:
        """Have search find the mails that came in many at a time."""
        try:
            await index_mails(self._store)
        finally:
            self._is_indexing = False

    async def wake_unheard(self) -> None:
        """Wake the accounts that somebody asked something of, and whose notice was lost."""
        tended = {one.ref.account_id: one for one in self._ownership.tenders if one.is_serving}
        async with self._store.asking_all_workspaces() as fleet:
            ids = await fleet.unheard([
                Tended(one.ref.workspace_id, one.ref.account_id, one.revision)
                for one in tended.values()
            ])  # fmt: skip
        for id_ in ids:
            tended[id_].wake()

    async def note_checks(self) -> None:
        """Write down when folders were last looked at."""
        checks = [check for tender in self._ownership.tenders for check in tender.take_checks()]
        async with self._store.asking_all_workspaces() as fleet:
            await fleet.note_checks(checks)

    async def sweep_feed(self) -> None:
        """See that every channel with something to show has a job: the net below the wire."""
        async with self._store.asking_all_workspaces() as fleet:
            channels = await fleet.channels_with_work()
        for workspace_id, channel_id in channels:
            async with self._store.begin(workspace_id) as uow:
                uow.leave(drain_channel(workspace_id, channel_id, hurries=False))

    async def look_at_closed_channels(self) -> None:
        """Ask Slack whether they can be posted in again, should it not have told us."""
        await self.look_at_channels(only_closed=True)

    async def look_at_channels(self, *, only_closed: bool = False) -> None:
        """Ask Slack what they are now, should it not have told us."""
        async with self._store.across_workspaces() as fleet:
            found = await fleet.channels_to_look_at(only_closed=only_closed)
        for workspace_id, channel_id in found:
            async with self._store.begin(workspace_id) as uow:
                uow.leave(look_at_channel(workspace_id, channel_id))

    async def send_what_is_due(self) -> None:
        """See that every account with mail to send has a job, now that its time has come."""
        async with self._store.across_workspaces() as fleet:
            accounts = await fleet.accounts_with_mail_due()
        for ref in accounts:
            async with self._store.begin(ref.workspace_id) as uow:
                uow.leave(drain_outgoing(ref.workspace_id, ref.account_id))

    async def deliver_webhooks(self) -> None:
        """See that every webhook with events it has not had has a job."""
        async with self._store.across_workspaces() as fleet:
            due = await fleet.webhooks.due(self._clock.now(), LONGEST_WAIT)
        for workspace_id, webhook_id in due:
            async with self._store.begin(workspace_id) as uow:
                uow.leave(deliver_webhook(workspace_id, webhook_id))

    async def wake_sleepers(self) -> None:
        """Wake the conversations that were snoozed until now."""
        now = self._clock.now()
        async with self._store.across_workspaces() as fleet:
            due = await fleet.sleepers_due(now)
        await self._in_each(due, partial(wake_due, now=now))

    async def follow_up(self) -> None:
        """Tell of the answers that have not come in time."""
        now = self._clock.now()
        async with self._store.across_workspaces() as fleet:
            due = await fleet.follow_ups_due(now)
        await self._in_each(due, partial(follow_up_due, now=now))

    async def summarise(self) -> None:
        """See that everybody whose working day has begun gets the summary they asked for."""
        now = self._clock.now()
        async with self._store.across_workspaces() as fleet:
            due = await fleet.summaries_due(now)
        await self._in_each(due, partial(summaries_due, now=now))

    async def remind(self) -> None:
        """Remind of what has stood still for as long as the settings say."""
        now = self._clock.now()
        async with self._store.asking_all_workspaces() as fleet:
            workspaces = await fleet.workspaces_to_remind(now - _SHORTEST_WAIT)
        for workspace_id in workspaces:
            async with self._store.begin(workspace_id) as uow:
                await remind(uow, now=now)

    async def let_writers_go(self) -> None:
        """Nobody is writing any more whose window was left open, or died: the cards say so."""
        async with self._store.across_workspaces() as fleet:
            workspaces = await fleet.workspaces_with_idle_writers()
        for workspace_id in workspaces:
            async with self._store.begin(workspace_id) as uow:
                await uow.cards_are_stale(await uow.drafts.let_expired_go())

    async def renew_tokens(self) -> None:
        """Fetch new access tokens before the present ones end."""
        async with self._store.asking_all_workspaces() as fleet:
            due = await fleet.grants.due(within=RENEW_BEFORE)
        at_once = asyncio.Semaphore(_RENEWED_AT_ONCE)

        async def renew(ref: GrantRef) -> None:
            async with at_once:
                await self._tokens.renew(ref.workspace_id, ref.grant_id)

        await asyncio.gather(*(renew(ref) for ref in due))

    async def revive_stalled_jobs(self) -> None:
        """Put back what a dead worker was doing."""
        async with self._store.across_workspaces() as fleet:
            stalled = await fleet.stalled_jobs()
        manager = self._queue.job_manager
        for job in stalled:
            log.warning("job.revived", job=job.job_id, superseded=job.superseded)
            if job.superseded:
                await manager.finish_job_by_id_async(
                    job_id=job.job_id, status=Status.FAILED, delete_job=True
                )
            else:
                await manager.retry_job_by_id_async(job_id=job.job_id, retry_at=self._clock.now())

    async def _in_each(
        self,
        due: Mapping[WorkspaceId, Sequence[_Id]],
        do: Callable[[UnitOfWork, Sequence[_Id]], Awaitable[object]],
    ) -> None:
        for workspace_id, ids in due.items():
            async with self._store.begin(workspace_id) as uow:
                await do(uow, ids)

    async def sweep_blobs(self) -> None:
        """Delete the bytes of accounts that were removed."""
        await sweep(self._store, self._blobs)

    async def finish_erasures(self) -> None:
        """Take the last of workspaces that somebody erased, and all that was broken off."""
        await finish_erasures(self._store)

    async def forget_old(self) -> None:
        async with self._store.across_workspaces() as fleet:
            await fleet.go_on_after_restore()
            await fleet.forget_old(requests=_KEEP_REQUESTS, answers=_KEEP_ANSWERS)
            await fleet.webhooks.forget_deliveries(self._clock.now() - _KEEP_DELIVERIES)
            await fleet.door.forget_old(self._clock.now() - _KEEP_SIGN_INS)
            await fleet.homes.forget(opened_before=self._clock.now() - _KEEP_REQUESTS)
            await fleet.forget_applications(self._clock.now() - _KEEP_APPLICATIONS)
