"""Processes of one kind that are struck by faults and replaced, beside a running stack."""

import asyncio
import signal
from typing import Final

from app.bootstrap.worker import run_worker
from app.core.config import Settings
from tests.fixtures.stack import Stack, eventually
from tests.rig.faultfile import FaultFile

STRUCK_WITHIN: Final = 40


class Crew:
    """`size` processes at work, and one on standby for whoever dies."""

    def __init__(self, stack: Stack, process: str, faults: FaultFile) -> None:
        self._stack = stack
        self._process = process
        self._faults = faults
        self._standby: asyncio.subprocess.Process | None = None
        self.at_work: list[asyncio.subprocess.Process] = []

    async def muster(self, size: int) -> None:
        """See that so many are at work, all of them sound; a new one stands by."""
        while len(self.at_work) > size:
            await self._dismiss(self.at_work.pop())
        while len(self.at_work) < size:
            await self._call_in()
        if self._standby is None:
            self._standby = await self._hire()

    async def until_one_dies(self) -> None:
        """Wait until the fault has killed one of them; the others work on."""

        async def died() -> list[asyncio.subprocess.Process]:
            return [one for one in self.at_work if one.returncode is not None]

        (dead,) = await eventually(died, STRUCK_WITHIN)
        self.at_work.remove(dead)
        assert dead.returncode == -signal.SIGKILL, f"ended with {dead.returncode}, not by the fault"
        assert await self._faults.has_struck()

    async def _call_in(self) -> None:
        child = self._standby or await self._hire()
        self._standby = None
        assert child.stdin is not None
        child.stdin.write(b"go\n")
        await child.stdin.drain()
        self.at_work.append(child)

    async def _hire(self) -> asyncio.subprocess.Process:
        return await self._stack.put_on_standby(self._process, **self._faults.environment)

    async def _dismiss(self, child: asyncio.subprocess.Process) -> None:
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
