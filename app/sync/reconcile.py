"""Proving that nothing is missing: the server's UIDs against the ledger, folder by folder.

Looks trust what is settled below the watermark. About once an hour this trusts nothing: it asks a
folder for all its UIDs from our first one on and compares them with the ledger, a window at a time,
so that neither memory nor the time of a step depends on the folder's size.

    on the server, not in the ledger     missing: the next look fetches and announces it
    on the server, in the ledger as gone it is there after all
    in the ledger as there, not on it    it left: see `follow.py`

Where the server keeps no HIGHESTMODSEQ the flags of all our mails are compared as well. Folders
nobody watches are visited only for the mails of ours that were moved there. When a folder is due
stands in its row; the work is done in steps, so that wishes and new mail never wait for long.
"""

import random
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from app.core.ids import MailboxId
from app.core.logging import get_logger
from app.mailbox.errors import CommandRefused, FolderMissing
from app.mailbox.port import MailSession, Selected
from app.store.models import Mailbox
from app.sync.changes import KnownMail, Left
from app.sync.follow import Following
from app.sync.port import Folder, Syncing

EVERY: Final = timedelta(hours=1)
_JITTER: Final = 0.1
WINDOWS_A_STEP: Final = 2
"""So many are compared at once: each is one SEARCH and one statement."""
_PAGE: Final = 10_000
_FLAGS_A_STEP: Final = 2_000
log = get_logger(__name__)


@dataclass(slots=True)
class _Pass:
    """One comparison of a folder, as far as it is."""

    mailbox: Mailbox
    folder: Folder
    selected: Selected
    """As it was at the beginning; what came later is the next pass's affair."""
    windows: deque[range]
    on_server: int = 0
    """UIDs from our first one on."""
    holes: list[int] = field(default_factory=list)
    """What looks would never find, being below the watermark."""
    unsettled: list[int] = field(default_factory=list)
    """What they will find, or have found since."""

    def note(self, uids: Sequence[int], missing: Sequence[int]) -> None:
        watermark = self.mailbox.watermark or 0
        self.on_server += sum(uid >= (self.mailbox.first_uid or 0) for uid in uids)
        self.holes += [uid for uid in missing if uid < watermark]
        self.unsettled += [uid for uid in missing if uid >= watermark]


