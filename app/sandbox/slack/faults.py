"""Faults that a test asks for: what goes wrong, with which method, how many times."""

from collections import defaultdict, deque
from dataclasses import dataclass
from enum import StrEnum

ANY_METHOD = "*"


class FaultKind(StrEnum):
    ERROR = "error"
    """Answered `{"ok": false}` with `error`; nothing was accepted."""
    HTTP = "http"
    """Answered with the HTTP `status`; nothing was accepted."""
    RATE_LIMITED = "rate_limited"
    """Answered 429 with `Retry-After: seconds`; nothing was accepted."""
    RATE_LIMITED_SILENTLY = "rate_limited_silently"
    """Answered 429 without saying how long to wait; nothing was accepted."""
    DROP_BEFORE = "drop_before"
    """The connection breaks; nothing was accepted."""
    DELAY = "delay"
    """Nothing happens for `seconds`; then all goes well."""
    DROP_AFTER = "drop_after"
    """Accepted; then the connection breaks without an answer."""
    RESET_AFTER = "reset_after"
    """Accepted; then the connection is reset, without a word and without a farewell (RST)."""
    HANG_AFTER = "hang_after"
    """Accepted; the answer never comes."""
    HTTP_AFTER = "http_after"
    """Accepted; answered with the HTTP `status` all the same."""
    HALF_BODY = "half_body"
    """Accepted; the answer breaks off in the middle."""

    @property
    def before(self) -> bool:
        """Whether it strikes before the call is accepted."""
        return self in _BEFORE


_BEFORE = frozenset(
    {
        FaultKind.ERROR,
        FaultKind.HTTP,
        FaultKind.RATE_LIMITED,
        FaultKind.RATE_LIMITED_SILENTLY,
        FaultKind.DROP_BEFORE,
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    kind: FaultKind
    error: str = "fatal_error"
    status: int = 500
    seconds: float = 1.0


class Faults:
    """Waiting faults by method; `*` strikes whichever method comes next."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Fault]] = defaultdict(deque)

    def add(self, method: str, fault: Fault, times: int = 1) -> None:
        self._waiting[method].extend([fault] * times)

    def take(self, method: str) -> Fault | None:
        for name in (method, ANY_METHOD):
            if waiting := self._waiting.get(name):
                return waiting.popleft()
        return None

    def waiting(self) -> int:
        return sum(len(faults) for faults in self._waiting.values())

    def clear(self) -> None:
        self._waiting.clear()
