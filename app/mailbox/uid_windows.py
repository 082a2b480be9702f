"""Asking for very many UIDs by answers of a bounded length, however far apart the UIDs are.

A window is a range of UIDs that a SEARCH is asked for. UIDs have 32 bits, and some servers use all
of them for few mails: windows of equal width would then be eighty thousand questions. So where the
range is wide, the mails are counted off by their sequence numbers and the UID of every so-manieth
is asked for. A mail that leaves meanwhile makes a window emptier, never wider.
"""

from collections.abc import Callable, Iterator
from typing import Final

from app.mailbox.errors import CommandRefused

UIDS_A_SEARCH: Final = 50_000
"""Keeps the answer's line below imaplib's limit of a million bytes."""
_EQUAL_WINDOWS: Final = 20
"""So many windows of equal width are no trouble."""


def windows(
    first: int, last: int, *, exists: int, uid_of: Callable[[int], int | None]
) -> Iterator[range]:
    """Ranges from `first` to `last`, in a folder of `exists` mails.

    `uid_of` answers the UID of the n-th mail, None where there are fewer; it may be refused.
    """
    if first > last:
        return
    if exists <= UIDS_A_SEARCH:
        yield range(first, last + 1)
    elif last - first < _EQUAL_WINDOWS * UIDS_A_SEARCH:
        yield from _equal(first, last)
    else:
        yield from _counted_off(first, last, exists, uid_of)


def _equal(first: int, last: int) -> Iterator[range]:
    for start in range(first, last + 1, UIDS_A_SEARCH):
        yield range(start, min(start + UIDS_A_SEARCH, last + 1))


def _counted_off(
    first: int, last: int, exists: int, uid_of: Callable[[int], int | None]
) -> Iterator[range]:
    start, step = first, UIDS_A_SEARCH // 2
    for number in range(step, exists, step):
        try:
            uid = uid_of(number)
        except CommandRefused:
            if number == step:
                yield from _equal(first, last)
                return
            uid = None
        if uid is None or uid >= last:
            break
        if uid >= start:
            yield range(start, uid + 1)
            start = uid + 1
    yield range(start, last + 1)
