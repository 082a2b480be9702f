"""From UIDs to bytes: many at a time, and one by one where that failed.

Every attempt is counted in the ledger before it is made, so that a mail which kills the worker, the
parser or the server's connection is tried three times and then set aside, and the rest goes on. A
mail that was tried before is always tried alone: nothing else may be counted for what it does.

Bytes are fetched only where the worker has room for them (`in_flight.py`), and dropped as soon as
they are read.
"""

import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from app.core.errors import SharedBoxError
from app.core.ids import MessageId
from app.core.logging import get_logger
from app.mailbox.errors import CommandRefused
from app.mailbox.port import Listing, MailSession
from app.sync.ahead import ahead
from app.sync.in_flight import Holding, Taken
from app.sync.plan import batches
from app.sync.port import Folder, Syncing

MOST_ATTEMPTS: Final = 3
_PORTION_BYTES: Final = 4 * 1024 * 1024
_PORTION_MAILS: Final = 100
STORED_MAILS: Final = 200
STORED_BYTES: Final = 4 * _PORTION_BYTES
STORED_SECONDS: Final = 1.0
"""Over a slow line, a mail that is here is not kept waiting for those that are still to come."""
_LISTED_AT_ONCE: Final = 1000
log = get_logger(__name__)

Prepared = TypeVar("Prepared")


@dataclass(frozen=True, slots=True)
class Fetched:
    listing: Listing
    raw: bytes


@dataclass(slots=True)
class Portion:
    """What a fetch came to, for each UID it was asked for."""

    mails: list[Fetched] = field(default_factory=list)
    vanished: list[int] = field(default_factory=list)
    """The server no longer has them."""
    failed: dict[int, str] = field(default_factory=dict)
    """Not brought in, with the reason."""
    known: list[tuple[Listing, MessageId]] = field(default_factory=list)
    """Mails that we have from another folder already, by the host's own word."""
    is_second_try: bool = False
    """It is one mail that was tried before, alone."""
    taken: Taken | None = None
    """The room that its bytes take."""

    def drop_bytes(self) -> None:
        """They were read and kept, and are needed no more."""
        self.mails.clear()
        if self.taken is not None:
            self.taken.give_back()


class Keeper(Protocol[Prepared]):
    """Where portions go. What a portion holds as failed has failed for good."""

    async def prepare(self, portion: Portion) -> Prepared:
        """All that needs no transaction. Portions are prepared one after the other."""

    async def keep(self, portions: Sequence[Prepared]) -> None:
        """Store what was prepared, in the order of the portions, by one transaction."""


async def bring_in(
    syncing: Syncing,
    session: MailSession,
    folder: Folder,
    uids: Sequence[int],
    keeper: Keeper[Prepared],
    *,
    begun: Sequence[int] | None = None,
    history: bool = False,
) -> None:
    """Fetch these UIDs of the open folder and hand them to the keeper.

    First come those that were tried before, alone. Of the rest, one portion is fetched while
    another is prepared and a third is stored. `begun`: those that the ledger has, if that is known.
    """
    with syncing.in_flight.holding(history=history) as holding:
        fetching = _Fetching(syncing, session, folder, holding)
        tried = await _tried(syncing, folder, uids if begun is None else begun)
        for uid in sorted(tried):
            portion = await fetching.alone(uid)
            portion.is_second_try = True
            await keeper.keep([await _prepare(keeper, portion)])
        failed: list[int] = []
        portions = fetching.together([uid for uid in uids if uid not in tried])
        async with ahead(prepared(portions, keeper, failed)) as coming:
            async for some in coming:
                await keeper.keep(some)
        for uid in failed:
            await keeper.keep([await _prepare(keeper, await fetching.alone(uid))])


async def prepared(
    portions: AsyncGenerator[Portion],
    keeper: Keeper[Prepared],
    failed: list[int],
    *,
    longest: float = STORED_SECONDS,
) -> AsyncGenerator[list[Prepared]]:
    """What is to be stored together: of large mails, several portions.

    A transaction costs as much as many mails do. What failed is noted, to be tried alone. Where
    something breaks, such as the connection, what came before is stored; after `longest` seconds,
    too.
    """
    some: list[Prepared] = []
    mails, size, since = 0, 0, time.monotonic()
    try:
        async with ahead(portions) as coming:
            async for portion in coming:
                failed += portion.failed
                portion.failed = {}
                mails += len(portion.mails)
                size += sum(len(one.raw) for one in portion.mails)
                some.append(await _prepare(keeper, portion))
                is_late = time.monotonic() - since >= longest
                if mails >= STORED_MAILS or size >= STORED_BYTES or is_late:
                    yield some
                    some, mails, size, since = [], 0, 0, time.monotonic()
    except (SharedBoxError, OSError):
        if some:
            yield some
        raise
    if some:
        yield some


async def _prepare(keeper: Keeper[Prepared], portion: Portion) -> Prepared:
    try:
        return await keeper.prepare(portion)
    finally:
        portion.drop_bytes()


async def _tried(syncing: Syncing, folder: Folder, uids: Sequence[int]) -> Mapping[int, int]:
    if not uids:
        return {}
    async with syncing.store.without_transaction(syncing.workspace_id) as uow:
        return await uow.ledger.attempts(folder.mailbox_id, folder.uidvalidity, uids)


