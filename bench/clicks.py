"""From a click to what it changes, in Slack and on the mail server, while many are watched."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from app.sandbox.slack.interactions import Outcome
from bench.installation import Installation, channel, installation
from bench.mails import make
from bench.report import percentile, table
from bench.witness import Counter

_CLICKED: Final = "clicked@example.com"
_ROOM: Final = channel(0)
_WHO: Final = "Ana"
_APART: Final = 1.3
"""Seconds between two clicks: the account's connection is back in IDLE, as it is in life."""
_LONGEST: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Click:
    """Of one click, in seconds after it."""

    acknowledged: float
    """Slack had our answer, which comes once the wish is committed."""
    shown: float
    """Slack had the card that shows it."""
    moved: float = 0
    """The mail server had done it."""
    told: float = 0
    """Slack had the card that says that it is done."""


async def clicks(accounts: int, count: int, settle: int) -> str:
    """The table of one installation that watches so many accounts."""
    others = {f"user{number}@example.com": "bench-password" for number in range(accounts - 1)}
    with tempfile.TemporaryDirectory(prefix="sharedbox-bench-") as name:
        async with installation(Path(name), {**others, _CLICKED: "bench-password"}) as here:
            await here.slack.connect(f"{here.url}/slack/events")
            await here.connect(_CLICKED, _ROOM)
            for number, user in enumerate(others):
                await here.connect(user, channel(1 + number))
            await here.until_live(accounts)
            await asyncio.sleep(settle)
            cards = await _cards(here, count)
            assigned = [await _assign(here, ts) for ts in cards]
            password = here.dovecot.password(_CLICKED)
            port, ca_file = here.dovecot.imaps_port, here.dovecot.ca_file
            with Counter(port, ca_file, _CLICKED, password) as counter:
                archived = [await _archive(here, counter, ts) for ts in cards]
    head = f"{accounts} accounts watched, {count} clicks of each kind."
    return f"{head}\n\n{_table(assigned, archived)}"


async def _cards(here: Installation, count: int) -> list[str]:
    """The cards of so many mails, each a conversation of its own."""
    first = (raw for raw in make(4 * count, "small") if b"\r\nIn-Reply-To:" not in raw)
    for number, raw in enumerate(islice(first, count), 1):
        await here.dovecot.deliver(_CLICKED, raw)
        await here.slack.wait_for(
            lambda number=number: len(here.slack.messages(_ROOM)) >= number,  # type: ignore[misc]
            _LONGEST,
        )
    return [str(card["ts"]) for card in here.slack.messages(_ROOM)]


async def _assign(here: Installation, ts: str) -> _Click:
    """*Assign to me*: nothing but the card changes."""
    await asyncio.sleep(_APART)
    clicked = time.time()
    acknowledged = await _done(here.slack.click(_WHO, _ROOM, ts, "conversation.assign_me"))
    return _Click(acknowledged - clicked, await _edited(here, ts, clicked) - clicked)


async def _archive(here: Installation, counter: Counter, ts: str) -> _Click:
    """*Archive*: the mail leaves INBOX on the server."""
    await asyncio.sleep(_APART)
    before = await asyncio.to_thread(counter.count)
    moving = asyncio.create_task(asyncio.to_thread(counter.wait_for_fewer, before, _LONGEST))
    clicked = time.time()
    acknowledged = await _done(here.slack.choose_overflow(_WHO, _ROOM, ts, "Archive"))
    shown = await _edited(here, ts, clicked)
    told = await _edited(here, ts, clicked, "Archived")
    moved = await moving
    return _Click(acknowledged - clicked, shown - clicked, moved - clicked, told - clicked)


async def _done(acting: Awaitable[Outcome]) -> float:
    """When the click was acknowledged."""
    outcome = await acting
    if not outcome.ok:
        raise RuntimeError(f"The click came to nothing: {outcome}")
    return time.time()


async def _edited(here: Installation, ts: str, since: float, words: str = "") -> float:
    """When Slack first had the card with these words after that."""

    def find() -> float | None:
        for write in reversed(here.slack.writes):
            if write.at < since:
                break
            if write.method == "chat.update" and write.ts == ts and words in str(write.arguments):
                found.append(write.at)
        return min(found, default=None)

    found: list[float] = []
    await here.slack.wait_for(find, _LONGEST)
    return min(found)


def _table(assigned: list[_Click], archived: list[_Click]) -> str:
    steps = {
        "click → committed and acknowledged": [one.acknowledged for one in assigned + archived],
        "click → the card shows it": [one.shown for one in assigned + archived],
        "*Archive* → the mail server has done it": [one.moved for one in archived],
        "*Archive* → the card says so": [one.told for one in archived],
    }
    rows = [
        [name, *(f"{1000 * percentile(times, at):.0f}" for at in (50, 99))]
        for name, times in steps.items()
    ]
    return table(["way of a click", "p50 ms", "p99 ms"], rows)
