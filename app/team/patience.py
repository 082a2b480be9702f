"""How long somebody who failed to sign in has to wait.

Each pair of who is tried and from where has a record of its own, and so has each place. Nobody who
guesses from elsewhere can keep the right person out: there is no lock on a name.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.core.crypto import digest
from app.core.errors import SharedBoxError
from app.core.findings import ago
from app.core.ids import WorkspaceId
from app.store.unit_of_work import Store

_FREE: Final = 5
_FREE_FROM_ONE_PLACE: Final = 50
_FIRST_WAIT: Final = timedelta(seconds=2)
_LONGEST_WAIT: Final = timedelta(minutes=15)
_FORGOTTEN_AFTER: Final = timedelta(hours=24)
_IPV6_NETWORK: Final = 64
"""Whoever has one address of it has all."""


class TooSoon(SharedBoxError):
    """The next attempt is not looked at yet. `seconds`: when it is."""

    def __init__(self, seconds: float) -> None:
        super().__init__("Too many attempts from here.", fix=f"Try again in {ago(seconds)}.")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: the record of the pair, and of the place."""

    pair: bytes
    place: bytes


def attempt_of(who: str, address: str) -> Attempt:
    place = place_of(address)
    return Attempt(digest(f"pair\n{who.strip().lower()}\n{place}"), digest(f"place\n{place}"))


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
        for key, free in ((attempt.pair, _FREE), (attempt.place, _FREE_FROM_ONE_PLACE)):
            row = await uow.members.attempt(key, now=now)
            if row.not_before > now:
                raise TooSoon((row.not_before - now).total_seconds())
            if row.last_at < now - _FORGOTTEN_AFTER:
                row.failures = 0
            row.failures += 1
            row.last_at, row.not_before = now, now + wait_after(row.failures, free)


async def succeeded(store: Store, attempt: Attempt) -> None:
    """Forget the attempts of the pair. Those of the place fade with time."""
    async with store.begin(await _home(store)) as uow:
        await uow.members.forget_attempts([attempt.pair])


async def _home(store: Store) -> WorkspaceId:
    """Where attempts are kept: before somebody is in, their workspace is not known."""
    async with store.across_workspaces() as fleet:
        return await fleet.default_workspace()
