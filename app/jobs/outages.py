"""Who waits in an outage: what fell over together comes back together.

Most outages are not one mailbox's. When a server, a network or a name service returns, the first
account that gets through tells the others, which need not wait for their own turn on the ladder.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_TOGETHER: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    since: datetime
    wake: Callable[[], None]


class Outages:
    """The accounts of one worker that wait for their servers."""

    def __init__(self) -> None:
        self._waiting: set[_Waiting] = set()

    @contextmanager
    def waiting(self, since: datetime, wake: Callable[[], None]) -> Iterator[None]:
        """Be called when an outage that began at about the same time is over."""
        one = _Waiting(since, wake)
        self._waiting.add(one)
        try:
            yield
        finally:
            self._waiting.discard(one)

    def is_over(self, since: datetime) -> int:
        """An outage that began then is over; answers how many others were told."""
        others = [one for one in self._waiting if abs(one.since - since) <= _TOGETHER]
        for one in others:
            one.wake()
        return len(others)
