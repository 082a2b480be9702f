"""What others changed about mails we know: what to ask the server, and what its answer means. Pure.

Of a folder we remember what it was like at the last comparison: EXISTS, UIDNEXT and, where the
server keeps it, HIGHESTMODSEQ. The numbers of the present tell how much has to be compared:

    EXISTS and UIDNEXT grew alike    only additions: no mail left
    any other way                    some may have left: look whether ours are still there
    HIGHESTMODSEQ is the same        no flag changed
    it is higher                     ask which changed since (SEARCH MODSEQ)
    it went back                     compare the flags of every mail
    none is kept (NOMODSEQ)          compare the newest at each look, every one now and then

VANISHED (QRESYNC) is not asked for: IMAPClient takes neither its SELECT parameter nor a range of
UIDs, and once enabled it would replace EXPUNGE in every answer. The difference of two sets of UIDs
tells the same.

A wish of ours that waits shields what it is about: until it is settled, news about it is neither
believed nor forgotten.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.ids import MessageId
from app.mail.flags import ANSWERED, FLAGGED, RECENT, SEEN
from app.mailbox.port import Selected
from app.store.models import CommandType

PLACE: Final = "place"
"""Where a mail lies, as a field beside its flags."""
SHOWN: Final = frozenset({SEEN, FLAGGED, ANSWERED})
"""The flags that a card shows."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a folder was like when it was last compared. None where that is not known."""

    exists: int | None
    uidnext: int | None
    highestmodseq: int | None


class Flags(StrEnum):
    """Whose flags to compare."""

    NONE = "none"
    SINCE = "since"
    """Of the mails that changed since the baseline's HIGHESTMODSEQ."""
    NEWEST = "newest"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Question:
    """How much to compare; nothing where both say so."""

    flags: Flags
    may_have_left: bool
    reason: str

    @property
    def is_empty(self) -> bool:
        return self.flags is Flags.NONE and not self.may_have_left


def question(known: Baseline, said: Selected) -> Question:
    """What has to be asked, given the numbers of then and now."""
    flags, why_flags = _flags(known, said)
    left, why_left = _may_have_left(known, said)
    return Question(flags, left, f"{why_flags}; {why_left}")


def tells_all(said: Selected) -> bool:
    """Whether any change in the folder shows in its numbers, so that the same ones mean none."""
    known = Baseline(said.exists, said.uidnext, said.highestmodseq)
    return said.is_fresh and question(known, said).is_empty


def _flags(known: Baseline, said: Selected) -> tuple[Flags, str]:
    if said.highestmodseq is None:
        return Flags.NEWEST, "no HIGHESTMODSEQ"
    if known.highestmodseq is None:
        return Flags.ALL, "HIGHESTMODSEQ is new here"
    if said.highestmodseq < known.highestmodseq:
        return Flags.ALL, f"HIGHESTMODSEQ went back from {known.highestmodseq}"
    if said.highestmodseq > known.highestmodseq:
        return Flags.SINCE, f"HIGHESTMODSEQ was {known.highestmodseq} and is {said.highestmodseq}"
    return Flags.NONE, "no flag changed"


def _may_have_left(known: Baseline, said: Selected) -> tuple[bool, str]:
    if known.exists is None or known.uidnext is None or said.uidnext is None:
        return True, "EXISTS or UIDNEXT of before is not known"
    came, grew = said.uidnext - known.uidnext, said.exists - known.exists
    if came == grew:
        return False, f"{came} came and none left"
    return True, f"UIDNEXT grew by {came} and EXISTS by {grew}"


@dataclass(frozen=True, slots=True)
class KnownMail:
    """A mail of ours as the ledger has it."""

    uid: int
    message_id: MessageId
    flags: Collection[str]


@dataclass(frozen=True, slots=True)
class FlagsDiffer:
    mail: KnownMail
    flags: tuple[str, ...]
    """What they are on the server."""

    @property
    def added(self) -> frozenset[str]:
        return frozenset(self.flags) - frozenset(self.mail.flags)

    @property
    def removed(self) -> frozenset[str]:
        return frozenset(self.mail.flags) - frozenset(self.flags) - {RECENT}

    @property
    def is_shown(self) -> bool:
        return bool((self.added | self.removed) & SHOWN)


@dataclass(frozen=True, slots=True)
class Left:
    """The mail is no longer under its UID."""

    mail: KnownMail


Difference = FlagsDiffer | Left


def differences(
    known: Collection[KnownMail], server: Mapping[int, tuple[str, ...] | None]
) -> list[Difference]:
    """What differs, by what the server says of exactly these mails.

    A mail that is not in its answer has left; flags that it left out have not changed.
    """
    found: list[Difference] = []
    for mail in known:
        if mail.uid not in server:
            found.append(Left(mail))
            continue
        flags = server[mail.uid]
        if flags is not None and set(flags) != set(mail.flags) - {RECENT}:
            found.append(FlagsDiffer(mail, flags))
    return found


_SHIELDED: Final = {
    CommandType.ARCHIVE: frozenset({PLACE}),
    CommandType.MOVE: frozenset({PLACE}),
    CommandType.DELETE: frozenset({PLACE}),
    CommandType.SPAM: frozenset({PLACE}),
    CommandType.FLAG: frozenset({FLAGGED}),
    CommandType.UNFLAG: frozenset({FLAGGED}),
    CommandType.MARK_READ: frozenset({SEEN}),
    CommandType.MARK_UNREAD: frozenset({SEEN}),
    CommandType.RESTORE: frozenset({PLACE, FLAGGED, SEEN}),
    CommandType.FILE_SENT: frozenset({ANSWERED}),
}


def shield(wishes: Collection[CommandType]) -> frozenset[str]:
    """The fields of a mail that are ours while these wishes for it wait."""
    return frozenset().union(*(_SHIELDED.get(wish, frozenset()) for wish in wishes))


def believe(difference: Difference, shielded: Collection[str]) -> tuple[Difference | None, bool]:
    """What of it may be believed now, and whether something has to be asked again later."""
    match difference:
        case Left() if PLACE in shielded:
            return None, True
        case FlagsDiffer(mail, flags):
            kept = {flag for flag in mail.flags if flag in shielded}
            believed = tuple(flag for flag in flags if flag not in shielded) + tuple(sorted(kept))
            later = set(believed) != set(flags)
            if set(believed) == set(mail.flags) - {RECENT}:
                return None, later
            return FlagsDiffer(mail, believed), later
        case _:
            return difference, False
