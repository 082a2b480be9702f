"""A folder was given new UIDs: find out which mail is which, and what is new.

Jumping to the new UIDNEXT would lose what arrived meanwhile; starting over would announce
everything again. So every mail we know is matched with its new UID, what is older than our watch is
skipped, and the rest is news.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.core.ids import MessageId
from app.mailbox.port import Identity, Listing, MailSession, Selected
from app.store.models import Mailbox, PlacementState
from app.store.repositories.ledger import Entry, Place
from app.sync.changes import KnownMail, Left
from app.sync.fetch import bring_in
from app.sync.follow import Following
from app.sync.ingest import Ingest
from app.sync.port import Folder, Syncing
from app.sync.rematch import rematch

_CLOCK_SKEW: Final = timedelta(minutes=10)
"""How far a server's clock may be behind ours before mail of the gap would look old."""
_LISTED_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class _Seen:
    """Everything that is in the folder now."""

    listings: dict[int, Listing]
    identities: dict[int, Identity]


async def reset(
    syncing: Syncing, session: MailSession, mailbox: Mailbox, selected: Selected
) -> int:
    """Adopt the new UIDs and bring in the news; answers how many mails that is.

    Nothing is adopted until all is matched, and then at once: a crash begins this anew. Mails that
    are not there any more are looked for in other folders first.
    """
    assert selected.uidvalidity is not None
    folder = Folder(mailbox.id, mailbox.name, selected.uidvalidity)
    seen = await _look_at_everything(session, selected)
    uids, known = await _known(syncing, mailbox)
    matched = rematch(known, seen.identities)
    if lost := known.keys() - matched.values():
        await _follow(syncing, session, mailbox, {id_: uids[id_] for id_ in lost})
        if (await session.examine(mailbox.name)).uidvalidity != selected.uidvalidity:
            return 0
    since = (mailbox.started_at or syncing.clock.now()) - _CLOCK_SKEW
    entries = [
        _entry(folder, listing, matched.get(uid), since=since)
        for uid, listing in seen.listings.items()
    ]
    news = sorted(entry.place.uid for entry in entries if entry.state is PlacementState.PENDING)
    found = sorted(seen.listings)
    watermark = min(news, default=max(found, default=0) + 1)
    await _adopt(syncing, folder, selected, entries, watermark=watermark)
    ingest = Ingest(syncing, folder, found=found, unsettled=news)
    await bring_in(syncing, session, folder, news, ingest)
    await ingest.finish()
    return len(news)


async def _look_at_everything(session: MailSession, selected: Selected) -> _Seen:
    uids = await session.uids_from(1, uidnext=selected.uidnext)
    seen = _Seen({}, {})
    for start in range(0, len(uids), _LISTED_AT_ONCE):
        portion = uids[start : start + _LISTED_AT_ONCE]
        identities = await session.identify(portion)
        listings = await session.list_mails(portion)
        seen.identities.update({uid: identities[uid] for uid in identities.keys() & listings})
        seen.listings.update({uid: listings[uid] for uid in identities.keys() & listings})
    return seen


async def _follow(
    syncing: Syncing, session: MailSession, mailbox: Mailbox, lost: Mapping[MessageId, int]
) -> None:
    """Mails left while the UIDs changed: find out where they are, and have their cards say so."""
    assert mailbox.uidvalidity is not None
    before = Folder(mailbox.id, mailbox.name, mailbox.uidvalidity)
    left = [Left(KnownMail(uid, message_id, ())) for message_id, uid in lost.items()]
    await Following(syncing, session, before).settle(left)


async def _known(
    syncing: Syncing, mailbox: Mailbox
) -> tuple[dict[MessageId, int], dict[MessageId, Identity]]:
    """The UID that each mail of ours had, and what it is."""
    async with syncing.store.begin(syncing.workspace_id) as uow:
        live = await uow.ledger.live_in(mailbox.id)
    uids = {message.id: placement.uid for placement, message in live}
    return uids, {
        message.id: Identity(
            message.internet_message_id,
            placement.size or message.size,
            placement.internaldate or message.received_at,
        )
        for placement, message in live
    }


async def _adopt(
    syncing: Syncing,
    folder: Folder,
    selected: Selected,
    entries: Sequence[Entry],
    *,
    watermark: int,
) -> None:
    async with syncing.store.begin(syncing.workspace_id) as uow:
        await uow.accounts.owned(syncing.account_id, syncing.fence)
        mailbox = await uow.mailboxes.get(folder.mailbox_id)
        mailbox.uidvalidity = folder.uidvalidity
        mailbox.watermark = watermark
        mailbox.first_uid = 1
        mailbox.exists_at_server, mailbox.uidnext = selected.exists, selected.uidnext
        mailbox.highestmodseq = selected.highestmodseq
        await uow.ledger.leave_behind(mailbox.id, except_uidvalidity=folder.uidvalidity)
        await uow.ledger.record(entries)
        uow.emit(
            "mailbox.reset",
            account_id=syncing.account_id,
            mailbox_id=str(mailbox.id),
            uidvalidity=folder.uidvalidity,
        )


def _entry(folder: Folder, listing: Listing, known: MessageId | None, *, since: datetime) -> Entry:
    if known is not None:
        state = PlacementState.STORED
    elif listing.internaldate < since:
        state = PlacementState.SKIPPED
    else:
        state = PlacementState.PENDING
    return Entry(
        place=Place(folder.mailbox_id, folder.uidvalidity, listing.uid),
        state=state,
        message_id=known,
        size=listing.size,
        internaldate=listing.internaldate,
        flags=listing.flags,
    )
