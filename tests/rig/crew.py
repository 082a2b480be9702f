"""Processes of one kind that are struck by faults and replaced, beside a running stack."""

import asyncio
import signal
from typing import Final

from app.bootstrap.worker import run_worker
from app.core.config import Settings
from tests.fixtures.stack import Stack, eventually
from tests.rig.faultfile import FaultFile
from tests.rig.nursery import Child

STRUCK_WITHIN: Final = 40


class Crew:
    """So many processes at work, and another one for whoever dies."""

    def __init__(self, stack: Stack, process: str, faults: FaultFile) -> None:
        self._stack = stack
        self._process = process
        self._faults = faults
        self.at_work: list[Child] = []

    async def muster(self, size: int) -> None:
        """See that so many are at work, all of them sound."""
        while len(self.at_work) > size:
            await self._dismiss(self.at_work.pop())
        while len(self.at_work) < size:
            self.at_work.append(self._stack.fork_child(self._process, **self._faults.environment))

    async def until_one_dies(self) -> None:
        """Wait until the fault has killed one of them; the others work on."""

        async def died() -> list[Child]:
            return [one for one in self.at_work if one.returncode is not None]

        (dead,) = await eventually(died, STRUCK_WITHIN)
        self.at_work.remove(dead)
        assert dead.returncode == -signal.SIGKILL, f"ended with {dead.returncode}, not by the fault"
        assert await self._faults.has_struck()

    async def _dismiss(self, child: Child) -> None:
        child.kill()
        await child.wait()


class Hands:
    """Workers within this very process, for faults that nobody dies of."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._at_work: list[tuple[asyncio.Event, asyncio.Task[None]]] = []

    async def muster(self, size: int) -> None:
        while len(self._at_work) > size:
            stop, task = self._at_work.pop()
            stop.set()
            await asyncio.wait_for(task, 30)
        while len(self._at_work) < size:
            stop = asyncio.Event()
            task = asyncio.create_task(run_worker(self._settings, stop))
            self._at_work.append((stop, task))
