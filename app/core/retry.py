"""How long to wait before trying again. Pure: time and chance come in as arguments.

A ladder is a list of rungs, `delay` or `delay@until`, in seconds: `0 60@600 600` reads "the first
time at once; then every minute while the outage is younger than ten minutes; then every ten
minutes". The first rung is for the first failure only.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self


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

    @classmethod
    def parse(cls, text: str, *, jitter: float = 0.2) -> Self:
        """Read the notation above. Raises `ValueError` for anything else."""
        rungs = [_rung(word) for word in text.split()]
        if len(rungs) < 2 or any(rung.until is None for rung in rungs[1:-1]):
            raise ValueError(
                f"{text!r} is no retry ladder: write the first delay, then delay@until steps, "
                "then the last delay, in seconds, such as '0 60@600 600'"
            )
        return cls(first=rungs[0], rest=tuple(rungs[1:]), jitter=jitter)

    def delay(self, failures: int, outage: timedelta, chance: float) -> timedelta:
        """The wait after the `failures`-th failure (1 is the first) of an outage this old.

        `chance` is a number in [0, 1) that decides the jitter.
        """
        base = self.first.delay if failures <= 1 else self._rung_for(outage).delay
        return base * (1 + self.jitter * chance)

    def _rung_for(self, outage: timedelta) -> Rung:
        for rung in self.rest:
            if rung.until is None or outage < rung.until:
                return rung
        return self.rest[-1]


def _rung(word: str) -> Rung:
    delay, _, until = word.partition("@")
    return Rung(
        delay=timedelta(seconds=float(delay)),
        until=timedelta(seconds=float(until)) if until else None,
    )
