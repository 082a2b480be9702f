"""How many accounts a worker should have, decided from how many there are of each. Pure.

Every worker takes what nobody has up to the fair share, rounded up, so that together they always
have room for all. Beyond it a worker hands accounts over, but only once the number of workers has
stood still for a moment: one that restarts is back before anybody moves.
"""

import math
from dataclasses import dataclass
from typing import Final

_MOST_TAKEN: Final = 100
"""At once; the next portion follows at the next claim."""
_MOST_RELEASED: Final = 50
"""At once: about as many as the one who takes them can connect before the next are handed over, so
that no account is without a connection for longer than a few seconds."""


@dataclass(frozen=True, slots=True)
class Share:
    """What to do now."""

    take: int = 0
    release: int = 0


def share(*, owned: int, accounts: int, workers: int, settled: bool) -> Share:
    """What a worker with so many accounts does beside `workers` live ones, itself included."""
    fair = math.ceil(accounts / max(workers, 1))
    if owned < fair:
        return Share(take=min(fair - owned, _MOST_TAKEN))
    slack = fair // 20
    if settled and owned > fair + slack:
        return Share(release=min(owned - fair, _MOST_RELEASED))
    return Share()
