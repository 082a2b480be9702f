"""Finding a command's mails again, however long ago they were last seen.

A UID is believed only where UIDVALIDITY is the same and the mail under it is the one we know: after
a reset the same number is another customer's mail. Otherwise the mail is looked for by what it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.core.ids import MailboxId
from app.mailbox.port import Identity, MailSession, Selected

_CANDIDATES: Final = 50
"""How many mails of the same Message-ID or size are compared, the newest first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One mail a command is about."""

    n: int
    """Its number among the command's targets."""
    mailbox_id: MailboxId
    uidvalidity: int
    uid: int
    identity: Identity


async def locate(
    session: MailSession, selected: Selected, wanted: Sequence[Wanted]
) -> dict[int, int]:
    """The present UID of each mail in the open folder, by `n`; absent where it is not there."""
    found: dict[int, int] = {}
    if believable := [one for one in wanted if one.uidvalidity == selected.uidvalidity]:
        there = await session.identify([one.uid for one in believable if one.uid])
        found = {one.n: one.uid for one in believable if _is(there, one.uid, one.identity)}
    for one in wanted:
        if one.n not in found and (uid := await search(session, one.identity)):
            found[one.n] = uid
    return found


async def search(
    session: MailSession, identity: Identity, *, believe_message_id: bool = False
) -> int | None:
    """The newest UID in the open folder that is this mail, if any.

    `believe_message_id`: where nothing agrees in all, the only mail of the same Message-ID will do.
    Some servers count a mail's size anew in another folder.
    """
    candidates = (await session.find(identity))[-_CANDIDATES:]
    if not candidates:
        return None
    there = await session.identify(candidates)
    exact = [uid for uid in candidates if _is(there, uid, identity)]
    if exact or not (believe_message_id and identity.internet_message_id):
        return exact[-1] if exact else None
    same = [uid for uid, one in there.items() if _same_message_id(one, identity)]
    return same[0] if len(same) == 1 else None


def _same_message_id(one: Identity, other: Identity) -> bool:
    return one.internet_message_id == other.internet_message_id


def _is(there: Mapping[int, Identity], uid: int, identity: Identity) -> bool:
    """Whether the mail under a UID is the one we mean.

    With a Message-ID the size must agree as well, since a sender may use one twice; without one,
    the size and the moment it was received.
    """
    one = there.get(uid)
    if one is None or one.internet_message_id != identity.internet_message_id:
        return False
    if one.size != identity.size:
        return False
    return bool(identity.internet_message_id) or one.internaldate == identity.internaldate
