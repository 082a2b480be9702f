"""Whether a folder that is gone and one that is new are the same under another name.

Nothing says that a rename happened. Most servers keep UIDVALIDITY through it, but that alone proves
little: those that take it from the clock give the same to folders of the same second. So the newest
mails that we know must lie there, each under its UID. Where they do, another UIDVALIDITY is no
proof against it: Courier gives a new one, and the next look adopts it. A folder in which we know no
mail may only be the one new folder of its UIDVALIDITY.
"""

from collections.abc import Sequence
from typing import Final

from app.core.ids import MailboxId
from app.mailbox.errors import CommandRefused
from app.mailbox.port import Folder, MailSession, Selected
from app.store.models import Mailbox
from app.sync.port import Syncing

_LOOKED_AT: Final = 50
"""How many new folders are compared."""
_MAILS: Final = 20
"""How many mails must agree, where there are so many."""


async def find_renamed(
    syncing: Syncing, session: MailSession, gone: Sequence[Mailbox], fresh: Sequence[Folder]
) -> dict[MailboxId, str]:
    """The new name of each folder that has one."""
    lost = [one for one in gone if one.uidvalidity is not None]
    if not (lost and fresh):
        return {}
    free = await _states(session, fresh[:_LOOKED_AT])
    renamed: dict[MailboxId, str] = {}
    for mailbox in lost:
        fitting = [name for name, state in free.items() if _fits(mailbox, state)]
        for name in [*fitting, *(free.keys() - fitting)]:
            alone = fitting == [name]
            if await _has_its_mails(syncing, session, mailbox, name, alone=alone):
                renamed[mailbox.id] = name
                del free[name]
                break
    return renamed


async def _states(session: MailSession, folders: Sequence[Folder]) -> dict[str, Selected]:
    states = {}
    for folder in folders:
        try:
            states[folder.name] = await session.status(folder.name)
        except CommandRefused:
            continue
    return states


def _fits(mailbox: Mailbox, state: Selected) -> bool:
    if state.uidvalidity != mailbox.uidvalidity:
        return False
    return (state.uidnext or 0) >= (mailbox.watermark or 0)


async def _has_its_mails(
    syncing: Syncing, session: MailSession, mailbox: Mailbox, name: str, *, alone: bool
) -> bool:
    """Whether the mails we know lie there. Some may have left; none may be another one."""
    async with syncing.store.begin(syncing.workspace_id) as uow:
        known = await uow.ledger.newest_in(mailbox.id, limit=_MAILS)
    if not known:
        return alone
    try:
        await session.examine(name)
        there = await session.identify(list(known))
    except CommandRefused:
        return False
    return bool(there) and all(
        (one.internet_message_id, one.size) == known[uid] for uid, one in there.items()
    )
