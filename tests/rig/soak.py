"""A random run over all of SharedBox, that ends with every rule checked and a ledger printed.

    make soak SECONDS=300 SEED=1

Mails come in, people click, other mail clients interfere, and everything that can fail does:
workers are killed and stopped, Postgres crashes, Dovecot restarts, connections are cut, silenced
and slowed, Slack limits, refuses and drops, and one mail server misbehaves throughout. Then all is
healed, and once nothing is left to do the rules of `invariants` are checked. What happens, and
when, is drawn from the seed; how long the machine takes over it is not. Ends with 1 where a rule
was broken.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

import structlog

from tests.rig.deeds import Deeds
from tests.rig.history import Findings, History, Result
from tests.rig.invariants import FINAL, Violation, check
from tests.rig.plan import draw
from tests.rig.world import World

QUIESCE_SECONDS: Final = 180
_LASTING: Final = frozenset({"INV-BLAST", "INV-BOUND"})
"""What waiting cannot mend."""


async def run(
    folder: Path, *, seconds: float, seed: int, workers: int
) -> tuple[History, list[Violation]]:
    """Run, heal, wait, check; prints as it goes."""
    steps = draw(seed, seconds)
    async with World(folder, workers=workers) as world:
        _say(f"seed {seed}, {seconds:g} s, {workers} workers, {len(steps)} steps; {folder}")
        deeds, began = Deeds(world), time.monotonic()
        async with asyncio.TaskGroup() as group:
            for step in steps:
                await asyncio.sleep(max(began + step.at - time.monotonic(), 0))
                group.create_task(deeds.do(step))
        _say("all is done; healing")
        await world.heal()
        found, wrong = await _quiesce(world)
        world.history.write(folder / "history.jsonl")
    for line in ledger(world, found, wrong):
        _say(line)
    return world.history, wrong


async def _quiesce(world: World) -> tuple[Findings, list[Violation]]:
    """Wait until nothing is left to be done, or no hope that it will be.

    What waits for a later attempt is tried at once; it still has no more than five.
    """
    deadline = time.monotonic() + QUIESCE_SECONDS
    while True:
        found = await world.findings()
        wrong = check(world.history, found)
        if not [one for one in wrong if one.rule not in _LASTING] or time.monotonic() > deadline:
            return found, wrong
        await asyncio.to_thread(world.database.make_due)
        await asyncio.sleep(2)


def ledger(world: World, found: Findings, wrong: list[Violation]) -> list[str]:
    """What was done and what became of it, in numbers."""
    history = world.history
    sent = Counter(one.result for one in history.deliveries)
    asked = Counter(one.result for one in history.asked)
    states = Counter(one.state for one in found.commands)
    live = {one.post_id for one in found.shown if one.gone is None}
    posted = sum(bool(live.intersection(one.post_ids)) for one in found.kept)
    quarantined = sum(one.state == "quarantined" for one in found.entries)
    broken = Counter(one.rule for one in wrong)
    troubles = Counter(one.what for one in history.troubles)
    twins = len(found.shown) - len({one.post_id for one in found.shown})
    mails = (
        f"mails: {sum(sent.values())} delivered ({sent[Result.UNKNOWN]} of them perhaps), "
        f"{posted} posted, {quarantined} quarantined, {len(history.interferences)} moved or "
        "deleted by other clients"
    )
    commands = (
        f"commands: {sum(asked.values())} asked ({asked[Result.UNKNOWN]} of them perhaps), "
        f"{states['done'] + states['undone']} applied, {states['failed']} failed, "
        f"{sum(n for state, n in states.items() if state not in FINAL)} open"
    )
    struck = ", ".join(f"{what} {n}" for what, n in sorted(troubles.items()))
    lost = f"lost {broken['INV-LOSS']}, doubled {broken['INV-ONCE']}"
    return [
        mails,
        commands,
        f"troubles: {sum(troubles.values())}: {struck}",
        f"{lost} ({twins} twins were found and deleted)",
        *map(str, wrong),
        "every rule held" if not wrong else f"{len(wrong)} VIOLATIONS",
    ]


def _say(line: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description="A random run over all of SharedBox.")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where history and logs are kept")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    folder = given.folder or Path(tempfile.mkdtemp(prefix="sharedbox-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    _, wrong = asyncio.run(
        run(folder, seconds=given.seconds, seed=given.seed, workers=given.workers)
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
