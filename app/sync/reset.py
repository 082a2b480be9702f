"""A folder was given new UIDs: find out which mail is which, and what is new.

Jumping to the new UIDNEXT would lose what arrived meanwhile; starting over would announce
everything again. So every mail we know is matched with its new UID, what is older than our watch is
skipped, and the rest is news.

    match ──▶ what is where it was, a portion at a time ┐ noted in the ledger under the new UIDs,
    follow ─▶ where the others are now                  │ which nobody reads yet: whatever breaks
    sort ───▶ the rest: skipped, or news                ┘ this off, it goes on from there
    adopt ──▶ the folder's row gets the new UIDVALIDITY: from now on they count
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from app.core.ids import MessageId
from app.mailbox.port import Identity, Listing, MailSession, Selected
from app.store.models import Mailbox, PlacementState
from app.store.repositories.ledger import Entry, Place
from app.sync.changes import KnownMail, Left
from app.sync.follow import PORTION, Following
from app.sync.port import Folder, Syncing
from app.sync.rematch import FEATURES, Feature, rematch

_CLOCK_SKEW: Final = timedelta(minutes=10)
"""How far a server's clock may be behind ours before mail of the gap would look old."""
_LISTED_AT_ONCE: Final = 1000
_BEFORE_US: Final = "It was there before the folder was watched, and was given a new UID."


async def reset(
    syncing: Syncing, session: MailSession, mailbox: Mailbox, selected: Selected
) -> bool:
    """Adopt the new UIDs of the open folder; answers whether there is news to bring in.

    The next look does that: the watermark stands at the first of them. Nothing is adopted where the
    UIDs change once more meanwhile. May be broken off and called again at any point.
    """
    assert selected.uidvalidity is not None
    folder = Folder(mailbox.id, mailbox.name, selected.uidvalidity)
    renumbering = _Renumbering(syncing, session, mailbox, folder)
    uids = await session.uids_from(1, uidnext=selected.uidnext)
    rest = await renumbering.match(uids)
    if await renumbering.follow():
        opened = await session.examine(mailbox.name)
        if opened.uidvalidity != selected.uidvalidity:
            return False
    news = await renumbering.sort(rest)
    await _adopt(syncing, folder, selected, min(news, default=max(uids, default=0) + 1))
    return bool(news)


