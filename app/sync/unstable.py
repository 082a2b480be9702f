"""A folder whose UIDVALIDITY changes again and again: how long it is let be.

Each change costs a match of every mail we know, and none lasts. So the first few within an hour are
followed at once, as a rebuilt index or a server that was moved makes them. After these the folder
is parked, each time for longer, until the server shows the same UIDVALIDITY after such a pause as
before it. Then it is matched once, and what arrived meanwhile is brought in. An alarm stands from
the one to the other (`Mailbox.unstable_since`).

    changed ──▶ followed, at most FOLLOWED times an hour ──▶ parked ◀──┐ changed once more:
                                                               │       │ twice as long
                                                               ├───────┘
                                                               └──▶ the same as before: followed
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.core.logging import get_logger
from app.mailbox.errors import CommandRefused
from app.store.models import Mailbox
from app.sync.port import Syncing

FOLLOWED: Final = 3
"""An index may be rebuilt, and a backup restored and rebuilt after that: who does more within an
hour does not do it on purpose."""
_LATELY: Final = timedelta(hours=1)
_REMEMBERED: Final = timedelta(days=1)
_MOST_REMEMBERED: Final = 8
_SHORTEST: Final = timedelta(minutes=5)
_LONGEST: Final = timedelta(hours=1)
log = get_logger(__name__)


class FolderUnstable(CommandRefused):
    """Its UIDs do not last. `until`: when to look at it again."""

    def __init__(self, name: str, changes: int, until: datetime) -> None:
        super().__init__(
            f"The server has numbered the mails of the folder {name} anew {changes} times within "
            "a day (UIDVALIDITY), so nothing it says of them lasts.",
            fix="Ask whoever runs the mail server: a damaged index does that, or several servers "
            "behind one name. No mail is lost: the folder is looked at again now and then, and "
            "what has arrived is brought in once its numbers last.",
        )
        self.until = until


@dataclass(frozen=True, slots=True)
class Judgement:
    """What to make of a UIDVALIDITY that was shown."""

    changes: Sequence[datetime]
    """When it was seen to change, the latest last."""
    is_unstable: bool
    until: datetime | None
    """How long to let the folder be; None where its UIDs are to be followed now."""


def judge(
    changes: Sequence[datetime], *, has_changed: bool, was_unstable: bool, now: datetime
) -> Judgement:
    """Decide, given when it changed before. Pure. Changes in the future are of a wrong clock."""
    known = [one for one in changes if now - _REMEMBERED < one <= now]
    if has_changed:
        known = [*known, now][-_MOST_REMEMBERED:]
        lately = sum(one > now - _LATELY for one in known)
        if not was_unstable and lately <= FOLLOWED:
            return Judgement(known, is_unstable=False, until=None)
        return Judgement(known, is_unstable=True, until=now + _pause(known))
    until = known[-1] + _pause(known) if known else now
    if was_unstable and now < until:
        return Judgement(known, is_unstable=True, until=until)
    return Judgement(known, is_unstable=False, until=None)


def _pause(changes: Sequence[datetime]) -> timedelta:
    doublings = max(len(changes) - FOLLOWED - 1, 0)
    return min(_SHORTEST * (1 << doublings), _LONGEST)


async def note_uidvalidity(syncing: Syncing, mailbox: Mailbox, shown: int) -> None:
    """Note what the server shows, where that is not what we know or the folder was unstable.

    Raises `FolderUnstable` where the UIDs are not to be followed now.
    """
    now = syncing.clock.now()
    async with syncing.store.begin(syncing.workspace_id) as uow:
        await uow.accounts.owned(syncing.account_id, syncing.fence)
        row = await uow.mailboxes.get(mailbox.id)
        before = row.uidvalidity if row.shown_uidvalidity is None else row.shown_uidvalidity
        judgement = judge(
            row.uidvalidity_changes,
            has_changed=shown != before,
            was_unstable=row.unstable_since is not None,
            now=now,
        )
        row.shown_uidvalidity, row.uidvalidity_changes = shown, list(judgement.changes)
        if not judgement.is_unstable:
            row.unstable_since = None
        elif row.unstable_since is None:
            row.unstable_since = now
    if judgement.until is not None:
        log.warning("folder.unstable", folder=str(mailbox.id), changes=len(judgement.changes))
        raise FolderUnstable(mailbox.name, len(judgement.changes), judgement.until)
