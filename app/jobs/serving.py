"""One connection to one account's server, for as long as it lasts: the only one.

Providers count connections, and a shared mailbox has many other clients. So IDLE and all the work
share one: whatever there is to do ends IDLE, is done, and IDLE begins anew.

Wishes come first, for somebody waits for them; then new mail; then a portion of history. When
nothing is left the connection waits in IDLE, where a new mail, a new wish or the clock wakes it.
After every IDLE it looks again before it waits again: a notice that came while we were leaving
IDLE is one that nobody sees.

    wait ──▶ somebody asked, the server spoke, or it is time for more ──▶ round: everything
     ▲  └──▶ only the clock ──▶ glance: are the folders as we left them? ──▶ else round
     └───────────────────────────────────────────────────────────────────────────────┘

Nearly every wait ends by the clock with nothing to do. A glance then costs a round trip a folder,
and one for the list of folders now and then; the database hears nothing of it. When a glance is due
is known to the wait itself, so that nobody has to walk over all accounts to find out.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.commands.claim import Executing
from app.commands.execute import run_due
from app.core.ids import MailboxId
from app.core.memory import only_one
from app.jobs.context import Tending
from app.jobs.importing import Importing
from app.jobs.trust import TIMES, Trust
from app.mailbox.dialling import DialRate
from app.mailbox.errors import CommandRefused, FolderMissing
from app.mailbox.port import Folder, MailSession, Selected
from app.store.notify import Waker
from app.store.repositories.commands import LONGEST_WAIT
from app.store.repositories.fleet import Check
from app.sync.folders import note_folders, park, unpark
from app.sync.poll import catch_up
from app.sync.port import Syncing
from app.sync.reconcile import Reconciler
from app.sync.unstable import FolderUnstable

_LIST_AGAIN: Final = timedelta(minutes=5)
"""How often the folder list is read anew, to notice folders that were made or removed."""
AT_A_GLANCE: Final = 20
"""So many folders are asked about in one go: the time limit is for all of them, and a wish may come
between two glances."""
WISHES_AT_ONCE: Final = 50
"""So many are carried out before new mail is looked for: a script may have left thousands."""
_NOT_TOO_SOON: Final = 0.01
"""Seconds by which a wait is longer than to the moment it waits for: timers may be early."""
_AT_ONCE: Final = timedelta(0)
_CALLS_A_SECOND: Final = 2
"""So often a server may have us look, in the long run. Each time we take in all there is; one that
never stops calling would keep a processor and the database busy."""
_LONGEST_PARK: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Parked:
    """A folder that the server lists and does not open: when it is tried again."""

    until: datetime
    wait: timedelta


class Reconnect(Exception):
    """The account was changed: what it says now takes a new connection."""


class Serving:
    """`on_live` is called after every round in which every watched folder was looked at."""

    def __init__(
        self,
        tending: Tending,
        syncing: Syncing,
        executing: Executing,
        session: MailSession,
        waker: Waker,
        revision: int,
        on_live: Callable[[], Awaitable[None]],
        *,
        host: str = "",
    ) -> None:
        self._on = tending
        self._syncing = syncing
        self._executing = executing
        self._session = session
        self._waker = waker
        self._revision = revision
        self._importing = Importing(tending, syncing, session)
        self._on_live = on_live
        self._folders: list[MailboxId] = []
        self._trust = Trust(tending.proofs, host, syncing, session)
        self._listed: frozenset[Folder] = frozenset()
        """What the server's list said when it was last written down."""
        self._listed_at: datetime | None = None
        self._old_at = tending.clock.now() + _life(tending.reconnect_after_seconds)
        self._parked: dict[MailboxId, _Parked] = {}
        self._reconciler = Reconciler(self._syncing, session)
        self._is_reconciling = False
        self._idle_in: str | None = None
        self._settled: dict[MailboxId, Selected] = {}
        """What the server said of folders in which nothing was left to do."""
        self.brought_in = 0
        """Mails that were brought in by looks, since the connection was made."""
        self._has_more = False
        self._has_wishes = False
        """Whether more of them may be due."""
        self._has_news = True
        self._has_only_spoken = False
        """Whether the server ended the wait, and nobody asked for anything."""
        self._has_changed = False
        """Whether a glance has just found the first folder changed: a look must ask anew."""
        self._retry_at: datetime | None = None
        """When the first wish that waits for another attempt is due."""
        self._reconcile_at: datetime | None = None
        """When the first folder is to be reconciled, where that is known."""
        self._has_import = False
        """Whether history was asked for when that was looked at last."""
        self._checks: dict[MailboxId, Check] = {}
        """When each folder was last looked at."""
        self._unwritten: dict[MailboxId, Check] = {}
        self._calls = DialRate(_CALLS_A_SECOND, sleep=waker.wait, chance=lambda: 0.5)

    async def turn(self) -> bool:
        """Do what there is to do; answers whether there is more of it at once.

        Raises `MailServerError`, `OwnershipLost`, and `Reconnect`.
        """
        if self._may_glance() and await self._glance():
            return False
        await self.round()
        if self._has_import or self._importing.waits_for() is not None:
            return await self.import_history() or self._has_more
        return self._has_more

    async def round(self) -> None:
        """Do everything there is to do, once. Raises as `turn`.

        Where only the server spoke, the way of its mail begins with the mail: who asks for
        something wakes us, and each write proves that the account still is ours.
        """
        if not self._has_only_spoken or self._retry_at is not None:
            await self._do_what_was_asked()
        self._has_only_spoken = False
        await self._read_folders()
        await self._trust.hear_of(self._usable()[1:])
        await self._look_at_all()
        self._trust.is_judged = False
        await self._on_live()
        async with self._on.store.without_transaction(self._syncing.workspace_id) as uow:
            agenda = await uow.agendas.of(self._syncing.account_id, self._on.clock.now())
        self._has_import, self._retry_at = agenda.has_import, agenda.retry_at
        self._reconcile_at = agenda.reconcile_at

    async def _do_what_was_asked(self) -> None:
        async with self._on.store.without_transaction(self._syncing.workspace_id) as uow:
            account = await uow.accounts.still_tended(self._syncing.account_id, self._syncing.fence)
            wish = await uow.commands.next_due(account.id, self._on.clock.now())
        if account.revision != self._revision:
            raise Reconnect
        count = 0
        if wish is not None:
            count = await run_due(self._executing, self._session, most=WISHES_AT_ONCE)
        self._has_wishes = count == WISHES_AT_ONCE

    async def import_history(self) -> bool:
        """Bring in a portion of history; answers whether the next may follow at once."""
        return await self._importing.step(self._usable())

    async def wait(self) -> None:
        """Wait until there may be something to do, in the first folder.

        Not where there is more to do already, nor where other work has left another folder open.
        """
        if self._is_reconciling or self._session.open_folder != self._idle_in:
            return
        has_spoken = await self._session.idle(self._waker, self.longest_wait())
        if has_spoken and not self._waker.has_news:
            await self._calls.turn()
        is_asked = self._waker.take_news()
        self._has_news = is_asked or has_spoken
        self._has_only_spoken = has_spoken and not is_asked
        self._trust.is_judged = not is_asked

    def take_checks(self) -> Sequence[Check]:
        """The looks that are not written down yet, the latest of each folder."""
        taken, self._unwritten = self._unwritten, {}
        return tuple(taken.values())

    def _may_glance(self) -> bool:
        """Whether nobody asks for more than what the clock asks for."""
        now, usable = self._on.clock.now(), self._usable()
        return bool(usable) and not (
            self._has_news
            or self._is_reconciling
            or self._listed_at is None
            or self._listed_at > now
            or self._importing.waits_for() is not None
            or (self._retry_at is not None and not now < self._retry_at <= now + LONGEST_WAIT)
            or (self._reconcile_at is not None and self._reconcile_at <= now)
            or any(folder not in self._settled for folder in usable)
        )

    async def _glance(self) -> bool:
        """Whether every folder still is as we left it; the first one stays open."""
        first, *others = self._usable()
        due = [folder for folder in others if self._is_due(folder, soon=True)][:AT_A_GLANCE]
        try:
            if not await self._are_folders_the_same():
                return False
            same = await self._session.unchanged(
                [self._settled[folder] for folder in due], self._settled[first]
            )
        except CommandRefused:
            return False
        for folder in [*due, first][:same]:
            self._note_check(folder)
        self._has_changed = same == len(due)
        return same > len(due) and self._session.open_folder == self._idle_in

    async def _are_folders_the_same(self) -> bool:
        """Whether the list of folders still says what it said; where it is time to ask."""
        now = self._on.clock.now()
        if self._lists_folders(now):
            if frozenset(await self._session.folders()) != self._listed:
                return False
            self._listed_at = now
        return True

    def longest_wait(self) -> float:
        """How many seconds to wait, at the most: until the first thing is due that we know of."""
        now = self._on.clock.now()
        moments = [self._old_at, *(self._due_at(folder, now) for folder in self._folders)]
        if (pause := self._importing.waits_for()) is not None:
            moments.append(now + pause)
        if self._retry_at is not None:
            moments.append(self._retry_at)
        return min(
            self._renewal_seconds, max((min(moments) - now).total_seconds(), 0) + _NOT_TOO_SOON
        )

    async def _read_folders(self) -> None:
        now = self._on.clock.now()
        if not self._lists_folders(now):
            return
        listed = await self._session.folders()
        self._folders = await note_folders(self._syncing, self._session, listed)
        size = sum(len(one.name) for one in listed)
        self._listed = only_one(frozenset(listed), size=size)
        self._listed_at = now
        async with self._on.store.without_transaction(self._syncing.workspace_id) as uow:
            rows = await uow.mailboxes.of_account(self._syncing.account_id)
        self._trust.recall([row for row in rows if row.id in self._folders])
        if not self._folders:
            raise FolderMissing(
                "None of the folders that are to be watched is on the server.",
                fix="Check the folders of this account.",
            )

    def _lists_folders(self, now: datetime) -> bool:
        """Whether it is time to read the list of folders; or the clock was set back meanwhile."""
        if not self._folders or self._listed_at is None:
            return True
        return not timedelta(0) <= now - self._listed_at < _LIST_AGAIN

    def is_old(self) -> bool:
        """Whether the connection has lived so long that a new one is to be made.

        A connection that looks well may be a dead one; and what no test can show in a server or a
        router after weeks of one connection never gets the time to appear.
        """
        return self._on.clock.now() >= self._old_at

    def _is_due(self, folder: MailboxId, *, soon: bool = False) -> bool:
        """Whether its time has come; or will `soon`, where we are asking already.

        So folders are asked about together, though they were first looked at one by one.
        """
        now = self._on.clock.now()
        return self._due_at(folder, now) <= now + (self._pause(folder) / 2 if soon else _AT_ONCE)

    def _due_at(self, folder: MailboxId, now: datetime) -> datetime:
        """When to look at it next; now, where the clock was set back since the last look."""
        if (parked := self._parked.get(folder)) is not None and parked.until > now:
            return parked.until
        check = self._checks.get(folder)
        return now if check is None or check.checked_at > now else check.next_poll_at

    @property
    def _renewal_seconds(self) -> float:
        longest = self._session.provider.facts.longest_idle
        return min(self._on.idle_renew_seconds, longest.total_seconds())

    @property
    def _poll_seconds(self) -> float:
        floor = self._session.provider.facts.shortest_poll
        return max(self._on.poll_seconds, floor.total_seconds())

    async def _look_at_all(self) -> None:
        """Look at every folder whose time has come; the first one last, for it stays open.

        Raises what the server said where it opens none of them.
        """
        refusal: CommandRefused | None = None
        self._has_more = self._has_wishes
        usable = self._usable()
        await self._trust.listen()
        for folder in usable[1:]:
            if self._is_due(folder) or self._trust.was_told(folder):
                refusal = await self._look(folder, peek=True) or refusal
        await self._reconcile(usable[1:])
        max_age = 0 if self._has_changed else self._poll_seconds
        self._has_changed = False
        for folder in usable:
            if folder in self._usable():
                refusal = await self._look(folder, max_age=max_age)
                if refusal is None:
                    self._idle_in, self._trust.idle_in = self._session.open_folder, folder
                    return
        raise refusal or FolderMissing("The mail server opens none of the watched folders.")

    def _pause(self, folder: MailboxId) -> timedelta:
        """How long not to ask about a folder: longer where the server's word is good."""
        seconds = self._poll_seconds
        if self._trust.holds(folder):
            seconds = max(seconds, min(TIMES * seconds, self._renewal_seconds))
        return timedelta(seconds=seconds)

    def _usable(self) -> list[MailboxId]:
        now = self._on.clock.now()
        return [
            one
            for one in self._folders
            if one not in self._parked or self._parked[one].until <= now
        ]

    async def _reconcile(self, others: Sequence[MailboxId]) -> None:
        """Take the next step of proving that nothing is missing; look again where something was."""
        at = self._reconcile_at
        if not self._is_reconciling and at is not None and at > self._on.clock.now():
            return
        folder = await self._reconciler.step()
        self._is_reconciling = folder is not None
        if folder is not None and folder in others:
            await self._look(folder, peek=True)

    async def _look(
        self, folder: MailboxId, *, max_age: float = 0, peek: bool = False
    ) -> CommandRefused | None:
        """Look at a folder; one that the server does not open is let be for a while."""
        try:
            look = await catch_up(self._syncing, self._session, folder, max_age=max_age, peek=peek)
        except CommandRefused as error:
            await self._park(folder, error)
            return error
        self._has_more |= look.has_more
        self.brought_in += look.found
        await self._trust.judge(folder, found=look.found and not self._is_reconciling)
        if look.settled is None:
            self._settled.pop(folder, None)
        else:
            self._settled[folder] = look.settled
        if self._parked.pop(folder, None) or look.was_parked:
            await unpark(self._syncing, folder)
        self._note_check(folder)
        return None

    async def _park(self, folder: MailboxId, why: CommandRefused) -> None:
        """Let it be for one poll, and each time for twice as long, unless that will pass."""
        self._listed_at = None  # it may be gone, or have another name by now
        self._settled.pop(folder, None)
        before = self._parked.get(folder)
        wait = timedelta(seconds=self._poll_seconds)
        if before and not why.is_passing:
            wait = min(before.wait * 2, _LONGEST_PARK)
        if isinstance(why, FolderUnstable):
            wait = why.until - self._on.clock.now()
        self._parked[folder] = _Parked(self._on.clock.now() + wait, wait)
        await park(self._syncing, folder, why, self._parked[folder].until)

    def _note_check(self, folder: MailboxId) -> None:
        now = self._on.clock.now()
        self._checks[folder] = self._unwritten[folder] = Check(
            workspace_id=self._syncing.workspace_id,
            mailbox_id=folder,
            checked_at=now,
            next_poll_at=now + self._pause(folder),
        )


def _life(seconds: float) -> timedelta:
    """A little shorter each time, so that connections made together do not end together."""
    return timedelta(seconds=seconds * (1 - 0.2 * random.random()))  # noqa: S311 -- no secret
