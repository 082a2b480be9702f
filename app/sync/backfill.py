"""Bringing in what was there before us: the newest first, in portions, and without a word.

The ledger says what is in already, so an import may stop anywhere: the next worker counts anew
and goes on. It takes one portion at a time, so that new mail and wishes never wait for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.core.ids import MailboxId
from app.mailbox.port import MailSession
from app.store.models import Mailbox, PlacementState
from app.sync.fetch import bring_in
from app.sync.ingest import Ingest
from app.sync.port import Folder, Syncing

PORTION: Final = 50


@dataclass(slots=True)
class FolderHistory:
    """The mails of a folder's window, under one UIDVALIDITY."""

    folder: Folder
    left: list[int]
    """UIDs that are still to be brought in, the newest last."""
    done: int = 0
    failed: int = 0


async def count(
    syncing: Syncing, session: MailSession, mailbox_id: MailboxId, *, since: datetime | None
) -> FolderHistory | None:
    """Find out which mails of a folder are in the window, and which of them are in already.

    What is there since we began to watch is new mail and no part of it. None where we have not
    begun, or where the folder is just being given new UIDs: count again after the next look.

    Raises what `poll.catch_up` raises.
    """
    async with syncing.store.begin(syncing.workspace_id) as uow:
        mailbox = await uow.mailboxes.get(mailbox_id)
    if mailbox.uidvalidity is None or mailbox.first_uid is None:
        return None
    opened = await session.examine(mailbox.name, max_age=float("inf"))
    if opened.uidvalidity not in {mailbox.uidvalidity, None}:
        return None
    window = await session.uids_below(mailbox.first_uid, since=since)
    return await _compare(syncing, mailbox, mailbox.uidvalidity, window)


async def _compare(
    syncing: Syncing, mailbox: Mailbox, uidvalidity: int, window: Sequence[int]
) -> FolderHistory:
    async with syncing.store.begin(syncing.workspace_id) as uow:
        begun = [
            uid
            for uid in await uow.ledger.pending(mailbox.id, uidvalidity)
            if uid < (mailbox.first_uid or 0)
        ]
        uids = sorted({*window, *begun})
        states = await uow.ledger.states(mailbox.id, uidvalidity, uids)
    history = FolderHistory(Folder(mailbox.id, mailbox.name, uidvalidity), [])
    history.left = [uid for uid in uids if _is_left(states.get(uid))]
    history.failed = sum(state is PlacementState.QUARANTINED for state in states.values())
    history.done = len(uids) - len(history.left) - history.failed
    return history


async def import_portion(syncing: Syncing, session: MailSession, history: FolderHistory) -> bool:
    """Bring in the newest mails that are left.

    Answers False where the folder has other UIDs by now, so that all is to be counted again.
    Raises what `poll.catch_up` raises.
    """
    folder = history.folder
    opened = await session.examine(folder.name, max_age=float("inf"))
    if opened.uidvalidity not in {folder.uidvalidity, None}:
        return False
    portion = history.left[-PORTION:]
    ingest = Ingest(syncing, folder, found=portion, unsettled=portion, history=True)
    await bring_in(syncing, session, folder, portion, ingest, history=True)
    async with syncing.store.begin(syncing.workspace_id) as uow:
        states = await uow.ledger.states(folder.mailbox_id, folder.uidvalidity, portion)
        if len(history.left) == len(portion):
            (await uow.mailboxes.get(folder.mailbox_id)).next_reconcile_at = None
    del history.left[-PORTION:]
    failed = sum(state is PlacementState.QUARANTINED for state in states.values())
    history.failed += failed
    history.done += len(portion) - failed
    return True


def _is_left(state: PlacementState | None) -> bool:
    return state is None or state is PlacementState.PENDING