class Reconciler:
    """Reconciles the folders of one account, over one connection, as their time comes."""

    def __init__(self, syncing: Syncing, session: MailSession) -> None:
        self._syncing = syncing
        self._session = session
        self._pass: _Pass | None = None
        self._comparing: tuple[Folder, int] | None = None
        """Whose flags are being compared, and up to which UID they are."""

    async def step(self) -> MailboxId | None:
        """Do the next piece of work; answers the folder it was about, None where nothing is due.

        Another folder may be open afterwards. Raises as `poll.catch_up` does.
        """
        if self._comparing is not None:
            return await self._compare_flags(*self._comparing)
        if self._pass is not None:
            return await self._continue(self._pass)
        now = self._syncing.clock.now()
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            mailbox = await uow.mailboxes.due_for_reconciliation(self._syncing.account_id, now)
        if mailbox is None:
            return None
        async with self._unless_refused(mailbox.id):
            await self._begin(mailbox)
        return mailbox.id

    async def _continue(self, current: _Pass) -> MailboxId:
        async with self._unless_refused(current.mailbox.id):
            if await self._open(current.folder) is None:
                self._pass = None
                await self._lost(current.mailbox, current.folder)
            else:
                await self._go_on(current)
        return current.mailbox.id

    @asynccontextmanager
    async def _unless_refused(self, mailbox_id: MailboxId) -> AsyncIterator[None]:
        try:
            yield
        except CommandRefused as error:
            self._pass = None
            log.warning("reconcile.refused", folder=str(mailbox_id), error=str(error))
            await self._put_off(mailbox_id)

    async def _begin(self, mailbox: Mailbox) -> None:
        assert mailbox.uidvalidity is not None
        folder = Folder(mailbox.id, mailbox.name, mailbox.uidvalidity)
        selected = await self._open(folder)
        if selected is None:
            await self._lost(mailbox, folder)
            return
        first, last = await self._range(mailbox, folder, selected)
        windows = await self._session.windows(first, last)
        self._pass = _Pass(mailbox, folder, selected, deque(windows))
        await self._go_on(self._pass)

    async def _open(self, folder: Folder) -> Selected | None:
        """None where it is not there, or its UIDs mean other mails."""
        try:
            selected = await self._session.examine(folder.name)
        except FolderMissing:
            return None
        return selected if selected.uidvalidity in {folder.uidvalidity, None} else None

    async def _go_on(self, current: _Pass) -> None:
        """Compare the next windows, and settle what they told."""
        left: list[Left] = []
        for _ in range(min(WINDOWS_A_STEP, len(current.windows))):
            left += await self._compare(current, current.windows.popleft())
        await Following(self._syncing, self._session, current.folder).settle(left)
        if current.windows:
            return
        self._pass = None
        await self._note(current)
        if current.selected.highestmodseq is None:
            self._comparing = (current.folder, 0)

    async def _lost(self, mailbox: Mailbox, folder: Folder) -> None:
        """The folder is not there, or its UIDs mean other mails.

        Of a watched one its own look takes care. Another one's mails are looked for.
        """
        if not mailbox.watched:
            following = Following(self._syncing, self._session, folder)
            await following.settle([Left(mail) for mail in await self._all_of_ours(folder)])
        await self._put_off(mailbox.id)

    async def _all_of_ours(self, folder: Folder) -> list[KnownMail]:
        mails: list[KnownMail] = []
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            while page := await uow.live.page(
                folder.mailbox_id,
                folder.uidvalidity,
                above=mails[-1].uid if mails else 0,
                limit=_PAGE,
            ):
                mails += [KnownMail(one.uid, one.message_id, one.flags) for one in page]
        return mails

    async def _compare(self, current: _Pass, window: range) -> list[Left]:
        mailbox, folder = current.mailbox, current.folder
        first, last = window.start, window.stop - 1
        uids = await self._session.uids_between(first, last)
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            await uow.accounts.owned(self._syncing.account_id, self._syncing.fence)
            found = await uow.live.compare(
                folder.mailbox_id, folder.uidvalidity, uids,
                first=first, last=last, ours_from=mailbox.first_uid,
            )  # fmt: skip
            await uow.live.return_(folder.mailbox_id, folder.uidvalidity, found.back)
        current.note(uids, found.missing)
        return [Left(KnownMail(one.uid, one.message_id, ())) for one in found.left]

    async def _range(self, mailbox: Mailbox, folder: Folder, selected: Selected) -> tuple[int, int]:
        """The UIDs that are compared: from the first that may be ours to the last there is."""
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            lowest, highest = await uow.live.extent(folder.mailbox_id, folder.uidvalidity)
        ours = [uid for uid in (mailbox.first_uid, lowest) if uid is not None]
        if not ours:
            return 1, 0
        if mailbox.first_uid is None:
            return min(ours), highest or 0
        if selected.uidnext is not None:
            return min(ours), max(selected.uidnext - 1, highest or 0)
        newest = await self._session.uids_from(mailbox.watermark or min(ours), uidnext=None)
        return min(ours), max([*newest[-1:], highest or 0, (mailbox.watermark or 1) - 1])

    async def _note(self, ended: _Pass) -> None:
        """Write down the proof; what is missing is left to the next look by the watermark."""
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            await uow.accounts.owned(self._syncing.account_id, self._syncing.fence)
            row = await uow.mailboxes.get(ended.folder.mailbox_id)
            if row.uidvalidity != ended.folder.uidvalidity:
                return
            row.uids_on_server = ended.selected.exists
            if row.first_uid is not None:
                imported = await uow.live.count_below(row.id, row.uidvalidity, row.first_uid)
                row.older = max(ended.selected.exists - ended.on_server - imported, 0)
                later = sum(uid >= (row.watermark or 0) for uid in ended.unsettled)
                row.missing = len(ended.holes) + later
            if ended.holes and row.watermark is not None:
                row.watermark = min(*ended.holes, row.watermark)
                log.warning("reconcile.missing", folder=str(row.id), uids=len(ended.holes))
                uow.emit(
                    "mailbox.mail_missing",
                    account_id=self._syncing.account_id,
                    mailbox_id=str(row.id),
                    count=len(ended.holes),
                )
            row.last_reconciled_at = self._syncing.clock.now()
            row.next_reconcile_at = row.last_reconciled_at + jittered(EVERY)

    async def _put_off(self, mailbox_id: MailboxId) -> None:
        """Try again when the next hour is over; nothing was proven."""
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            await uow.accounts.owned(self._syncing.account_id, self._syncing.fence)
            row = await uow.mailboxes.get(mailbox_id)
            row.next_reconcile_at = self._syncing.clock.now() + jittered(EVERY)

    async def _compare_flags(self, folder: Folder, above: int) -> MailboxId:
        following = Following(self._syncing, self._session, folder)
        reached = await following.compare_page(above=above, limit=_FLAGS_A_STEP)
        self._comparing = (folder, reached) if reached is not None else None
        return folder.mailbox_id


def jittered(interval: timedelta) -> timedelta:
    """A little more or less, so that what begins together does not stay together."""
    return interval * (1 + random.uniform(-_JITTER, _JITTER))  # noqa: S311 -- no secret
