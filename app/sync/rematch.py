"""Which mail is which, after a folder was given new UIDs. Pure.

The UIDs are gone, but a mail still has its Message-ID, its size and the moment it was received.
Only what agrees in all of them is surely the same; what is left over may agree in fewer, as servers
that were moved recount sizes or forget dates.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final, TypeVar

from app.mailbox.port import Identity

Key = TypeVar("Key", bound=Hashable)


Feature = Callable[[Identity], Hashable | None]
"""What has to agree. None where a mail lacks it."""


def rematch(
    known: Mapping[Key, Identity],
    found: Mapping[int, Identity],
    features: Sequence[Feature] | None = None,
) -> dict[int, Key]:
    """The known mail that each found UID is; a UID that is not in the answer is unknown.

    Of the features the first counts first; without any, the ones for a reset are taken.
    """
    matched: dict[int, Key] = {}
    for feature in features or FEATURES:
        candidates = _by_feature(known, set(matched.values()), feature)
        for uid, identity in sorted(found.items()):
            what = feature(identity)
            if uid not in matched and what is not None and candidates[what]:
                matched[uid] = candidates[what].pop(0)
    return matched


def _by_feature(
    known: Mapping[Key, Identity], taken: set[Key], feature: Feature
) -> defaultdict[Hashable, list[Key]]:
    candidates: defaultdict[Hashable, list[Key]] = defaultdict(list)
    for key, identity in known.items():
        if key not in taken:
            candidates[feature(identity)].append(key)
    return candidates


def everything(identity: Identity) -> Hashable | None:
    return (identity.internet_message_id, identity.size, identity.internaldate)


def message_id_and_size(identity: Identity) -> Hashable | None:
    if identity.internet_message_id is None:
        return None
    return (identity.internet_message_id, identity.size)


def message_id_and_moment(identity: Identity) -> Hashable | None:
    if identity.internet_message_id is None:
        return None
    return (identity.internet_message_id, identity.internaldate)


def _message_id(identity: Identity) -> Hashable | None:
    return identity.internet_message_id


FEATURES: Final[Sequence[Feature]] = (everything, message_id_and_size, _message_id)
"""What counts after a reset."""
