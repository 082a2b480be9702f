"""Doing on the server what an intent says, so that doing it twice does no harm.

Each function is given the mails it is about and answers what became of each. A mail that is not
where it was may have been moved by an attempt whose answer was lost, or by somebody else: it is
looked for where it was going before it is called gone.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from app.commands.locate import Wanted, locate, search
from app.core.faults import faultpoint
from app.core.ids import MailboxId
from app.mailbox.errors import CommandRefused
from app.mailbox.port import Listing, MailSession


@dataclass(frozen=True, slots=True)
class FolderRef:
    mailbox_id: MailboxId
    name: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a mail is now. `listing` is None where it is gone."""

    n: int
    mailbox_id: MailboxId
    uidvalidity: int | None
    listing: Listing | None


NoteFlags = Callable[[Mapping[int, tuple[str, ...]]], Awaitable[None]]
"""Told the flags each mail (by `n`) has before they are changed."""


async def move(
    session: MailSession,
    source: FolderRef,
    target: FolderRef,
    wanted: Sequence[Wanted],
    *,
    tried_before: bool,
) -> list[Outcome]:
    """Move mails to another folder, and verify that they are there."""
    there: dict[int, int] = {}
    if tried_before:
        there = await locate(session, await session.select(target.name), wanted)
    here = await locate(session, await session.select(source.name), wanted)
    if halfway := [uid for n, uid in here.items() if n in there]:
        await session.discard(halfway)
    moving = {n: uid for n, uid in here.items() if n not in there}
    copied = await session.move(list(moving.values()), target.name) if moving else None
    faultpoint("K21")
    selected = await session.select(target.name)
    if copied and copied.uidvalidity == selected.uidvalidity:
        there |= {n: copied.uids[uid] for n, uid in moving.items() if uid in copied.uids}
    for one in wanted:
        if one.n not in there:
            uid = await search(session, one.identity, believe_message_id=True)
            there |= {one.n: uid} if uid else {}
    return await _outcomes(session, target, selected.uidvalidity, wanted, there)


async def set_flag(
    session: MailSession,
    folder: FolderRef,
    wanted: Sequence[Wanted],
    flag: str,
    *,
    add: bool,
    note: NoteFlags,
) -> list[Outcome]:
    """Add or remove a flag, and verify that the server kept it so."""
    selected = await session.select(folder.name)
    here = await locate(session, selected, wanted)
    before = await session.list_mails(list(here.values()))
    await note({n: before[uid].flags for n, uid in here.items() if uid in before})
    changing = [uid for uid, one in before.items() if (flag in one.flags) != add]
    if changing:
        await (session.add_flags if add else session.remove_flags)(changing, [flag])
    faultpoint("K21")
    outcomes = await _outcomes(session, folder, selected.uidvalidity, wanted, here)
    if any(one.listing and (flag in one.listing.flags) != add for one in outcomes):
        raise CommandRefused(f"The mail server said OK and did not keep the flag {flag}.")
    return outcomes


async def _outcomes(
    session: MailSession,
    folder: FolderRef,
    uidvalidity: int | None,
    wanted: Sequence[Wanted],
    there: Mapping[int, int],
) -> list[Outcome]:
    listings = await session.list_mails(list(there.values()))
    return [
        Outcome(one.n, folder.mailbox_id, uidvalidity, listings.get(there.get(one.n, 0)))
        for one in wanted
    ]
