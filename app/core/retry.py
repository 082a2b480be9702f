"""How long to wait before trying again, and how loudly to say so. Pure: time and chance come in.

A ladder is a list of rungs, `delay` or `delay@until`, in seconds: `0 60@600 300` reads "the first
time at once; then every minute while the outage is younger than ten minutes; then every five
minutes". The first rung is for the first failure only.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, Self

_FIRST_PAUSE: Final = timedelta(seconds=5)
_LONGEST_PAUSE: Final = timedelta(minutes=1)


class Severity(StrEnum):
    """How loudly a failure is logged: people sleep through the first minute of an outage."""

    DEBUG = "debug"
    INFO = "info"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Rung:
    delay: timedelta
    until: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RetryLadder:
    first: Rung
    rest: tuple[Rung, ...]
    jitter: float = 0.2
    """The share by which a delay is stretched at most, so that a thousand mailboxes that fell over
    together do not come back together."""
    most_retries: int = -1
    """After so many retries in one outage we give up until a person asks; -1: never."""

    @classmethod
    def parse(cls, text: str, *, jitter: float = 0.2, most_retries: int = -1) -> Self:
        """Read the notation above. Raises `ValueError` for anything else."""
        rungs = [_rung(word) for word in text.split()]
        if len(rungs) < 2 or any(rung.until is None for rung in rungs[1:-1]):
            raise ValueError(
                f"{text!r} is no retry ladder: write the first delay, then delay@until steps, "
                "then the last delay, in seconds, such as '0 60@600 300'"
            )
        return cls(rungs[0], tuple(rungs[1:]), jitter, most_retries)

    def delay(self, failures: int, outage: timedelta, chance: float) -> timedelta:
        """The wait after the `failures`-th failure (1 is the first) of an outage this old.

        `chance` is a number in [0, 1) that decides the jitter.
        """
        base = self.first.delay if failures <= 1 else self._rung_for(outage).delay
        return base * (1 + self.jitter * chance)

    def severity(self, failures: int, outage: timedelta) -> Severity:
        """An error on the last rung, worth a line on the one before it, else only of interest."""
        rungs = (self.first, *self.rest)
        rung = self.first if failures <= 1 else self._rung_for(outage)
        below = len(rungs) - 1 - rungs.index(rung)
        return {0: Severity.ERROR, 1: Severity.INFO}.get(below, Severity.DEBUG)

    def is_spent(self, failures: int) -> bool:
        """Whether the `failures`-th failure was the last one we put up with."""
        return 0 <= self.most_retries < failures

    def _rung_for(self, outage: timedelta) -> Rung:
        for rung in self.rest:
            if rung.until is None or outage < rung.until:
                return rung
        return self.rest[-1]


def pause_after_breaks(breaks: int) -> timedelta:
    """How long to pause when connections that worked break again and again.

    Each of them begins an outage of its own, whose first retry is at once; without a pause, a
    server that lets us in and hangs up would be called as fast as it answers.
    """
    if breaks <= 1:
        return timedelta(0)
    return min(_FIRST_PAUSE * 2.0 ** (min(breaks, 10) - 2), _LONGEST_PAUSE)


def _rung(word: str) -> Rung:
    delay, _, until = word.partition("@")
    return Rung(
        delay=timedelta(seconds=float(delay)),
        until=timedelta(seconds=float(until)) if until else None,
    )
