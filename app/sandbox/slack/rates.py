"""How often a method may be called: Slack's tiers as token buckets.

Slack publishes the tiers and "about one message per second per channel", with short bursts allowed;
how long a burst may be is not published. Ours are guesses on the strict side.
"""

import math
from collections import defaultdict
from enum import Enum, StrEnum

from app.core.clock import Clock


class RateMode(StrEnum):
    OFF = "off"
    """Nothing is refused, except where a test asks for it (`FaultKind.RATE_LIMITED`)."""
    REAL = "real"


class Tier(Enum):
    """Calls a minute, and how many of them may come at once."""

    UNLIMITED = (0, 0)
    ONE = (1, 1)
    TWO = (20, 10)
    THREE = (50, 20)
    FOUR = (100, 40)
    POSTING = (60, 3)
    """For each channel by itself."""

    def __init__(self, calls_a_minute: int, burst: int) -> None:
        self.calls_a_minute = calls_a_minute
        self.burst = burst


class Rates:
    def __init__(self, clock: Clock, mode: RateMode) -> None:
        self.mode = mode
        self._clock = clock
        self._empty_until: dict[tuple[str, ...], float] = defaultdict(float)

    def wait_for(self, tier: Tier, *key: str) -> int:
        """Take a token; 0, or the whole seconds to wait where there is none.

        A bucket is kept as the moment at which it would be full again.
        """
        if self.mode is RateMode.OFF or tier is Tier.UNLIMITED:
            return 0
        each = 60 / tier.calls_a_minute
        now = self._clock.now().timestamp()
        full_at = max(self._empty_until[key], now)
        wait = full_at + each - now - tier.burst * each
        if wait > 1e-6:
            return math.ceil(wait)
        self._empty_until[key] = full_at + each
        return 0

    def clear(self) -> None:
        self._empty_until.clear()
