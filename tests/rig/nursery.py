"""Processes of SharedBox that begin with all their imports behind them.

To import everything takes two seconds of a processor, and the tests replace killed processes by the
dozen. So one process that did it forks the others, each with an environment and a folder of its
own. `Stack.start_child` starts one as an operator would.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.__main__ import main
from app.core import faults

_LOOK_SECONDS: Final = 0.02
_FORKING: Final = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["app.__main__", "app.bootstrap.web", "app.bootstrap.worker"])


class Child:
    """`sharedbox run` in a process of its own; it speaks as `asyncio.subprocess.Process` does."""

    def __init__(self, process: str, environment: Mapping[str, str], folder: Path) -> None:
        self._process = _FORKING.Process(
            target=_become,
            args=(process, dict(environment), folder),
            daemon=True,  # it ends with the tests at the latest
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    async def wait(self) -> int:
        while (code := self.returncode) is None:
            await asyncio.sleep(_LOOK_SECONDS)
        return code

    def send_signal(self, number: int) -> None:
        if self.returncode is not None:
            raise ProcessLookupError(self.pid)
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _become(process: str, environment: Mapping[str, str], folder: Path) -> None:
    """What a shell would have set, what was read from it at the import, and the command."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    faults._FILE = environment.get("SHAREDBOX_FAULT_FILE", "")
    sys.argv = ["sharedbox", "run", process]
    main()
