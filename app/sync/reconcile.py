"""Proving that nothing is missing: the server's UIDs against the ledger, folder by folder.

Looks trust what is settled below the watermark. About once an hour this trusts nothing: it asks a
folder for all its UIDs from our first one on and compares them with the ledger, a window at a time,
so that memory does not depend on the folder's size.

    on the server, not in the ledger     missing: the next look fetches and announces it
    on the server, in the ledger as gone it is there after all
    in the ledger as there, not on it    it left: see `follow.py`

Where the server keeps no HIGHESTMODSEQ the flags of all our mails are compared as well. Folders
nobody watches are visited only for the mails of ours that were moved there. When a folder is due
stands in its row; the work is done in steps, so that wishes and new mail never wait for long.
"""

import random
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
WINDOW: Final = 50_000
"""So many UIDs are compared at once: one SEARCH and one statement."""
_FLAGS_A_STEP: Final = 2_000
log = get_logger(__name__)


@dataclass(slots=True)
class _Counts:
    """What the windows came to."""

    on_server: int = 0
    """UIDs from our first one on."""
    missing: list[int] = field(default_factory=list)
    left: list[KnownMail] = field(default_factory=list)


class Reconciler:
    """Reconciles the folders of one account, over one connection, as their time comes."""

    def __init__(self, syncing: Syncing, session: MailSession) -> None:
        self._syncing = syncing
        self._session = session
        self._comparing: tuple[Folder, int] | None = None
        """Whose flags are being compared, and up to which UID they are."""

    async def step(self) -> MailboxId | None:
        """Do the next piece of work; answers the folder it was about, None where nothing is due.

        Another folder may be open afterwards. Raises as `poll.catch_up` does.
        """
        if self._comparing is not None:
            return await self._compare_flags(*self._comparing)
        now = self._syncing.clock.now()
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            mailbox = await uow.mailboxes.due_for_reconciliation(self._syncing.account_id, now)
        if mailbox is None:
            return None
        try:
            await self._reconcile(mailbox)
        except CommandRefused as error:
            log.warning("reconcile.refused", folder=str(mailbox.id), error=str(error))
            await self._put_off(mailbox.id)
        return mailbox.id

    async def _reconcile(self, mailbox: Mailbox) -> None:
        assert mailbox.uidvalidity is not None
        folder = Folder(mailbox.id, mailbox.name, mailbox.uidvalidity)
        try:
            selected = await self._session.examine(mailbox.name)
        except FolderMissing:
            selected = None
        if selected is None or selected.uidvalidity not in {mailbox.uidvalidity, None}:
            await self._lost(mailbox, folder)
            return
        counts = await self._compare(mailbox, folder, selected)
        await Following(self._syncing, self._session, folder).settle(
            [Left(mail) for mail in counts.left]
        )
        await self._note(mailbox, selected, counts)
        if selected.highestmodseq is None:
            self._comparing = (folder, 0)

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
                limit=WINDOW,
            ):
                mails += [KnownMail(one.uid, one.message_id, one.flags) for one in page]
        return mails

    async def _compare(self, mailbox: Mailbox, folder: Folder, selected: Selected) -> _Counts:
        counts = _Counts()
        first, last = await self._range(mailbox, folder, selected)
        width = WINDOW if selected.exists > WINDOW else max(last - first + 1, 1)
        for start in range(first, last + 1, width):
            stop = min(start + width - 1, last)
            uids = await self._session.uids_between(start, stop)
            async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
                await uow.accounts.owned(self._syncing.account_id, self._syncing.fence)
                found = await uow.live.compare(
                    folder.mailbox_id, folder.uidvalidity, uids,
                    first=start, last=stop, ours_from=mailbox.first_uid,
                )  # fmt: skip
                await uow.live.return_(folder.mailbox_id, folder.uidvalidity, found.back)
            counts.on_server += sum(uid >= (mailbox.first_uid or 0) for uid in uids)
            counts.missing += found.missing
            counts.left += [KnownMail(one.uid, one.message_id, ()) for one in found.left]
        return counts

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

    async def _note(self, mailbox: Mailbox, selected: Selected, counts: _Counts) -> None:
        """Write down the proof; what is missing is left to the next look by the watermark."""
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            await uow.accounts.owned(self._syncing.account_id, self._syncing.fence)
            row = await uow.mailboxes.get(mailbox.id)
            row.uids_on_server = selected.exists
            if row.first_uid is not None and row.uidvalidity is not None:
                imported = await uow.live.count_below(row.id, row.uidvalidity, row.first_uid)
                row.older = max(selected.exists - counts.on_server - imported, 0)
                row.missing = len(counts.missing)
            holes = [uid for uid in counts.missing if uid < (row.watermark or 0)]
            if holes:
                row.watermark = min(holes)
                log.warning("reconcile.missing", folder=str(row.id), uids=len(holes))
                uow.emit(
                    "mailbox.mail_missing",
                    account_id=self._syncing.account_id,
                    mailbox_id=str(row.id),
                    count=len(holes),
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
