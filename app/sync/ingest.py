"""From bytes into the store: one transaction writes all that some portions of mail cause.

Raw bytes are kept, and beside that the mail is parsed in a child process; then message, placement,
conversation, event, post and watermark are written together. A crash between any two steps leaves
either everything or nothing, and nothing means that the watermark still points at it.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.core.errors import SharedBoxError
from app.core.faults import faultpoint
from app.core.ids import ConversationId, MessageId, new_id
from app.core.logging import get_logger
from app.mail.parsed import ParsedMail
from app.mail.scan import header_of
from app.mailbox.port import Listing, Role
from app.store.models import Account, Direction, Mailbox, PlacementState
from app.store.new import NewMessage, Progress
from app.store.repositories.arriving import Around
from app.store.repositories.ledger import Entry, Place
from app.store.unit_of_work import UnitOfWork
from app.sync import own
from app.sync.fetch import MOST_ATTEMPTS, Fetched, Portion, count_attempt
from app.sync.follow import RECONCILE_APART
from app.sync.plan import watermark_after
from app.sync.port import Arrived, Folder, Syncing
from app.sync.proofs import REASON, take_out
from app.sync.returned import note_returned
from app.sync.returns import note_return
from app.sync.rows import Readable, attachment_rows, message_row
from app.sync.threads import find_conversations

_HANDED_OVER_AFTER: Final = timedelta(minutes=1)
_LATELY: Final = timedelta(hours=1)
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """A mail that is to be set aside. Without a digest, its bytes were never had."""

    uid: int
    reason: str
    digest: bytes | None = None
    listing: Listing | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a portion came to, before any of it is stored."""

    read: Sequence[Readable]
    unread: Sequence[_Unreadable]
    vanished: Sequence[int]
    known: Sequence[tuple[Listing, MessageId]]
    is_second_try: bool

    @classmethod
    def together(cls, portions: "Sequence[Prepared]") -> "Prepared":
        return cls(
            read=[one for portion in portions for one in portion.read],
            unread=[one for portion in portions for one in portion.unread],
            vanished=[uid for portion in portions for uid in portion.vanished],
            known=[one for portion in portions for one in portion.known],
            is_second_try=any(portion.is_second_try for portion in portions),
        )

    def uids(self) -> set[int]:
        return {
            *(one.listing.uid for one in self.read),
            *(one.uid for one in self.unread),
            *(listing.uid for listing, _ in self.known),
            *self.vanished,
        }


