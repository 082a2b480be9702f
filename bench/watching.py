"""Many accounts at once, on the real worker: what an idle mailbox costs, and the way of a mail."""

import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.installation import Installation, channel, installation
from bench.mails import make
from bench.processes import cpu_seconds, resident_mb, threads
from bench.report import percentile, table
from bench.witness import Witness

_WITNESSED: Final = "witnessed@example.com"
_APART: Final = 1.3
"""Seconds between two mails: SharedBox itself posts once a second in a channel."""
_LONGEST: Final = 30.0
_SETTLE: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Idle:
    """What a worker uses that watches so many accounts."""

    accounts: int
    resident_mb: float
    threads: int
    cpu_ms_a_minute: float
    """For each account."""


@dataclass(frozen=True, slots=True)
class _Way:
    """Of one mail, in seconds after the server had taken it."""

    announced: float
    """A bare client that waits in IDLE was told of it."""
    posted: float
    """Slack had the request."""


async def watching(accounts: int, mails: int, settle: int, quiet: int) -> str:
    """The tables of one installation that watches so many accounts.

    `settle` is how many seconds pass between the last one's connecting and the quiet: the first
    looks at a folder cost more than those of the rest of its life, and take a minute to be over.
    """
    users = {f"user{number}@example.com": "bench-password" for number in range(accounts - 1)}
    with tempfile.TemporaryDirectory(prefix="sharedbox-bench-") as name:
        async with installation(Path(name), {**users, _WITNESSED: "bench-password"}) as here:
            await here.connect(_WITNESSED, channel(0))
            await here.until_live(1)
            await _announce(here)
            await asyncio.sleep(_SETTLE)
            before = resident_mb(here.worker_pid)
            started = time.perf_counter()
            for number, user in enumerate(users):
                await here.connect(user, channel(number))
            await here.until_live(accounts)
            took = time.perf_counter() - started
            await asyncio.sleep(settle)
            idle = await _idle(here, accounts, quiet)
            ways = await _ways(here, mails)
    return "\n".join([
        f"{accounts} accounts connected and live after {took:.1f} s.\n",
        _idle_table(idle, before),
        "",
        _way_table(ways),
    ])  # fmt: skip


async def _announce(here: Installation) -> None:
    """A mail in each watched folder of one account: the server shows that it announces mail."""
    inbox, sent = make(2, "small")
    before = _posts(here)
    await here.dovecot.deliver(_WITNESSED, inbox)
    await _next_post(here, before)
    await here.dovecot.save(_WITNESSED, "Sent", sent)


async def _idle(here: Installation, accounts: int, quiet: int) -> _Idle:
    used = cpu_seconds(here.worker_pid)
    await asyncio.sleep(quiet)
    used = cpu_seconds(here.worker_pid) - used
    return _Idle(
        accounts=accounts,
        resident_mb=resident_mb(here.worker_pid),
        threads=threads(here.worker_pid),
        cpu_ms_a_minute=1000 * used / accounts * 60 / quiet,
    )


async def _ways(here: Installation, mails: int) -> list[_Way]:
    ways = []
    password = here.dovecot.password(_WITNESSED)
    with Witness(here.dovecot.imaps_port, here.dovecot.ca_file, _WITNESSED, password) as witness:
        for raw in make(mails, "small"):
            announced = asyncio.create_task(asyncio.to_thread(witness.wait, _LONGEST))
            posts = _posts(here)
            await asyncio.sleep(_APART)
            await here.dovecot.deliver(_WITNESSED, raw)
            taken = time.time()
            posted = await _next_post(here, posts)
            ways.append(_Way(await announced - taken, posted - taken))
    return ways


def _posts(here: Installation) -> int:
    return sum(write.method == "chat.postMessage" for write in here.slack.writes)


async def _next_post(here: Installation, before: int) -> float:
    """When Slack took the next post."""
    await here.slack.wait_for(lambda: _posts(here) > before, _LONGEST)
    return next(w.at for w in reversed(here.slack.writes) if w.method == "chat.postMessage")


def _idle_table(idle: _Idle, before: float) -> str:
    grown = 1000 * (idle.resident_mb - before) / (idle.accounts - 1)
    head = ["accounts", "worker MB", "kB each", "threads", "CPU ms a minute each"]
    row = [
        str(idle.accounts),
        f"{idle.resident_mb:.0f}",
        f"{grown:.0f}",
        str(idle.threads),
        f"{idle.cpu_ms_a_minute:.2f}",
    ]
    return table(head, [row])


def _way_table(ways: list[_Way]) -> str:
    steps = {
        "delivered → a bare client is told": [way.announced for way in ways],
        "delivered → Slack has the post": [way.posted for way in ways],
        "told → Slack has the post": [way.posted - way.announced for way in ways],
    }
    head = ["way of a mail", "p50 ms", "p99 ms"]
    rows = [
        [name, *(f"{1000 * percentile(times, at):.0f}" for at in (50, 99))]
        for name, times in steps.items()
    ]
    return table(head, rows)
