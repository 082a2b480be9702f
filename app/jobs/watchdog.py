"""The watchdog: notices mailboxes nobody has looked at, and those that somebody must sign in for.

A folder that is gone or does not open any more is noticed by itself, while others go on.

It runs beside the worker's own loop and trusts nothing of it, only the rows: a worker whose tenders
hang, or another one that died, is noticed by every watchdog that is left. The rows also decide what
each may do, so that any number of them raises one alarm, tells each admin once, and says once that
it is over. Where the workspace has a channel for alarms, one card stands there too (`ops_card`).
When no worker is left at all, `/readyz` of the web process still says so.

An account that is paused gives no alarm: somebody wants nobody to look at it. One that is raised
when it is paused is over, and says why.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.accounts.grants import reconnect_path
from app.core.clock import Clock
from app.core.ids import AccountId, ChannelId, SlackUserId, WorkspaceId
from app.core.logging import get_logger
from app.feed.port import ContentRefused, NotReached, OutcomeUnknown, SlackFeeds, SlackRefused
from app.jobs.admins import admins_of
from app.jobs.ops_card import end_card, post_card
from app.store.models import Alarm, AlarmKind, PostKind
from app.store.new import NewPost
from app.store.notify import NotificationHub, Topic
from app.store.repositories.silence import SilentAccount
from app.store.unit_of_work import Store, UnitOfWork

LOOK_SECONDS: Final = 15.0
_TROUBLE: Final = (DBAPIError, PoolTimeout, OSError)
log = get_logger(__name__)


class Watchdog:
    """`admins` are told of alarms by a direct message, beside those by role.

    `base_url` is where they reach us.
    """

    def __init__(
        self,
        store: Store,
        slack: SlackFeeds,
        clock: Clock,
        admins: Sequence[SlackUserId],
        base_url: str = "",
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._store = store
        self._clock = clock
        self._slack = slack
        self._admins = admins

    async def run(self, hub: NotificationHub) -> None:
        """Watch until cancelled."""
        with hub.waker(Topic.ALARMS) as waker:
            while True:
                try:
                    await self.look()
                except _TROUBLE as error:
                    log.warning("watchdog.database", error=str(error))
                await waker.wait(LOOK_SECONDS)

    async def look(self) -> None:
        """Raise and resolve what is due, and tell whoever has not been told."""
        async with self._store.asking_all_workspaces() as fleet:
            workspaces = await fleet.workspaces()
            silent = await fleet.silent_accounts()
            shut = await fleet.grants.locked_out()
        for workspace_id in workspaces:
            theirs = [one for one in silent if one.workspace_id == workspace_id]
            ids = [one.account_id for one in shut if one.workspace_id == workspace_id]
            untold = await self._raise_and_resolve(workspace_id, theirs, ids)
            if untold:
                await self._tell(workspace_id, untold)

    async def _raise_and_resolve(
        self,
        workspace_id: WorkspaceId,
        silent: Sequence[SilentAccount],
        locked_out: Sequence[AccountId],
    ) -> Sequence[Alarm]:
        """Those that somebody has to be told of."""
        async with self._store.begin(workspace_id) as uow:
            for account_id in locked_out:
                now = self._clock.now()
                if await uow.alarms.raise_(account_id, [], now, AlarmKind.SIGN_IN):
                    log.error("mailbox.locked_out", account=str(account_id))
                    uow.emit("mailbox.locked_out", account_id=account_id)
            still = {(account_id, "") for account_id in locked_out}
            for one in silent:
                still |= await self._raise(uow, one)
            for alarm in await uow.alarms.open(but_for=still):
                if not await uow.alarms.resolve(alarm.id):
                    continue
                if (await uow.accounts.get(alarm.account_id)).paused_at is not None:
                    log.info("mailbox.let_be", account=str(alarm.account_id))
                    continue
                log.info("mailbox.recovered", account=str(alarm.account_id))
                uow.emit("mailbox.recovered", account_id=alarm.account_id)
            await uow.session.flush()
            return await uow.alarms.untold()

    async def _raise(self, uow: UnitOfWork, one: SilentAccount) -> set[tuple[AccountId, str]]:
        """Answers what there is an alarm about: the account, or a folder of it.

        Each has one of its own, for a folder may stay shut until somebody takes it off the list.
        """
        silent: dict[str, tuple[AlarmKind, Sequence[str], datetime]] = {
            shut.name: (AlarmKind.SHUT, [shut.name], shut.since) for shut in one.shut
        }
        if one.silent_since is not None:
            silent[""] = AlarmKind.SILENT, one.folders, one.silent_since
        for folder, (kind, folders, since) in silent.items():
            if await uow.alarms.raise_(one.account_id, folders, since, kind, folder=folder):
                log.error("mailbox.silent", account=str(one.account_id), folders=folders)
                uow.emit(
                    "mailbox.silent",
                    account_id=one.account_id,
                    folders=folders,
                    since=since.isoformat(),
                )
        return {(one.account_id, folder) for folder in silent}

    async def _tell(self, workspace_id: WorkspaceId, untold: Sequence[Alarm]) -> None:
        channels = await self._direct_channels(workspace_id)
        if channels is None:
            return
        for alarm in untold:
            await self._leave_posts(workspace_id, alarm, channels)

    async def _direct_channels(self, workspace_id: WorkspaceId) -> list[ChannelId] | None:
        """Where each admin is told; None where Slack is to be asked again later."""
        async with self._store.begin(workspace_id) as uow:
            admins = await admins_of(uow, self._admins)
        if not admins:
            return []
        channels: list[ChannelId] = []
        try:
            async with self._slack.of(workspace_id) as slack:
                for user in admins:
                    try:
                        channels.append(await slack.open_direct(user))
                    except ContentRefused as refused:  # there is no such person
                        log.warning("watchdog.admin_refused", user=user, code=refused.code)
        except SlackRefused as refused:
            log.warning("watchdog.slack_refused", code=refused.code)
            return None
        except (NotReached, OutcomeUnknown) as error:
            log.warning("watchdog.slack_not_reached", error=str(error))
            return None
        return channels

    async def _leave_posts(
        self, workspace_id: WorkspaceId, untold: Alarm, channels: Sequence[ChannelId]
    ) -> None:
        async with self._store.begin(workspace_id) as uow:
            alarm = await uow.alarms.lock(untold.id)
            if alarm is None:
                return
            link = await self._link(uow, alarm)
            kinds: list[PostKind] = []
            now = self._clock.now()
            if alarm.told_at is None:
                alarm.told_at = now
                kinds.append(PostKind.ALARM)
                await post_card(uow, alarm, link)
            if alarm.resolved_at is not None and alarm.resolution_told_at is None:
                alarm.resolution_told_at = now
                kinds.append(PostKind.ALARM_OVER)
                await end_card(uow, alarm)
            for channel in channels:
                await uow.posts.add_all([
                    NewPost(
                        workspace_id=workspace_id,
                        channel_id=channel,
                        kind=kind,
                        payload={"alarm_id": str(alarm.id), **link},
                    )
                    for kind in kinds
                ])  # fmt: skip
                if kinds:
                    uow.feed_is_due(channel)

    async def _link(self, uow: UnitOfWork, alarm: Alarm) -> dict[str, str]:
        """Where somebody signs in again, if that is what it takes."""
        if alarm.kind is not AlarmKind.SIGN_IN:
            return {}
        account = await uow.accounts.get(alarm.account_id)
        if account.grant_id is None:
            return {}
        grant = await uow.grants.get(account.grant_id)
        return {"link": self._base_url + reconnect_path(grant.provider, account.id)}
