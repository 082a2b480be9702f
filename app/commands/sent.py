r"""Our own mail in the mailbox: one copy in Sent, and the mark on the mail that it answers.

A copy is looked for before one is filed, always, by Message-ID: an attempt whose answer was lost,
another client and the provider itself may each have put it there already.
"""

from collections.abc import Sequence

from app.commands.carry_out import FolderRef, Outcome, set_flag
from app.commands.claim import Claimed, Executing
from app.commands.locate import Wanted
from app.commands.types import FindSent, MailIntent, SentIntent
from app.core.faults import faultpoint
from app.core.logging import get_logger
from app.mail.flags import ANSWERED, FORWARDED, SEEN
from app.mailbox.errors import CommandRefused, Transient
from app.mailbox.port import Identity, Listing, MailSession, Role
from app.store.models import Filing, Mailbox, Outgoing, OutgoingMode, OutgoingState, PlacementState
from app.store.queue import drain_outgoing
from app.store.repositories.ledger import Entry, Place
from app.store.unit_of_work import UnitOfWork

_NOT_FILED = frozenset({Filing.PENDING, Filing.FAILED})
log = get_logger(__name__)


def _sent_folder(claimed: Claimed) -> Mailbox | None:
    """The account's folder for what was sent, if it has one."""
    for mailbox in claimed.folders.values():
        if mailbox.role == Role.SENT and mailbox.listed and mailbox.selectable:
            return mailbox
    return None


async def file_sent(
    on: Executing,
    session: MailSession,
    outgoing: Outgoing,
    folder: FolderRef | None,
    wanted: Sequence[tuple[FolderRef, Sequence[Wanted]]],
) -> list[Outcome]:
    """See that one copy lies in the folder, then mark the mail that was answered.

    Without a folder only the mark is set: the provider files what it sends.
    """
    if folder is not None and outgoing.filing in _NOT_FILED:
        await _file(on, session, folder, outgoing)
    return await _mark(session, outgoing, wanted)


async def find_sent(
    on: Executing, session: MailSession, claimed: Claimed, intent: FindSent
) -> list[Outcome]:
    """Write down whether the mail lies in Sent; whoever sends decides what that means."""
    async with on.store.begin(on.workspace_id) as uow:
        outgoing = await uow.outgoing.get(intent.outgoing_id)
    folder = _sent_folder(claimed)
    is_there: bool | None = None
    if folder is not None:
        await session.examine(folder.name)
        is_there = bool(await _copies(session, outgoing))
    async with on.store.begin(on.workspace_id) as uow:
        await uow.accounts.owned(on.account_id, on.fence)
        row = await uow.outgoing.lock(intent.outgoing_id)
        if is_there is None:
            _cannot_tell(row)
        else:
            row.seen_in_sent = is_there
            if is_there and _was_left_unsent(row):
                row.note_seen_in_sent()
            elif row.state is OutgoingState.CANCELLED and not row.was_dropped:
                row.detail = ""  # it was taken back in time
                await _show(uow, row)
        uow.leave(drain_outgoing(on.workspace_id, on.account_id))
    return []


async def gave_up(uow: UnitOfWork, intent: MailIntent) -> None:
    """Such a wish has failed for good: whoever follows the mail must know."""
    if not isinstance(intent, SentIntent):
        return
    outgoing = await uow.outgoing.lock(intent.outgoing_id)
    if isinstance(intent, FindSent):
        _cannot_tell(outgoing)
        uow.leave(drain_outgoing(uow.workspace_id, outgoing.account_id))
    elif outgoing.filing is Filing.PENDING:
        outgoing.filing = Filing.FAILED
        await _show(uow, outgoing)


def _was_left_unsent(outgoing: Outgoing) -> bool:
    """Whether a copy in Sent says more than what was decided: then nobody sends it (again).

    A mail that is being sent proves nothing once it is past the dot: its own copy may lie there.
    Up to there the copy is of an earlier attempt, and whoever sends finds the mail taken away.
    """
    is_at_the_end = outgoing.state is OutgoingState.SENDING and outgoing.past_the_dot
    return outgoing.sent_at is None and not is_at_the_end


def _cannot_tell(outgoing: Outgoing) -> None:
    """It was not seen, and may have left all the same: nobody sends it unasked."""
    outgoing.seen_in_sent = False
    if outgoing.state is OutgoingState.UNKNOWN:
        outgoing.past_the_dot = True


async def _file(on: Executing, session: MailSession, folder: FolderRef, outgoing: Outgoing) -> None:
    await session.select(folder.name)
    if not await _copies(session, outgoing):
        raw = await on.blobs.get(outgoing.raw_sha256)
        await session.append(folder.name, raw, [SEEN], outgoing.sent_at or on.clock.now())
        faultpoint("K30")
    selected = await session.select(folder.name)
    copies = await _copies(session, outgoing)
    if not copies:
        raise CommandRefused("The mail server said OK and did not keep the copy.")
    listings = await session.list_mails(copies[-1:])
    await _note_copy(on, folder, selected.uidvalidity, listings.get(copies[-1]), outgoing)


async def _copies(session: MailSession, outgoing: Outgoing) -> list[int]:
    """The UIDs in the open folder that carry the mail's Message-ID."""
    identity = Identity(outgoing.internet_message_id, outgoing.size, outgoing.created_at)
    there = await session.identify(await session.find(identity))
    return sorted(
        uid for uid, one in there.items() if one.internet_message_id == outgoing.internet_message_id
    )


async def _note_copy(
    on: Executing,
    folder: FolderRef,
    uidvalidity: int | None,
    listing: Listing | None,
    outgoing: Outgoing,
) -> None:
    """The ledger knows the copy, so that nobody takes it for news."""
    async with on.store.begin(on.workspace_id) as uow:
        await uow.accounts.owned(on.account_id, on.fence)
        row = await uow.outgoing.lock(outgoing.id)
        row.filing = Filing.DONE
        await _show(uow, row)
        if listing is None or uidvalidity is None or row.message_id is None:
            return
        mailbox = await uow.mailboxes.get(folder.mailbox_id)
        if mailbox.uidvalidity is None:
            mailbox.uidvalidity = uidvalidity
        await uow.ledger.record([
            Entry(
                place=Place(folder.mailbox_id, uidvalidity, listing.uid),
                state=PlacementState.STORED,
                message_id=row.message_id,
                size=listing.size,
                internaldate=listing.internaldate,
                flags=listing.flags,
            )
        ])  # fmt: skip


async def _mark(
    session: MailSession,
    outgoing: Outgoing,
    wanted: Sequence[tuple[FolderRef, Sequence[Wanted]]],
) -> list[Outcome]:
    r"""`\Answered` or `$Forwarded`, where the server keeps it: what was sent is sent without it."""
    flag = FORWARDED if outgoing.mode is OutgoingMode.FORWARD else ANSWERED
    outcomes: list[Outcome] = []
    for folder, ones in wanted:
        try:
            outcomes += await set_flag(session, folder, ones, flag, add=True, note=_no_note)
        except Transient:
            raise
        except CommandRefused as error:
            log.info("outgoing.not_marked", outgoing=str(outgoing.id), error=str(error))
    return outcomes


async def _no_note(_flags: object) -> None:
    """Marks of this kind are not undone."""


async def _show(uow: UnitOfWork, outgoing: Outgoing) -> None:
    if outgoing.post_id is not None:
        for channel_id in await uow.posts.refresh(outgoing.post_id):
            uow.feed_is_due(channel_id)