class Ingest:
    """Keeps the mails of one folder, portion by portion.

    `found` are all UIDs this look is about, `unsettled` those that are still to be kept. History is
    kept without a word: nothing is announced, and the watermark is not about it.
    """

    def __init__(
        self,
        syncing: Syncing,
        folder: Folder,
        *,
        found: Sequence[int],
        unsettled: Iterable[int],
        history: bool = False,
    ) -> None:
        self._syncing = syncing
        self._folder = folder
        self._found = found
        self._unsettled = set(unsettled)
        self._history = history
        self._has_moved = False

    async def prepare(self, portion: Portion) -> Prepared:
        """Keep the raw bytes and parse them."""
        faultpoint("K06")
        read, unread = await self._read(portion.mails)
        unread += [_Unreadable(uid, reason) for uid, reason in portion.failed.items()]
        return Prepared(
            read, unread, portion.vanished, portion.known, is_second_try=portion.is_second_try
        )

    async def keep(self, portions: Sequence[Prepared]) -> None:
        """Store portions. Raises `OwnershipLost` where the account is no longer ours."""
        prepared = Prepared.together(portions)
        uids = prepared.uids()
        if not uids:
            return
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            around = await self._around(uow, prepared.read)
            account, mailbox = around.account, around.mailbox
            read, proofs = await take_out(uow, account, mailbox, prepared.read)
            async with uow.inserted_together():
                await self._store(uow, around, read)
                await self._advance(uow, mailbox, self._unsettled - uids)
            await uow.ledger.record([self._proof(one) for one in proofs])
            await self._note_known(uow, prepared.known)
            await self._set_aside(uow, account, prepared.unread)
            await uow.ledger.record([self._vanished(uid) for uid in prepared.vanished])
            await self._ask_again_for(uow, mailbox, prepared.vanished)
            if prepared.is_second_try and not self._history:
                await self._settle_quarantine(uow, uids)
            await uow.session.flush()
            faultpoint("K09")
        faultpoint("K10")
        self._unsettled -= uids
        self._has_moved = True

    async def finish(self) -> None:
        """Move the watermark over UIDs that were settled before this look began."""
        if self._has_moved:  # over these as well
            return
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            await uow.accounts.owned(self._syncing.account_id, self._syncing.fence)
            mailbox = await uow.mailboxes.get(self._folder.mailbox_id)
            reached = self._reached(mailbox, self._unsettled)
            if reached is not None:
                mailbox.watermark, mailbox.missing = reached, len(self._unsettled)

    async def _around(self, uow: UnitOfWork, read: Sequence[Readable]) -> Around:
        return await uow.arriving.owned(
            self._folder.mailbox_id,
            self._syncing.account_id,
            self._syncing.fence,
            digests=[one.digest for one in read],
            internet_message_ids=[one for mail in read if (one := mail.parsed.internet_message_id)],
        )

    async def _advance(self, uow: UnitOfWork, mailbox: Mailbox, unsettled: set[int]) -> None:
        now, reached = self._syncing.clock.now(), self._reached(mailbox, unsettled)
        if reached is None:
            mailbox.last_checked_at = now
            return
        progress = Progress(uow.workspace_id, mailbox.id, reached, len(unsettled), now)
        await uow.mailboxes.advance(progress)

    def _reached(self, mailbox: Mailbox, unsettled: set[int]) -> int | None:
        """The watermark as it is to be; None where this is not about it."""
        if self._history or mailbox.watermark is None:
            return None
        return watermark_after(mailbox.watermark, self._found, unsettled)

    async def _read(self, mails: Sequence[Fetched]) -> tuple[list[Readable], list[_Unreadable]]:
        raws = [one.raw for one in mails]
        digests, parsed = await asyncio.gather(
            self._keep_raw(raws), self._syncing.parser.parse_many(raws)
        )
        results = await asyncio.gather(
            *(self._settle(*one) for one in zip(mails, digests, parsed, strict=True))
        )
        read = [one for one in results if isinstance(one, Readable)]
        return read, [one for one in results if isinstance(one, _Unreadable)]

    async def _keep_raw(self, raws: Sequence[bytes]) -> Sequence[bytes]:
        digests = await self._syncing.blobs.put_many(raws)
        faultpoint("K07")
        return digests

    async def _settle(
        self, fetched: Fetched, digest: bytes, parsed: ParsedMail | SharedBoxError
    ) -> Readable | _Unreadable:
        """What came of a mail; one that could not be read is tried again, as often as it may be."""
        uid, attempts = fetched.listing.uid, 1
        while isinstance(parsed, SharedBoxError):
            log.warning("parse.failed", digest=digest.hex()[:16], reason=str(parsed))
            if attempts >= MOST_ATTEMPTS:
                return _Unreadable(uid, str(parsed), digest, fetched.listing)
            counted = await count_attempt(self._syncing, self._folder, [uid])
            attempts = counted.get(uid, MOST_ATTEMPTS)
            (parsed,) = await self._syncing.parser.parse_many([fetched.raw])
        return Readable(
            MessageId(new_id()),
            fetched.listing,
            len(fetched.raw),
            header_of(fetched.raw),
            digest,
            parsed,
        )

    async def _store(self, uow: UnitOfWork, around: Around, read: Sequence[Readable]) -> None:
        account, mailbox = around.account, around.mailbox
        sender = own.sender_of(account, around.proven)
        if mailbox.role == Role.SENT and not self._history:
            await own.settle_doubts(uow, account, read)
        digests = [one.digest for one in read]
        known = await uow.messages.by_digest(account.id, digests) if around.has_copies else {}
        others = [one for one in read if one.digest not in known]
        known |= await own.copies(uow, account, mailbox, sender, others)
        new = [
            one for one in read if known.setdefault(one.digest, one.message_id) == one.message_id
        ]
        entries = [self._stored(one.listing, known[one.digest], one.digest) for one in read]
        messages, begun = await self._store_messages(uow, account, mailbox, sender, new)
        await uow.ledger.record(entries)
        if not self._history:
            known_before = {known[one.digest] for one in read} - {one.message_id for one in new}
            if known_before and mailbox.role != Role.SENT:
                await uow.insert_pending()
                await note_return(uow, account, mailbox, known_before)
            await self._announce(uow, around, messages, new, begun)

    async def _note_known(
        self, uow: UnitOfWork, known: Sequence[tuple[Listing, MessageId]]
    ) -> None:
        """A mail with several labels lies in several folders: it is one, and did not move."""
        await uow.ledger.record([self._stored(listing, id_) for listing, id_ in known])
        if known and not self._history:
            conversations = await uow.messages.conversations_of(id_ for _, id_ in known)
            await uow.cards_are_stale(conversations)

    async def _announce(
        self,
        uow: UnitOfWork,
        around: Around,
        messages: Sequence[NewMessage],
        read: Sequence[Readable],
        begun: frozenset[ConversationId],
    ) -> None:
        """Tell of new mails, but for those sent from here: whoever sent them tells of them."""
        from_here: frozenset[str] = frozenset()
        if around.has_sent:
            ids = (one.internet_message_id for one in messages)
            from_here = await own.sent_by_us(uow, around.account, ids)
        others = [
            Arrived(
                message,
                self._folder.name,
                tuple(file.filename for file in one.parsed.attachments if not file.inline),
                one.head,
            )
            for message, one in zip(messages, read, strict=True)
            if message.internet_message_id not in from_here
        ]
        await self._syncing.announce.arrived(uow, around, others, begun)

    async def _store_messages(
        self,
        uow: UnitOfWork,
        account: Account,
        mailbox: Mailbox,
        sender: own.Sender,
        new: Sequence[Readable],
    ) -> tuple[list[NewMessage], frozenset[ConversationId]]:
        """The mails as they are stored, and the conversations that begin with them."""
        directions = await own.directions(uow, account, mailbox, sender, new)
        placed = await find_conversations(
            uow, account, sender, new, directions=directions, history=self._history
        )
        messages = [
            message_row(
                account, one, placed.conversations[one.message_id],
                direction=directions[one.message_id], history=self._history,
            )
            for one in new
        ]  # fmt: skip
        files = [row for one in new for row in attachment_rows(account.workspace_id, one)]
        await uow.messages.add_all(messages, files)
        await uow.contacts.note(messages)
        await note_returned(uow, account, new)
        for message in messages:
            uow.emit(
                _event(message),
                account_id=account.id,
                conversation_id=message.conversation_id,
                message_id=str(message.id),
            )
        return messages, placed.begun

    async def _set_aside(
        self, uow: UnitOfWork, account: Account, unread: Sequence[_Unreadable]
    ) -> None:
        if not unread:
            return
        await uow.ledger.record([self._quarantined(one) for one in unread])
        placements = await uow.ledger.at(self._place(one.uid) for one in unread)
        for placement in placements.values():
            log.warning("mail.quarantined", placement=str(placement.id), reason=placement.reason)
            uow.emit(
                "mail.quarantined",
                account_id=account.id,
                placement_id=str(placement.id),
                reason=placement.reason,
            )
        if not self._history:
            ids = [placement.id for placement in placements.values()]
            await self._syncing.announce.quarantined(uow, account, ids)

    async def _ask_again_for(
        self, uow: UnitOfWork, mailbox: Mailbox, vanished: Sequence[int]
    ) -> None:
        """Have the folder reconciled soon: some servers list a mail before they hand it over.

        What is never handed over is asked for hourly after the first hour.
        """
        if self._history or not vanished or mailbox.next_reconcile_at is None:
            return
        now = self._syncing.clock.now()
        placements = await uow.ledger.at(self._place(uid) for uid in vanished)
        if all(now - one.seen_at > _LATELY for one in placements.values()):
            return
        soonest = (mailbox.last_reconciled_at or now) + RECONCILE_APART
        again = max(now + _HANDED_OVER_AFTER, soonest)
        mailbox.next_reconcile_at = min(mailbox.next_reconcile_at, again)

    async def _settle_quarantine(self, uow: UnitOfWork, uids: Iterable[int]) -> None:
        """These may have been in quarantine, and a post that says so may stand somewhere."""
        placements = await uow.ledger.at(self._place(uid) for uid in uids)
        ids = [placement.id for placement in placements.values()]
        await self._syncing.announce.settled(uow, ids)

    def _place(self, uid: int) -> Place:
        return Place(self._folder.mailbox_id, self._folder.uidvalidity, uid)

    def _stored(
        self, listing: Listing, message_id: MessageId, digest: bytes | None = None
    ) -> Entry:
        return Entry(
            place=self._place(listing.uid),
            state=PlacementState.STORED,
            message_id=message_id,
            raw_sha256=digest,
            size=listing.size,
            internaldate=listing.internaldate,
            flags=listing.flags,
        )

    def _quarantined(self, one: _Unreadable) -> Entry:
        listing = one.listing
        return Entry(
            place=self._place(one.uid),
            state=PlacementState.QUARANTINED,
            reason=one.reason,
            raw_sha256=one.digest,
            size=listing.size if listing else None,
            internaldate=listing.internaldate if listing else None,
        )

    def _proof(self, one: Readable) -> Entry:
        listing = one.listing
        return Entry(
            place=self._place(listing.uid),
            state=PlacementState.SKIPPED,
            reason=REASON,
            raw_sha256=one.digest,
            size=listing.size,
            internaldate=listing.internaldate,
        )

    def _vanished(self, uid: int) -> Entry:
        return Entry(place=self._place(uid), state=PlacementState.VANISHED)


def _event(message: NewMessage) -> str:
    if message.imported:
        return "message.imported"
    return "message.sent" if message.direction is Direction.OUTBOUND else "message.received"
