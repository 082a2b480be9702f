"""When a webhook's server is tried again, and when it is not any more. Pure."""

from datetime import datetime, timedelta
from typing import Final

from app.store.models import Webhook

_WAITS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600, 7200, 14400)
)
LONGEST_WAIT: Final = _WAITS[-1]
GIVE_UP_AFTER: Final = timedelta(days=3)
"""A server that took nothing for so long is not told any more, until somebody says so."""
_REFUSALS_OF_ONE: Final = 5
_PASSING: Final = frozenset({401, 403, 404, 408, 409, 421, 423, 425, 429})
"""What of the 4xx speaks of the server or the moment, rather than of this one event."""
GONE: Final = 410


def wait(attempts: int, asked_for: timedelta | None = None) -> timedelta:
    """How long to wait after so many failures. `asked_for`: what the server's Retry-After says."""
    ours = _WAITS[min(max(attempts, 1), len(_WAITS)) - 1]
    return min(max(ours, asked_for or ours), LONGEST_WAIT)


def is_to_wait(webhook: Webhook, now: datetime) -> bool:
    """Never for longer than the longest wait: a later moment is of a clock that was wrong."""
    at = webhook.next_try_at
    return at is not None and now < at <= now + LONGEST_WAIT


def is_refused_for_good(status: int | None, attempts: int) -> bool:
    """Whether the server has had this event often enough: it will not take it."""
    is_about_event = status is not None and 400 <= status < 500 and status not in _PASSING
    return is_about_event and attempts >= _REFUSALS_OF_ONE


def is_to_stop(webhook: Webhook, status: int | None, now: datetime) -> bool:
    since = webhook.failing_since
    return status == GONE or (since is not None and now - since >= GIVE_UP_AFTER)