@dataclass(frozen=True, slots=True)
class _Fetching:
    """One look's fetches from the folder that is open."""

    syncing: Syncing
    session: MailSession
    folder: Folder
    holding: Holding

    async def together(self, uids: Sequence[int]) -> AsyncGenerator[Portion]:
        for start in range(0, len(uids), _LISTED_AT_ONCE):
            wanted = uids[start : start + _LISTED_AT_ONCE]
            listings: dict[int, Listing] = {}
            try:
                listings |= await self.session.list_mails(wanted)
                listings |= await _left_out(self.session, wanted, listings)
            except CommandRefused as error:
                # Exchange refuses the whole list where one of its mails has just gone.
                log.warning("list.refused", uids=len(wanted), error=str(error))
                yield Portion(failed={uid: str(error) for uid in wanted if uid not in listings})
                wanted = [uid for uid in wanted if uid in listings]
            known = await _known_by_host(self.syncing, listings.values())
            fresh = {
                uid: one for uid, one in listings.items() if (one.remote_id or "") not in known
            }
            in_order = [fresh[uid] for uid in wanted if uid in fresh]
            fitting = [one for one in in_order if one.size <= self.syncing.largest_mail]
            without_bytes = Portion(
                vanished=[uid for uid in wanted if uid not in listings],
                failed=dict.fromkeys(fresh.keys() - {one.uid for one in fitting}, ""),
                known=[
                    (one, known[one.remote_id])
                    for one in listings.values()
                    if one.remote_id is not None and one.remote_id in known
                ],
            )
            if without_bytes != Portion():
                yield without_bytes
            for batch in batches(fitting, most_bytes=_PORTION_BYTES, most_mails=_PORTION_MAILS):
                taken = await self._room_for(batch)
                await count_attempt(self.syncing, self.folder, [one.uid for one in batch])
                yield await self._fetch(batch, taken)

    async def alone(self, uid: int) -> Portion:
        """Try one mail until it is in, gone, or was tried too often."""
        reason = "earlier attempts to bring it in did not come to an end"
        while True:
            attempts = (await count_attempt(self.syncing, self.folder, [uid])).get(uid)
            if attempts is None:
                return Portion()
            if attempts > MOST_ATTEMPTS:
                return Portion(failed={uid: reason})
            try:
                listings = await self.session.list_mails([uid])
                listings |= await _left_out(self.session, [uid], listings)
            except CommandRefused as error:
                reason = str(error)
                continue
            listing = listings.get(uid)
            if listing is None:
                return Portion(vanished=[uid])
            if listing.size > self.syncing.largest_mail:
                return Portion(failed={uid: _too_large(self.syncing)})
            taken = await self._room_for([listing])
            portion = await self._fetch([listing], taken, trust_size=False)
            if portion.mails:
                return portion
            portion.drop_bytes()
            reason = portion.failed[uid]

    async def _room_for(self, listings: Sequence[Listing]) -> Taken:
        return await self.holding.take(sum(one.size for one in listings))

    async def _fetch(
        self, listings: Sequence[Listing], taken: Taken, *, trust_size: bool = True
    ) -> Portion:
        """One FETCH.

        A mail shorter than its RFC822.SIZE was cut off, or the server counts otherwise: among
        others it counts as failed, and alone it is believed.
        """
        try:
            raws = await self.session.fetch([one.uid for one in listings])
        except CommandRefused as error:
            taken.give_back()
            log.warning("fetch.refused", uids=len(listings), error=str(error))
            return Portion(failed={one.uid: str(error) for one in listings})
        taken.correct(sum(len(raw) for raw in raws.values()))
        portion = Portion(taken=taken)
        for one in listings:
            raw = raws.get(one.uid)
            if raw is None or (trust_size and len(raw) < one.size):
                portion.failed[one.uid] = "the server lists it but does not hand it over"
            else:
                portion.mails.append(Fetched(one, raw))
        return portion


async def _left_out(
    session: MailSession, wanted: Sequence[int], listings: Mapping[int, Listing]
) -> dict[int, Listing]:
    """Ask once more for what a list leaves out: one answer may be short, and the mail be there."""
    missing = [uid for uid in wanted if uid not in listings]
    return await session.list_mails(missing) if missing else {}


async def _known_by_host(syncing: Syncing, listings: Iterable[Listing]) -> dict[str, MessageId]:
    ids = [one.remote_id for one in listings if one.remote_id is not None]
    if not ids:
        return {}
    async with syncing.store.without_transaction(syncing.workspace_id) as uow:
        return await uow.messages.by_remote_id(syncing.account_id, ids)


async def count_attempt(syncing: Syncing, folder: Folder, uids: Sequence[int]) -> dict[int, int]:
    """Count one more attempt on each; a UID that is settled already is not in the answer."""
    async with syncing.store.without_transaction(syncing.workspace_id) as uow:
        return await uow.ledger.begin_attempt(
            syncing.account_id, syncing.fence, folder.mailbox_id, folder.uidvalidity, uids
        )


def _too_large(syncing: Syncing) -> str:
    megabytes = syncing.largest_mail / 1_000_000
    return f"it is larger than the limit of {megabytes:.0f} MB (SHAREDBOX_MAX_MAIL_BYTES)"
