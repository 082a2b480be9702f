"""Whether a mail may be answered without a person: almost never. Pure.

Two machines that answer one another do not stop by themselves. So nothing that a machine wrote is
answered by one (RFC 3834 §2), nothing that leads back to ourselves, and nobody too often.
"""

from collections.abc import Collection
from typing import Final

from app.mail.address import Address
from app.mail.answer import Original
from app.mail.parsed import Automatic

MOST_TO_ONE: Final = 1
"""Automatic answers to one address in a day."""
MOST_IN_ALL: Final = 60
"""Automatic answers of one account in an hour: a machine may use a new address each time."""
_NOBODY: Final = (
    "mailer-daemon", "mail-daemon", "postmaster", "noreply", "no-reply", "no_reply", "donotreply",
    "do-not-reply", "bounce", "owner-", "listserv", "majordomo",
)  # fmt: skip


def nobody_reads(address: str) -> bool:
    """Whether its name says that answers to it are not read."""
    return address.lower().startswith(_NOBODY)


def why_not(
    original: Original,
    automatic: Automatic | None,
    recipients: Collection[Address],
    own: Collection[str],
    *,
    to_them_today: int = 0,
    in_all_this_hour: int = 0,
) -> str | None:
    """Why no machine may answer this mail; None where one may."""
    ours = {address.lower() for address in own}
    if original.is_ours:
        return "it is our own mail"
    if automatic is not None:
        return f"it was not written by a person ({automatic})"
    if original.sender.address.lower() in ours:
        return "it comes from one of our own addresses"
    if not recipients or not original.sender.address:
        return "nobody can be answered"
    for one in recipients:
        address = one.address.lower()
        if address in ours:
            return "the answer would come back to ourselves"
        if nobody_reads(address):
            return "nobody reads mail at that address"
    if to_them_today >= MOST_TO_ONE:
        return "they had an automatic answer already today"
    if in_all_this_hour >= MOST_IN_ALL:
        return "too many automatic answers left in this hour"
    return None
