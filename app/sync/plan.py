"""What to do in a folder, decided from what we know and what the server says. Pure.

We remember two numbers of a folder, UIDVALIDITY and the watermark: below it every UID is settled.
The decision carries its reason, which ends in the log.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.mailbox.port import Listing, Selected


@dataclass(frozen=True, slots=True)
class Known:
    """What we remember of a folder. None before the first look."""

    uidvalidity: int | None
    watermark: int | None
    pending: int = 0
    """UIDs that were begun and are not settled."""


class Kind(StrEnum):
    BEGIN = "begin"
    """Never looked before: remember where the folder stands, and bring in nothing."""
    NOTHING = "nothing"
    LOOK = "look"
    """Search from the watermark on."""
    RESET = "reset"
    """The UIDs mean other mails now: match what we know, find what arrived in between."""
    UNUSABLE = "unusable"
    """A server without UIDVALIDITY has no lasting UIDs (RFC 3501 §2.3.1.1)."""


@dataclass(frozen=True, slots=True)
class SyncPlan:
    kind: Kind
    reason: str


def plan(known: Known, selected: Selected) -> SyncPlan:
    """Compare a folder with what we remember of it."""
    if known.uidvalidity is None or known.watermark is None:
        if selected.uidvalidity is None:
            return SyncPlan(Kind.UNUSABLE, "the server gives no UIDVALIDITY")
        return SyncPlan(Kind.BEGIN, "first look")
    if selected.uidvalidity is None:
        return SyncPlan(Kind.LOOK, "the server left UIDVALIDITY out; taken as unchanged")
    if selected.uidvalidity != known.uidvalidity:
        return SyncPlan(
            Kind.RESET, f"UIDVALIDITY was {known.uidvalidity} and is {selected.uidvalidity}"
        )
    if known.pending:
        return SyncPlan(Kind.LOOK, f"{known.pending} UIDs are not settled")
    if selected.uidnext is None:
        return SyncPlan(Kind.LOOK, "UIDNEXT unknown")
    if selected.uidnext <= known.watermark:
        return SyncPlan(Kind.NOTHING, f"UIDNEXT is {selected.uidnext}, all below is settled")
    return SyncPlan(Kind.LOOK, f"UIDNEXT is {selected.uidnext}, settled below {known.watermark}")


def watermark_after(watermark: int, found: Sequence[int], unsettled: Collection[int]) -> int:
    """The new watermark, given the UIDs the server showed and those of them not settled yet.

    It moves over the settled beginning only, to the highest UID that was really seen: the server's
    UIDNEXT is a promise, and some have promised too early.
    """
    if unsettled:
        return min(unsettled)
    return max([watermark - 1, *found]) + 1


def batches(
    listings: Sequence[Listing], *, most_bytes: int, most_mails: int
) -> list[list[Listing]]:
    """Cut the work into portions by bytes, so that memory does not depend on how much there is."""
    portions: list[list[Listing]] = []
    size = 0
    for listing in listings:
        full = not portions or len(portions[-1]) >= most_mails or size + listing.size > most_bytes
        if full:
            portions.append([])
            size = 0
        portions[-1].append(listing)
        size += listing.size
    return portions
