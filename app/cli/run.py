"""`sharedbox run`: the long-running processes."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import IO, Annotated, Final

import typer
import uvloop

from app.bootstrap.opening import open_database
from app.cli.output import errors, explain, settings
from app.core.config import Settings
from app.core.errors import SharedBoxError
from app.core.logging import configure_logging, get_logger
from app.core.memory import set_aside
from app.core.python import check_python
from app.store.engine import conninfo

_STOP_SECONDS: Final = 20
_LONGEST_WAIT: Final = 30.0
log = get_logger(__name__)
Work = Callable[[Settings, asyncio.Event], Awaitable[None]]


class Process(StrEnum):
    WEB = "web"
    WORKER = "worker"
    ALL = "all"


_WORKS: Final = {
    Process.WEB: "app.bootstrap.web:run_web",
    Process.WORKER: "app.bootstrap.worker:run_worker",
}


def run(
    process: Annotated[Process, typer.Argument(help="web, worker, or all of them together.")],
) -> None:
    """Run SharedBox until Ctrl-C or SIGTERM.

    Example: sharedbox migrate && sharedbox run all
    """
    given = settings()
    configure_logging(process=process, json=not sys.stderr.isatty(), level=given.log_level)
    if process is not Process.ALL:
        check_python()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_told_to_stop(_work_of(process), given))
    except SharedBoxError as error:
        explain(error)


def _work_of(process: Process) -> Work:
    """What a process does; its libraries are loaded in that process alone."""
    if process is Process.ALL:
        return _run_all
    work = resolve_name(_WORKS[process])
    set_aside()
    found: Work = partial(work, welcome=_welcome) if process is Process.WEB else work
    return found


def _welcome(link: str) -> None:
    """To the terminal or the journal, but not as a line of the log, which holds no secret."""
    errors.print("Nobody owns this SharedBox yet. Open this link to become its owner:")
    errors.print(f"  {link}", highlight=False, soft_wrap=True)


async def _until_told_to_stop(work: Work, given: Settings) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await work(given, stop)


async def _run_all(given: Settings, stop: asyncio.Event) -> None:
    """Web and worker as children; one that dies is started again."""
    async with open_database(given) as url:
        environment = {**os.environ, "SHAREDBOX_DATABASE_URL": conninfo(url)}
        if not given.database_url:
            errors.print(f"The database is in {given.data_dir.absolute()}.", highlight=False)
        async with asyncio.TaskGroup() as group:
            for process in (Process.WEB, Process.WORKER):
                group.create_task(keep_running(process, environment, stop))


def log_ending(process: Process, code: int) -> None:
    log.error("process.ended", process_name=process, code=code)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a child runs, what it writes to, who hears of its end, and how it is ended."""

    folder: Path | None = None
    output: IO[bytes] | None = None
    on_ending: Callable[[Process, int], None] = log_ending
    patience: float = _STOP_SECONDS
    """How many seconds it has to end in order."""


async def keep_running(
    process: Process,
    environment: dict[str, str],
    stop: asyncio.Event,
    surroundings: Surroundings | None = None,
) -> None:
    """Start a process, and start it again whenever it ends before `stop` is set."""
    around = surroundings or Surroundings()
    wait = 1.0
    while not stop.is_set():
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "run", process),
            env=environment,
            cwd=around.folder,
            stdout=around.output,
            stderr=around.output,
        )
        started = asyncio.get_running_loop().time()
        stopping = asyncio.create_task(stop.wait())
        ending = asyncio.create_task(child.wait())
        await asyncio.wait({stopping, ending}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if stop.is_set():
            await _end(child, around.patience)
            return
        around.on_ending(process, ending.result())
        if asyncio.get_running_loop().time() - started > _LONGEST_WAIT:
            wait = 1.0
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)
        wait = min(wait * 2, _LONGEST_WAIT)


async def _end(child: asyncio.subprocess.Process, patience: float) -> None:
    """Ask politely, then insist."""
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), patience)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
