"""What happens in a random run, and when: drawn from a seed alone, so that it can be drawn again.

Whatever depends on the state of the run (which mail is clicked, which worker is killed) is drawn as
a number from 0 to 1 here, and chosen by it there.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

ACCOUNTS: Final = ("busy", "hostile", "control-1", "control-2")
ACTIONS: Final = ("archive", "archive", "archive", "delete", "spam", "flag", "mark_read", "undo")
INTERFERENCES: Final = ("flag", "move", "delete")
LOCAL: Final = (
    "cut proxy", "blackhole proxy", "drip proxy", "reset proxy",
    "hostile cut", "hostile bye", "hostile wrong tag", "hostile twice", "hostile refuse",
    "hostile uidvalidity", "hostile hang", "hostile vanish",
)  # fmt: skip
"""What strikes one mailbox, and must hurt no other."""
NEMESIS: Final = (
    "kill worker", "kill worker", "stop worker", "kill web", "crash postgres", "restart dovecot",
    "slack 429", "slack 500", "slack drop after", "slack drop before", "slack half body",
    "fault point", "fault point", *LOCAL,
)  # fmt: skip
CALM: Final = 0.1
"""For this share of a run nothing fails: what is usual can be measured."""
APART: Final = 0.4
"""Up to this share only single mailboxes are struck; after it, everything is."""
LARGE_SHARE: Final = 0.05
"""Of the mails, so many are larger than allowed and end in quarantine."""


@dataclass(frozen=True, slots=True)
class Step:
    """`at` is in seconds from the start of the run; `chance` and `size` are from 0 to 1."""

    at: float
    verb: str
    what: str
    chance: float
    size: float


def draw(seed: int, seconds: float) -> list[Step]:
    """The whole run, in order. What happens to one part of it does not depend on another."""
    calm, apart = CALM * seconds, APART * seconds
    steps = [
        *_some(f"{seed} deliver", (0, seconds), "deliver", ACCOUNTS, between=(0.4, 1.6)),
        *_some(f"{seed} act", (0, seconds), "act", ACTIONS, between=(1.5, 5.0)),
        *_some(f"{seed} interfere", (0, seconds), "interfere", INTERFERENCES, between=(4.0, 12.0)),
        *_some(f"{seed} local", (calm, apart), "nemesis", LOCAL, between=(3.0, 8.0)),
        *_some(f"{seed} nemesis", (apart, seconds), "nemesis", NEMESIS, between=(2.0, 6.0)),
    ]
    return sorted(steps, key=lambda step: step.at)


def _some(
    seed: str,
    span: tuple[float, float],
    verb: str,
    of: Sequence[str],
    *,
    between: tuple[float, float],
) -> Iterator[Step]:
    """Every kind once before any comes again, so that a short run, too, has most of them."""
    chance = random.Random(seed)
    at, bag = span[0] + chance.uniform(*between), list[str]()
    while at < span[1]:
        if not bag:
            bag = chance.sample(list(of), len(of))
        yield Step(at, verb, bag.pop(), chance.random(), chance.random())
        at += chance.uniform(*between)
