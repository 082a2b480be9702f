"""Where a mail is that left its folder: a move is a move, whoever made it.

Only watched folders are looked at regularly, so a mail that left one is looked for: in the other
watched folders, then in Archive, Trash and Junk, then in a few others. A mail that was just moved
is among the newest of its folder, so these are compared first, many at once; of a few mails each
may also be searched for by its Message-ID. What is found nowhere is no longer on the server, as far
as we can tell.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.core.ids import MailboxId, MessageId
from app.core.logging import get_logger
from app.mailbox.errors import CommandRefused
from app.mailbox.port import Identity, Listing, MailSession, Role, Selected
from app.store.models import Mailbox, PlacementState
from app.store.repositories.ledger import Entry, Place
from app.store.unit_of_work import UnitOfWork
from app.sync.changes import KnownMail
from app.sync.port import Folder, Syncing
from app.sync.rematch import (
    everything,
    message_id_and_moment,
    message_id_and_size,
    rematch,
)

_ROLES: Final = (Role.ARCHIVE, Role.TRASH, Role.JUNK, Role.INBOX)
_OTHERS: Final = 12
"""How many folders without such a role are looked into."""
_MARGIN: Final = 200
"""How many more of the newest mails than have left are compared."""
_REACH: Final = 10_000
_SEARCHED: Final = 20
"""How many mails are searched for one by one."""
_CANDIDATES: Final = 20
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Home:
    """Where a mail lies now."""

    message_id: MessageId
    mailbox_id: MailboxId
    uidvalidity: int
    listing: Listing


async def find_homes(
    syncing: Syncing,
    session: MailSession,
    left: Folder,
    mails: Sequence[KnownMail],
    *,
    among: int,
) -> dict[MessageId, Home]:
    """Find mails that are no longer in the folder `left`; what is nowhere is not in the answer.

    Nor is a mail that lies in a watched folder still: that is its home. `among`: so many mails left
    together with these, and may lie above them in the folder they were moved to.
    """
    async with syncing.store.begin(syncing.workspace_id) as uow:
        folders = await uow.mailboxes.of_account(syncing.account_id)
        wanted, believed = await _identities(uow, left, mails)
    homes: dict[MessageId, Home] = {}
    likely: dict[MessageId, Home] = {}
    for folder in _order(folders, left, believed):
        missing = {id_: one for id_, one in wanted.items() if id_ not in homes}
        if not missing:
            break
        try:
            selected = await session.examine(folder.name)
            if _has_usable_uids(folder, selected, left):
                surely, maybe = await _find_in(
                    syncing, session, folder, selected, missing, among=among
                )
                homes |= surely
                likely = maybe | likely
        except CommandRefused as error:
            log.info("homes.refused", folder=str(folder.id), error=str(error))
    return likely | homes


def _has_usable_uids(folder: Mailbox, selected: Selected, left: Folder) -> bool:
    """Whether its UIDs mean what we know. Of a watched folder its own look finds that out first.

    The folder that was left may be asked again under new UIDs.
    """
    if selected.uidvalidity is None:
        return False
    if folder.id == left.mailbox_id and selected.uidvalidity == left.uidvalidity:
        return False
    return not folder.watched or folder.uidvalidity == selected.uidvalidity


async def settle_in(
    uow: UnitOfWork, message_ids: Collection[MessageId], homes: Sequence[Home]
) -> None:
    """Write down where mails that left lie now, and that they lie nowhere else.

    Whatever folder we do not watch had one of them before was looked into as well.
    """
    placed = await uow.ledger.live_of_messages(message_ids)
    at_home = {placement.message_id for placement, mailbox in placed if mailbox.watched}
    await uow.ledger.leave(
        Place(placement.mailbox_id, placement.uidvalidity, placement.uid)
        for placement, _ in placed
        if placement.message_id not in at_home
    )
    for mailbox_id, uidvalidity in {(one.mailbox_id, one.uidvalidity) for one in homes}:
        mailbox = await uow.mailboxes.get(mailbox_id)
        if mailbox.uidvalidity != uidvalidity:
            mailbox.uidvalidity = uidvalidity
            await uow.ledger.leave_behind(mailbox_id, except_uidvalidity=uidvalidity)
    await uow.ledger.record([
        Entry(
            place=Place(one.mailbox_id, one.uidvalidity, one.listing.uid),
            state=PlacementState.STORED,
            message_id=one.message_id,
            size=one.listing.size,
            internaldate=one.listing.internaldate,
            flags=one.listing.flags,
        )
        for one in homes
    ])  # fmt: skip


def _order(
    folders: Sequence[Mailbox], left: Folder, believed: Collection[MailboxId]
) -> list[Mailbox]:
    """The folders to look into, the likeliest first; `believed` are some that had them before."""
    usable = [
        one
        for one in folders
        if one.listed and one.selectable and not (one.id == left.mailbox_id and one.watched)
    ]
    watched = [one for one in usable if one.watched]
    special = [one for role in _ROLES for one in usable if one.role == role and not one.watched]
    before = [one for one in usable if one.id in believed and not one.watched]
    likely = [*watched, *special, *(one for one in before if one not in special)]
    others = [one for one in usable if one not in likely]
    return [*likely, *others[:_OTHERS]]


async def _identities(
    uow: UnitOfWork, left: Folder, mails: Sequence[KnownMail]
) -> tuple[dict[MessageId, Identity], set[MailboxId]]:
    """What each mail is, as the server says it; without those a watched folder has still.

    And the other folders in which some were the last time we looked.
    """
    ids = [mail.message_id for mail in mails]
    leaving = {mail.uid for mail in mails}
    identities = await uow.messages.identities(ids)
    believed: set[MailboxId] = set()
    for placement, mailbox in await uow.ledger.live_of_messages(ids):
        assert placement.message_id is not None
        is_leaving = mailbox.id == left.mailbox_id and placement.uid in leaving
        if is_leaving and (known := identities.get(placement.message_id)):
            identities[placement.message_id] = replace(
                known,
                size=placement.size or known.size,
                internaldate=placement.internaldate or known.internaldate,
            )
        elif mailbox.watched and not is_leaving:
            identities.pop(placement.message_id, None)
        elif not is_leaving:
            believed.add(mailbox.id)
    wanted = {
        id_: Identity(one.internet_message_id, one.size, one.internaldate)
        for id_, one in identities.items()
    }
    return wanted, believed


async def _find_in(
    syncing: Syncing,
    session: MailSession,
    folder: Mailbox,
    selected: Selected,
    wanted: Mapping[MessageId, Identity],
    *,
    among: int,
) -> tuple[dict[MessageId, Home], dict[MessageId, Home]]:
    """Those of the mails that the open folder has for sure, and those that it likely has.

    Some servers count a mail's size anew in another folder, but a move keeps the moment at which it
    was received.
    """
    uidvalidity = selected.uidvalidity
    assert uidvalidity is not None
    candidates = await _newest(session, selected, among + _MARGIN)
    for identity in list(wanted.values())[:_SEARCHED]:
        if identity.internet_message_id and identity not in candidates.values():
            found = (await session.find(identity))[-_CANDIDATES:]
            candidates |= await session.identify([uid for uid in found if uid not in candidates])
    async with syncing.store.begin(syncing.workspace_id) as uow:
        taken = await uow.live.at(folder.id, uidvalidity, candidates)
    others = {one.uid for one in taken if one.message_id not in wanted}
    free = {uid: one for uid, one in candidates.items() if uid not in others}
    sure = rematch(wanted, free, (everything, message_id_and_size))
    rest = {id_: one for id_, one in wanted.items() if id_ not in sure.values()}
    likely = rematch(rest, free, (message_id_and_moment,))
    listings = await session.list_mails([*sure, *likely])

    def homes(matched: Mapping[int, MessageId]) -> dict[MessageId, Home]:
        return {
            id_: Home(id_, folder.id, uidvalidity, listings[uid])
            for uid, id_ in matched.items()
            if uid in listings
        }

    return homes(sure), homes(likely)


async def _newest(session: MailSession, selected: Selected, count: int) -> dict[int, Identity]:
    if selected.uidnext is None or not selected.exists:
        return {}
    first = max(1, selected.uidnext - min(count, _REACH))
    return await session.identify(await session.uids_between(first, selected.uidnext - 1))
