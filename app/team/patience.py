"""How long somebody who failed to sign in has to wait.

Each pair of who is tried and from where has a record of its own, and so has each place. Nobody who
guesses from elsewhere can keep the right person out: there is no lock on a name. Codes are six
digits only, so those of one person are counted from wherever they come, too: that takes the
password.
"""

import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from app.core.crypto import digest
from app.core.errors import SharedBoxError
from app.core.findings import ago
from app.core.ids import TeammateId, WorkspaceId
from app.store.unit_of_work import Store

_FREE: Final = 5
_FREE_FROM_ONE_PLACE: Final = 50
_FIRST_WAIT: Final = timedelta(seconds=2)
_LONGEST_WAIT: Final = timedelta(minutes=15)
_FREE_CODES: Final = 20
"""Of one person, from everywhere: whoever has a network of IPv6 has many places."""
_FADES_IN: Final = timedelta(minutes=30)
"""One failure, while there are no attempts."""
_FORGOTTEN_AFTER: Final = timedelta(hours=24)
_IPV6_NETWORK: Final = 64
"""Whoever has one address of it has all."""


class TooSoon(SharedBoxError):
    """The next attempt is not looked at yet. `seconds`: when it is."""

    def __init__(self, seconds: float, said: str = "Too many attempts from here.") -> None:
        super().__init__(said, fix=f"Try again in {ago(seconds)}.")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: the record of the pair, of the place, and of all codes of the person."""

    pair: bytes
    place: bytes
    codes: bytes | None = None

    @property
    def records(self) -> list[tuple[bytes, int, str]]:
        """Of each its key, how many attempts are free, and what is said when they are used up."""
        here = "Too many attempts from here."
        found = [(self.pair, _FREE, here), (self.place, _FREE_FROM_ONE_PLACE, here)]
        if self.codes is not None:
            found.append((self.codes, _FREE_CODES, "Too many wrong codes."))
        return found


def attempt_of(who: str, address: str) -> Attempt:
    place = place_of(address)
    return Attempt(digest(f"pair\n{who.strip().lower()}\n{place}"), digest(f"place\n{place}"))


def code_attempt_of(teammate_id: TeammateId, address: str) -> Attempt:
    pair = attempt_of(f"code of {teammate_id}", address)
    return replace(pair, codes=digest(f"codes\n{teammate_id}"))


def place_of(address: str) -> str:
    """The address, or the network that whoever has it holds."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _IPV6_NETWORK), strict=False))
    return str(parsed)


def wait_after(failures: int, free: int) -> timedelta:
    """None for the first few, then twice as long each time."""
    if failures < free:
        return timedelta(0)
    wait: timedelta = _FIRST_WAIT * 2 ** min(failures - free, 20)
    return min(wait, _LONGEST_WAIT)


async def begin(store: Store, attempt: Attempt, *, now: datetime) -> None:
    """Count an attempt before it is looked at: of many at once, none is free. Raises `TooSoon`."""
    async with store.begin(await _home(store)) as uow:
        for key, free, said in attempt.records:
            row = await uow.members.attempt(key, now=now)
            if row.not_before > now:
                raise TooSoon((row.not_before - now).total_seconds(), said)
            row.failures = left_of(row.failures, now - row.last_at) + 1
            row.last_at, row.not_before = now, now + wait_after(row.failures, free)


def left_of(failures: int, quiet: timedelta) -> int:
    """How many still count after a time without any."""
    if quiet > _FORGOTTEN_AFTER:
        return 0
    return max(failures - max(quiet // _FADES_IN, 0), 0)


async def succeeded(store: Store, attempt: Attempt) -> None:
    """It was no failure: forget those of the person, and take this one back from the place.

    A house full of people who sign in rightly is not slowed down.
    """
    async with store.begin(await _home(store)) as uow:
        await uow.members.forget_attempts([attempt.pair, *filter(None, [attempt.codes])])
        await uow.members.take_back_attempt(attempt.place)


async def _home(store: Store) -> WorkspaceId:
    """Where attempts are kept: before somebody is in, their workspace is not known."""
    async with store.across_workspaces() as fleet:
        return await fleet.default_workspace()
