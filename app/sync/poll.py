"""Catching up with one folder: the whole story of a look.

    examine ──▶ plan ──▶ BEGIN     remember UIDVALIDITY and UIDNEXT; bring in nothing
                    ├──▶ NOTHING   the common case: one round trip, nothing written
                    ├──▶ LOOK      UID SEARCH from the watermark; fetch what the ledger lacks
                    ├──▶ RESET     new UIDs: match what we know, fetch what arrived in between;
                    │              not where they do not last: see `unstable.py`
                    └──▶ UNUSABLE  say so; the account keeps its other folders

After NOTHING and LOOK the same numbers tell what others did to mails we know: see `follow.py`.

Whatever breaks a look off leaves the watermark at the first UID that is not settled, and the next
one begins there. It may run any number of times. Where a look left nothing to do, the numbers it
leaves behind tell by one round trip, and without the database, whether that is still so: see
`MailSession.unchanged`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.core.faults import faultpoint
from app.core.ids import MailboxId
from app.core.logging import get_logger
from app.mailbox.errors import FolderMissing
from app.mailbox.port import MailSession, Selected
from app.store.models import Mailbox, PlacementState
from app.sync.changes import tells_all
from app.sync.fetch import bring_in
from app.sync.follow import follow
from app.sync.ingest import Ingest
from app.sync.plan import Kind, Known, plan
from app.sync.port import Folder, Syncing
from app.sync.reconcile import EVERY, jittered
from app.sync.reset import reset
from app.sync.unstable import note_uidvalidity

MOST_AT_ONCE: Final = 1000
"""So many mails are brought in by one look: a wish of somebody waits for no more than that."""
_MORE_PASSES: Final = 2
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found out."""

    folder: str
    kind: Kind
    found: int = 0
    """UIDs that were brought in."""
    has_more: bool = False
    """There is more to bring in; whoever waits for something else may have a turn before."""
    settled: Selected | None = None
    """What the server said of the folder, where nothing is left to do for as long as it says so."""
    was_parked: bool = False
    """Whether it was written down that it is let be, by whichever connection."""


async def catch_up(
    syncing: Syncing,
    session: MailSession,
    mailbox_id: MailboxId,
    *,
    max_age: float = 0,
    peek: bool = False,
) -> Look:
    """Bring in what is new in one folder, at most `MOST_AT_ONCE` mails, and what others changed.

    A mail that left is looked for in other folders. Unless it was only peeked at, the folder is
    then opened once more and looked at again: what happened meanwhile is told by no IDLE.

    `max_age`: see `MailSession.examine`. `peek`: ask by STATUS first, so that the folder which is
    open stays open unless there is something to do.

    Raises `Transient` where the connection breaks, `FolderMissing` where the folder is not there,
    `FolderUnstable` where its UIDs do not last, and `OwnershipLost` where the account is no longer
    ours.
    """
    look = await _catch_up(syncing, session, mailbox_id, max_age=max_age, peek=peek)
    for _ in range(_MORE_PASSES):
        if peek or session.open_folder == look.folder:
            return look
        again = await _catch_up(syncing, session, mailbox_id, max_age=0, peek=False)
        look = replace(
            look,
            found=look.found + again.found,
            has_more=look.has_more or again.has_more,
            settled=again.settled,
        )
    await session.examine(look.folder)
    return replace(look, settled=None)


async def _catch_up(
    syncing: Syncing, session: MailSession, mailbox_id: MailboxId, *, max_age: float, peek: bool
) -> Look:
    async with syncing.store.without_transaction(syncing.workspace_id) as uow:
        mailbox, pending = await uow.mailboxes.with_begun(mailbox_id)
    selected = await _ask(session, mailbox, max_age=max_age, peek=peek)
    faultpoint("K03")
    look = await _do(syncing, session, mailbox, selected, pending)
    return replace(look, was_parked=mailbox.parked_until is not None)


