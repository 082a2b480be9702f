"""Bringing in what was there before us: in portions, the newest first, and without a word.

The ledger says what is in already, so an import may stop anywhere and goes on where it stopped. It
takes one portion at a time, so that new mail and wishes never wait for it.
"""

from datetime import timedelta
from typing import Final

from app.core.ids import MailboxId
from app.mailbox.port import MailSession
from app.store.models import PlacementState
from app.sync.fetch import bring_in
from app.sync.ingest import Ingest
from app.sync.port import Folder, Syncing

PORTION: Final = 100


async def import_portion(
    syncing: Syncing, session: MailSession, mailbox_id: MailboxId, *, days: int
) -> bool:
    """Bring in the next portion of a folder's history; answers whether there may be more.

    Raises what `poll.catch_up` raises.
    """
    async with syncing.store.begin(syncing.workspace_id) as uow:
        mailbox = await uow.mailboxes.get(mailbox_id)
    if mailbox.uidvalidity is None or mailbox.first_uid is None or mailbox.started_at is None:
        return True
    folder = Folder(mailbox.id, mailbox.name, mailbox.uidvalidity)
    selected = await session.examine(mailbox.name, max_age=float("inf"))
    if selected.uidvalidity not in {mailbox.uidvalidity, None}:
        return True
    since = mailbox.started_at - timedelta(days=days)
    uids = [uid for uid in await session.uids_since(since) if uid < mailbox.first_uid]
    async with syncing.store.begin(syncing.workspace_id) as uow:
        states = await uow.ledger.states(mailbox.id, mailbox.uidvalidity, uids)
    unsettled = PlacementState.PENDING
    missing = [uid for uid in uids if states.get(uid, unsettled) is unsettled]
    portion = missing[-PORTION:]
    ingest = Ingest(syncing, folder, found=portion, unsettled=portion, history=True)
    await bring_in(syncing, session, folder, portion, ingest)
    return len(missing) > len(portion)