class _Renumbering:
    """One folder, its row still under the old UIDVALIDITY, `folder` under the new one."""

    def __init__(
        self, syncing: Syncing, session: MailSession, mailbox: Mailbox, folder: Folder
    ) -> None:
        self._syncing = syncing
        self._session = session
        self._mailbox = mailbox
        self._folder = folder

    async def match(self, uids: Sequence[int]) -> Sequence[int]:
        """Find the mails we know among these UIDs; answers those that are none of them.

        First by all that tells a mail from others, then by less.
        """
        rest = await self._not_found_before(uids)
        for feature in FEATURES:
            if not rest or not await self._count_lost():
                break
            rest = [
                uid for some in _portions(rest) for uid in await self._match_some(some, feature)
            ]
        return rest

    async def _not_found_before(self, uids: Sequence[int]) -> list[int]:
        """UIDs that no attempt before this one has matched; the mail must still be the same."""
        rest: list[int] = []
        for some in _portions(uids):
            async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
                found = await uow.renumbered.found(
                    self._mailbox.id, new=self._folder.uidvalidity, uids=some
                )
            listings = await self._session.list_mails(list(found)) if found else {}
            same = {
                uid for uid, one in listings.items() if found[uid] == (one.size, one.internaldate)
            }
            rest += [uid for uid in some if uid not in same]
        return rest

    async def _match_some(self, uids: Sequence[int], feature: Feature) -> list[int]:
        identities = await self._session.identify(uids)
        matched = rematch(await self._candidates(identities.values()), identities, [feature])
        listings = await self._session.list_mails(sorted(matched)) if matched else {}
        await self._record([
            self._entry(listing, PlacementState.STORED, matched[uid])
            for uid, listing in listings.items()
        ])  # fmt: skip
        return [uid for uid in uids if uid not in listings]

    async def _candidates(self, identities: Iterable[Identity]) -> dict[MessageId, Identity]:
        if self._mailbox.uidvalidity is None:
            return {}
        wanted = list(identities)
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            known = await uow.renumbered.candidates(
                self._syncing.account_id,
                self._mailbox.id,
                old=self._mailbox.uidvalidity,
                new=self._folder.uidvalidity,
                ids={one.internet_message_id for one in wanted if one.internet_message_id},
                sizes={one.size for one in wanted if not one.internet_message_id},
            )
        return {
            one.message_id: Identity(one.internet_message_id, one.size, one.internaldate)
            for one in known
        }

    async def follow(self) -> bool:
        """Mails left while the UIDs changed: find out where they are, and have their cards say so.

        Answers whether there were any: another folder may be open then.
        """
        old, above = self._mailbox.uidvalidity, 0
        if old is None or not (count := await self._count_lost()):
            return False
        before = Folder(self._mailbox.id, self._mailbox.name, old)
        following = Following(self._syncing, self._session, before)
        while True:
            async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
                lost = await uow.renumbered.lost(
                    self._mailbox.id,
                    old=old, new=self._folder.uidvalidity, above=above, limit=PORTION,
                )  # fmt: skip
            if not lost:
                return True
            above, _ = lost[-1]
            left = [Left(KnownMail(uid, message_id, ())) for uid, message_id in lost]
            await following.settle(left, among=count)

    async def _count_lost(self) -> int:
        if self._mailbox.uidvalidity is None:
            return 0
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            return await uow.renumbered.count_lost(
                self._mailbox.id, old=self._mailbox.uidvalidity, new=self._folder.uidvalidity
            )

    async def sort(self, uids: Sequence[int]) -> list[int]:
        """What is older than our watch is skipped; answers the rest.

        Where the server left one out of its answer, it may be gone: that is for the next look.
        """
        since = (self._mailbox.started_at or self._syncing.clock.now()) - _CLOCK_SKEW
        news: list[int] = []
        for some in _portions(uids):
            listings = await self._session.list_mails(some)
            entries = [self._entry(one, _state(one, since)) for one in listings.values()]
            await self._record(entries)
            skipped = {one.place.uid for one in entries if one.state is PlacementState.SKIPPED}
            news += [uid for uid in some if uid not in skipped]
        return news

    async def _record(self, entries: Sequence[Entry]) -> None:
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            await uow.accounts.owned(self._syncing.account_id, self._syncing.fence)
            await uow.ledger.record(entries)

    def _entry(
        self, listing: Listing, state: PlacementState, message_id: MessageId | None = None
    ) -> Entry:
        return Entry(
            place=Place(self._folder.mailbox_id, self._folder.uidvalidity, listing.uid),
            state=state,
            message_id=message_id,
            reason=_BEFORE_US if state is PlacementState.SKIPPED else "",
            size=listing.size,
            internaldate=listing.internaldate,
            flags=listing.flags,
        )


async def _adopt(syncing: Syncing, folder: Folder, selected: Selected, watermark: int) -> None:
    async with syncing.store.begin(syncing.workspace_id) as uow:
        await uow.accounts.owned(syncing.account_id, syncing.fence)
        mailbox = await uow.mailboxes.get(folder.mailbox_id)
        mailbox.uidvalidity = folder.uidvalidity
        mailbox.watermark = watermark
        mailbox.first_uid = 1
        mailbox.exists_at_server, mailbox.uidnext = selected.exists, selected.uidnext
        mailbox.highestmodseq = selected.highestmodseq
        await uow.ledger.leave_behind(mailbox.id, except_uidvalidity=folder.uidvalidity)
        uow.emit(
            "mailbox.reset",
            account_id=syncing.account_id,
            mailbox_id=str(mailbox.id),
            uidvalidity=folder.uidvalidity,
        )


def _state(listing: Listing, since: datetime) -> PlacementState:
    return PlacementState.SKIPPED if listing.internaldate < since else PlacementState.PENDING


def _portions(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(uids), _LISTED_AT_ONCE):
        yield uids[start : start + _LISTED_AT_ONCE]