async def _do(
    syncing: Syncing,
    session: MailSession,
    mailbox: Mailbox,
    selected: Selected,
    pending: Sequence[int],
) -> Look:
    """What is to be done, given what the server says."""
    known = Known(mailbox.uidvalidity, mailbox.watermark, len(pending))
    decision = plan(known, selected)
    log.debug("look", folder=str(mailbox.id), kind=decision.kind, reason=decision.reason)
    if mailbox.unstable_since is not None and selected.uidvalidity == mailbox.uidvalidity:
        await note_uidvalidity(syncing, mailbox, _checked(mailbox.uidvalidity))
    match decision.kind:
        case Kind.BEGIN if mailbox.started_at is not None:
            # It was asked for before it was there: what came into it since then is news.
            selected = await session.examine(mailbox.name, max_age=float("inf"))
            return await _renumber(syncing, session, mailbox, selected, Kind.BEGIN)
        case Kind.BEGIN:
            await _begin(syncing, session, mailbox, selected)
            return Look(mailbox.name, Kind.BEGIN, settled=_settled_from_the_start(selected))
        case Kind.LOOK:
            opened = await session.examine(mailbox.name, max_age=float("inf"))
            if opened.uidvalidity not in {selected.uidvalidity, None}:
                return Look(mailbox.name, Kind.LOOK)
            look = await _look(syncing, session, mailbox, selected, pending)
            await follow(syncing, session, mailbox, selected)
            return look
        case Kind.RESET:
            selected = await session.examine(mailbox.name)
            if selected.uidvalidity in {mailbox.uidvalidity, None}:
                # It has just changed back, or STATUS says another than the folder itself.
                return await _do(syncing, session, mailbox, selected, pending)
            await note_uidvalidity(syncing, mailbox, _checked(selected.uidvalidity))
            return await _renumber(syncing, session, mailbox, selected, Kind.RESET)
        case Kind.UNUSABLE:
            raise FolderMissing(
                f"The server gives the folder {mailbox.name} no UIDVALIDITY, so its mails cannot "
                "be told apart.",
                fix="This server cannot be watched by any IMAP client that keeps state.",
            )
        case Kind.NOTHING:
            is_settled = await follow(syncing, session, mailbox, selected)
            settled = selected if is_settled and not pending else None
            return Look(mailbox.name, Kind.NOTHING, settled=settled)


async def _ask(session: MailSession, mailbox: Mailbox, *, max_age: float, peek: bool) -> Selected:
    if peek and mailbox.uidvalidity is not None:
        return await session.status(mailbox.name)
    return await session.examine(mailbox.name, max_age=max_age)


async def _renumber(
    syncing: Syncing, session: MailSession, mailbox: Mailbox, selected: Selected, kind: Kind
) -> Look:
    """Adopt the new UIDs, and bring in the first of what is new under them."""
    if not await reset(syncing, session, mailbox, selected):
        return Look(mailbox.name, kind)
    async with syncing.store.without_transaction(syncing.workspace_id) as uow:
        renumbered, pending = await uow.mailboxes.with_begun(mailbox.id)
    return replace(await _look(syncing, session, renumbered, selected, pending), kind=kind)


async def _begin(
    syncing: Syncing, session: MailSession, mailbox: Mailbox, selected: Selected
) -> None:
    """Start at UIDNEXT: whatever is there already was there before us."""
    start = selected.uidnext
    if start is None:
        start = max(await session.uids_from(1, uidnext=None), default=0) + 1
    async with syncing.store.begin(syncing.workspace_id) as uow:
        await uow.accounts.owned(syncing.account_id, syncing.fence)
        row = await uow.mailboxes.get(mailbox.id)
        row.uidvalidity = selected.uidvalidity
        row.watermark = row.first_uid = start
        row.exists_at_server, row.uidnext = selected.exists, selected.uidnext
        row.highestmodseq = selected.highestmodseq
        row.started_at = row.last_reconciled_at = syncing.clock.now()
        row.uids_on_server = row.older = selected.exists
        row.next_reconcile_at = row.started_at + jittered(EVERY)


def _settled_from_the_start(said: Selected) -> Selected | None:
    """A folder that has just begun leaves nothing to do, if its numbers tell of every change."""
    return said if said.uidnext is not None and tells_all(said) else None


async def _look(
    syncing: Syncing,
    session: MailSession,
    mailbox: Mailbox,
    selected: Selected,
    pending: Sequence[int],
) -> Look:
    folder = Folder(mailbox.id, mailbox.name, _checked(mailbox.uidvalidity))
    watermark = _checked(mailbox.watermark)
    shown = await session.uids_from(watermark, uidnext=selected.uidnext)
    faultpoint("K04")
    candidates = sorted({*shown, *pending})
    async with syncing.store.without_transaction(syncing.workspace_id) as uow:
        states = await uow.ledger.states(folder.mailbox_id, folder.uidvalidity, candidates)
    unsettled = PlacementState.PENDING
    wanted = [uid for uid in candidates if states.get(uid, unsettled) is unsettled]
    ingest = Ingest(syncing, folder, found=candidates, unsettled=wanted)
    portion = wanted[:MOST_AT_ONCE]
    begun = [uid for uid in portion if uid in states]
    await bring_in(syncing, session, folder, portion, ingest, begun=begun)
    await ingest.finish()
    return Look(mailbox.name, Kind.LOOK, len(portion), has_more=len(wanted) > len(portion))


def _checked(number: int | None) -> int:
    assert number is not None  # `plan` looks only where both are known
    return number
